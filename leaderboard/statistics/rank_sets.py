"""Which ranks a score could truly have: stepdown confidence sets.

Mogstad, Romano, Shaikh, Wilhelm, Inference for Ranks …, Review of Economic Studies 91, 2024.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
_PAIRS_AT_ONCE = 8_000_000  # numbers held while the largest of each draw is looked for


@dataclass(frozen=True, eq=False, slots=True)
class RankSets:
    """Lowest and highest rank of each, 1 = best; int64 (n,)."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]


def rank_sets(estimates: Reals, noise: Reals, *, errors: Reals, level: float = 0.95) -> RankSets:
    """Return sets that hold all true ranks at once with probability `level`.

    Args:
        estimates: (n,), higher is better.
        noise: (draws, n), deviations of the estimates under chance alone.
        errors: (n, n), standard errors of the differences.
        level: Of the confidence.

    """
    count = len(estimates)
    firsts, seconds = np.nonzero(~np.eye(count, dtype=bool))
    better = significant_pairs(
        estimates, noise, errors=errors, pairs=(firsts, seconds), level=level
    )
    return sets_of(better)


def significant_pairs(
    estimates: Reals,
    noise: Reals,
    *,
    errors: Reals,
    pairs: tuple[NDArray[np.intp], NDArray[np.intp]],
    level: float,
) -> NDArray[np.bool_]:
    """Return who is better than whom beyond chance, (n, n), among the ordered pairs given.

    Stepdown: pairs found in one round leave the family, and the others are judged anew by a
    smaller critical value, until a round finds nothing.
    """
    better = np.zeros(errors.shape, dtype=bool)
    firsts, seconds = pairs
    differ = errors[firsts, seconds] > 0
    firsts, seconds = firsts[differ], seconds[differ]
    while len(firsts):
        scale = errors[firsts, seconds]
        critical = np.quantile(_largest(noise, firsts, seconds, scale), level)
        found = (estimates[firsts] - estimates[seconds]) / scale > critical
        if not found.any():
            break
        better[firsts[found], seconds[found]] = True
        firsts, seconds = firsts[~found], seconds[~found]
    return better


def _largest(
    noise: Reals, firsts: NDArray[np.intp], seconds: NDArray[np.intp], scale: Reals
) -> Reals:
    """Return the largest standardised difference of each draw."""
    inverse = (1 / scale).astype(np.float32)
    small = np.ascontiguousarray(noise.T, dtype=np.float32)
    found = np.full(noise.shape[0], -np.inf, dtype=np.float32)
    step = max(1, _PAIRS_AT_ONCE // noise.shape[0])
    for start in range(0, len(firsts), step):
        part = slice(start, start + step)
        differences = small[firsts[part]]
        differences -= small[seconds[part]]
        differences *= inverse[part, None]
        np.maximum(found, differences.max(axis=0), out=found)
    return found.astype(np.float64)


def sets_of(better: NDArray[np.bool_]) -> RankSets:
    """Return the sets that follow from who is better than whom."""
    return RankSets(low=1 + better.sum(axis=0), high=len(better) - better.sum(axis=1))
