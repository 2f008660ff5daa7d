"""What a metric is: its name, direction, range, formula and the function itself."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics import sums

Reals = NDArray[np.float64]
Codes = NDArray[np.int32]
ItemLists = Sequence[Sequence[str]]
Column = Reals | Codes | ItemLists
Parameter = float | int | str


class Columns(StrEnum):
    """How many columns a metric compares."""

    ONE = "one"  # one answer column, one predicted column
    MANY = "many"  # one or more answer columns, each with its predicted column
    CLASSES = "classes"  # one LABEL answer column, a predicted column for each label, in order


class UndefinedMetricError(Exception):
    """The metric has no value for this input (one class only, constant truth, no rows).

    The text may speak of the hidden answers: show it to organizers only.
    """


@dataclass(frozen=True, slots=True)
class ParameterSpec:
    """One keyword argument of a metric, with the values it takes.

    The type of `default` is the type of the parameter: whole number, number or one of `choices`.
    """

    name: str
    default: Parameter
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Domain:
    """Predicted values for which a metric is defined: an interval; None = no limit."""

    minimum: float
    maximum: float | None = None
    is_minimum_allowed: bool = True

    def __str__(self) -> str:
        """Say it in words: ``from 0 to 1``, ``above 0``."""
        if self.maximum is not None:
            return f"from {self.minimum:g} to {self.maximum:g}"
        return f"{'of at least' if self.is_minimum_allowed else 'above'} {self.minimum:g}"

    def holds(self, minimum: float | None, maximum: float | None) -> bool:
        """Say whether a column with these inclusive limits (None = no limit) lies inside."""
        if minimum is None or minimum < self.minimum:
            return False
        if minimum == self.minimum and not self.is_minimum_allowed:
            return False
        return self.maximum is None or (maximum is not None and maximum <= self.maximum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One scoring rule, given either row by row (`losses`) or as a whole (`rule`).

    Columns come as tuples of equal length n: float64 arrays of shape (n,) for REAL and INTEGER,
    int32 codes of shape (n,) for LABEL (index in the declared labels), n sequences of item names
    for ITEMS. Functions never change their input.

    Attributes:
        name: Lower-case key, e.g. ``rmse``.
        title: As people write it, e.g. ``RMSE``.
        direction: Which way is better.
        minimum, maximum: Range of the value; ±inf where unbounded.
        truth_kind: Kind of each answer column; REAL takes INTEGER too.
        prediction_kind: Kind of each predicted column; REAL takes INTEGER too.
        columns: How many columns are compared.
        is_binary: The labels must be exactly two; the second one (code 1) is the positive class.
        domain: Predicted values for which the metric is defined; None = all finite ones.
        formula: In plain text.
        source: Where the definition is published.
        degenerate: What constant or empty input gives.
        parameters: Keyword arguments accepted.
        losses: ``losses(truth, prediction, **parameters)`` -> float64 array of shape (n,), one
            value for each row (a gain where higher is better), such that the score is
            ``finish(mean(losses))``. None when the metric does not decompose. Needs every
            parameter by name, see `settled`.
        finish: Identity, or the square root.
        rule: ``rule(truth, prediction, **parameters) -> float`` where `losses` is None.

    """

    name: str
    title: str
    direction: Direction
    minimum: float
    maximum: float
    truth_kind: TargetKind
    prediction_kind: TargetKind
    formula: str
    source: str
    degenerate: str
    columns: Columns = Columns.ONE
    is_binary: bool = False
    domain: Domain | None = None
    parameters: tuple[ParameterSpec, ...] = ()
    losses: Callable[..., Reals] | None = None
    finish: Callable[[float], float] = float
    rule: Callable[..., float] | None = None

    def __post_init__(self) -> None:
        """Refuse a metric with no rule, or with two.

        Raises:
            ValueError: Not exactly one of `losses` and `rule` is given.

        """
        if (self.losses is None) == (self.rule is None):
            raise ValueError(f"{self.name}: give either losses or rule")

    @property
    def decomposes(self) -> bool:
        """True when the score is `finish` of the mean of per-row losses."""
        return self.losses is not None

    @property
    def is_root(self) -> bool:
        """True when the score is the root of the mean of per-row losses."""
        return self.finish is math.sqrt

    def settled(self, parameters: dict[str, Parameter]) -> dict[str, Parameter]:
        """Fill in the defaults of the parameters not given."""
        return {spec.name: spec.default for spec in self.parameters} | parameters

    def score(
        self, truth: tuple[Column, ...], prediction: tuple[Column, ...], **parameters: Parameter
    ) -> float:
        """Compare `prediction` with `truth`.

        Raises:
            UndefinedMetricError: No rows, or no finite value for this input.
            ValueError: The columns differ in length, or a label has no predicted column.

        """
        rows = len(truth[0]) if truth else 0
        if any(len(column) != rows for column in (*truth, *prediction)):
            raise ValueError("all columns must have the same number of rows")
        if rows == 0:
            raise UndefinedMetricError(f"{self.name} has no value without rows.")
        if self.columns is Columns.CLASSES and int(np.max(truth[0])) >= len(prediction):
            raise ValueError("there must be a predicted column for each label")
        with np.errstate(all="ignore"):
            value = self._value(rows, truth, prediction, self.settled(parameters))
        if not math.isfinite(value):
            raise UndefinedMetricError(f"{self.name} has no finite value for these numbers.")
        return float(value)

    def _value(
        self,
        rows: int,
        truth: tuple[Column, ...],
        prediction: tuple[Column, ...],
        parameters: dict[str, Parameter],
    ) -> float:
        losses = self.losses
        if losses is None:
            return self.rule(truth, prediction, **parameters) if self.rule else math.nan
        total = sums.total(
            rows,
            lambda block: losses(
                tuple(column[block] for column in truth),
                tuple(column[block] for column in prediction),
                **parameters,
            ),
        )
        return self.finish(total / rows)
