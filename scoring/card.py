"""The result of scoring one submission: exact floats kept, rounded decimals ranked."""

import math
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal

_WIDE = Context(prec=400)  # the largest double has 309 digits before the point


class NonFiniteScoreError(Exception):
    """A metric gave NaN or an infinity: a failed run, never a rank.

    Attributes:
        metric: Name of the metric. The split and the value stay untold: they would speak
            of hidden answers.

    """

    def __init__(self, metric: str) -> None:
        super().__init__(f"The metric {metric} has no finite value for these predictions.")
        self.metric = metric


@dataclass(frozen=True, slots=True)
class MetricChoice:
    """One metric of a challenge, with its parameters.

    Attributes:
        name: Key of `registry.METRICS`.
        parameters: Keyword arguments of the metric, sorted pairs so that the value hashes.
        digits: Decimal places of the published score.

    """

    name: str
    parameters: tuple[tuple[str, float | int | str], ...] = field(default=())
    digits: int = 4


@dataclass(frozen=True, slots=True)
class Score:
    """One metric's value on one part of the holdout."""

    metric: str
    exact: float
    rounded: Decimal


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """Scores of one submission; the first metric ranks.

    The two parts are separate fields so that whoever stores them can keep them apart. `private`
    is empty where a metric has no finite value there: no place on the private board.
    """

    public: tuple[Score, ...]
    private: tuple[Score, ...]


def round_score(value: float, *, digits: int) -> Decimal:
    """Round to `digits` decimal places, half to even, on the shortest decimal of the float.

    Half-even on the decimal, not on the binary value, is what the published Netflix lines
    follow: 0.9 x 0.9525 = 0.85725 -> 0.8572. Minus zero becomes zero.

    Raises:
        ValueError: `value` is not finite.

    """
    if not math.isfinite(value):
        raise ValueError("only finite scores are rounded")
    step = Decimal(1).scaleb(-digits)
    rounded = Decimal(repr(float(value))).quantize(step, ROUND_HALF_EVEN, _WIDE)
    return abs(rounded) if rounded == 0 else rounded
