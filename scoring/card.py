"""The result of scoring one submission: exact floats kept, rounded decimals ranked."""

import math
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # ranking needs cards on machines without numpy
    import numpy as np
    from numpy.typing import NDArray

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


@dataclass(frozen=True, eq=False, slots=True)
class Trace:
    """What is kept of one submission beside its scores, about 22 kB; made by `traces.trace`.

    Attributes:
        public_sums, private_sums: float32 (min(2000, rows of the part),): sums of the ranking
            metric's per-row loss (gain where higher is better) over secret buckets of rows. None
            where the metric is no mean over rows, the part is empty, or a sum is too large.
        sketch: float32 (512,), linear in the predicted numbers; for labels and items linear
            in their one-hot form.
        sample: float32, predicted values of secret cells, at most 1024, all where there are
            fewer. Labels are their codes, items a number of 24 bits.
        canonical_sha256: Of the predicted values in the order of the ids, however the file
            wrote them.

    """

    public_sums: "NDArray[np.float32] | None"
    private_sums: "NDArray[np.float32] | None"
    sketch: "NDArray[np.float32]"
    sample: "NDArray[np.float32]"
    canonical_sha256: str


@dataclass(frozen=True, slots=True)
class ScoreCard:
    """Scores of one submission; the first metric ranks.

    The two parts are separate fields so that whoever stores them can keep them apart. `private`
    is empty where a metric has no finite value there: no place on the private board. `trace` is
    what comparisons with other submissions need; None where nobody asked for it.
    """

    public: tuple[Score, ...]
    private: tuple[Score, ...]
    trace: Trace | None = field(default=None, compare=False, repr=False)


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
