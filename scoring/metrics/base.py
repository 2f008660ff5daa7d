"""What a metric is: its name, direction, range, formula and the function itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from palio.scoring.form import TargetKind

Reals = NDArray[np.float64]
Codes = NDArray[np.int32]
ItemLists = Sequence[Sequence[str]]
Column = Reals | Codes | ItemLists
Parameter = float | int | str


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower_is_better"
    HIGHER = "higher_is_better"


class UndefinedMetricError(Exception):
    """The metric has no value for this input (one class only, constant truth, no rows)."""


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One keyword argument of a metric, with the values it takes."""

    name: str
    default: Parameter
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """One scoring rule.

    Attributes:
        name: Lower-case key, e.g. ``rmse``.
        title: As people write it, e.g. ``RMSE``.
        direction: Which way is better.
        minimum, maximum: Range of the value; ±inf where unbounded.
        truth_kind: Kind of each answer column.
        prediction_kind: Kind of each predicted column.
        columns: ``"one"`` target column, or ``"many"`` (one or more; for class probabilities
            the columns are the classes in the declared order and the truth is one LABEL column).
        decomposes: True when the score is a function of the mean of per-row losses.
        formula: In plain text.
        source: Where the definition is published.
        degenerate: What constant or empty input gives.
        score: ``score(truth, prediction, **parameters) -> float``. `truth` and `prediction` are
            tuples of columns of equal length n: float64 arrays of shape (n,) for REAL and
            INTEGER, int32 codes of shape (n,) for LABEL, n sequences of item names for ITEMS.
            Raises `UndefinedMetricError` rather than return a non-finite value.
        parameters: Keyword arguments accepted.

    """

    name: str
    title: str
    direction: Direction
    minimum: float
    maximum: float
    truth_kind: TargetKind
    prediction_kind: TargetKind
    columns: str
    decomposes: bool
    formula: str
    source: str
    degenerate: str
    score: Callable[..., float]
    parameters: tuple[ParameterSpec, ...] = ()
