"""Scores anew on resampled private rows, for metrics that no sums of rows give (integrity.md §2.9).

Which rows a draw holds follows from the challenge's secret and the draw's number alone: all
submissions are scored on the same rows, whenever and wherever each of them is.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from palio.core.derivation import derived_key
from palio.scoring.card import MetricChoice
from palio.scoring.columns import Predictions
from palio.scoring.engine import in_slots
from palio.scoring.key import AnswerKey
from palio.scoring.metrics.base import Column, UndefinedMetricError
from palio.scoring.registry import METRICS

LINES = 50  # of a board, for which there is work
DRAWS_LEAST = 200
DRAWS_MOST = 1000
CELLS = 100_000_000  # predicted values scored for a whole board: a minute for an AUC
ROWS_LEAST = 500  # in one draw, however many columns there are

Reals = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is resampled.

    Attributes:
        rows: In one draw, drawn with replacement.
        draws: How often.

    """

    rows: int
    draws: int


@dataclass(frozen=True, eq=False, slots=True)
class Resampled:
    """One submission's exact score, and its scores on resamples.

    Attributes:
        exact: On all private rows.
        rows: In one resample.
        scores: float64 (draws,), spread as resamples of all rows are; NaN where the metric has no
            value.

    """

    exact: float
    rows: int
    scores: Reals


def effort(*, rows: int, columns: int) -> Effort:
    """Choose rows and draws so that a board of `LINES` lines costs about `CELLS` at most.

    All rows are drawn where that allows `DRAWS_LEAST` draws, and the draws are more where it
    allows more; else each draw has fewer rows.

    Args:
        rows: Private ones.
        columns: Predicted ones.

    """
    each = CELLS // (LINES * max(columns, 1))  # rows of all draws of one line
    drawn = min(rows, max(each // DRAWS_LEAST, ROWS_LEAST))
    return Effort(drawn, min(DRAWS_MOST, max(DRAWS_LEAST, each // max(drawn, 1))))


def drawn_rows(secret: bytes, *, draw: int, rows: int, of: int) -> NDArray[np.int64]:
    """Give the rows of one draw, int64 (rows,), each of 0..of - 1 equally likely.

    Args:
        secret: Of the challenge.
        draw: 0, 1, 2 …
        rows: How many are drawn, with replacement.
        of: How many there are.

    """
    key = int.from_bytes(derived_key(secret, purpose="resamples")[:16], "little")
    # Unlike a Generator's, these bits are frozen for ever: draws of years are compared.
    bits = np.random.Philox(key=key, counter=[0, 0, 0, draw]).random_raw(rows)
    return (bits % np.uint64(of)).astype(np.int64)


def resampled(
    *, key: AnswerKey, predictions: Predictions, choice: MetricChoice, secret: bytes
) -> Resampled:
    """Score predictions on the private part, whole and resampled.

    With m of n rows in a draw, deviations from the exact score are shrunk by sqrt(m / n): the
    m out of n bootstrap (Bickel, Götze, van Zwet, Statistica Sinica 7, 1997). With m = n they
    stay as they are.

    Raises:
        UndefinedMetricError: No value on the whole private part.

    """
    part = slice(key.public_rows, key.public_rows + key.private_rows)
    truth = tuple(column[part] for column in key.truth)
    predicted = tuple(column[part] for column in in_slots(key, predictions))
    metric, parameters = METRICS[choice.name], dict(choice.parameters)
    exact = metric.score(truth, predicted, **parameters)
    chosen = effort(rows=key.private_rows, columns=len(predicted))
    scores = np.empty(chosen.draws)
    for draw in range(chosen.draws):
        rows = drawn_rows(secret, draw=draw, rows=chosen.rows, of=key.private_rows)
        try:
            scores[draw] = metric.score(_taken(truth, rows), _taken(predicted, rows), **parameters)
        except UndefinedMetricError:
            scores[draw] = np.nan
    if chosen.rows < key.private_rows:
        scores = exact + (scores - exact) * math.sqrt(chosen.rows / key.private_rows)
    return Resampled(exact, chosen.rows, scores)


def _taken(columns: tuple[Column, ...], rows: NDArray[np.int64]) -> tuple[Column, ...]:
    return tuple(
        column[rows] if isinstance(column, np.ndarray) else [column[row] for row in rows.tolist()]
        for column in columns
    )
