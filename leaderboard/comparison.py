"""From scores on the same resamples to rank intervals and ties: numbers in, numbers out."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from palio.leaderboard.contracts import Chance
from palio.leaderboard.ranking import Row
from palio.leaderboard.statistics import bootstrap, rank_sets, ties
from palio.scoring.direction import Direction
from palio.scoring.metrics.base import Metric

SETS_FOR = 200  # rank intervals: their cost grows with the square

Chances = Mapping[str, Chance]
Reals = NDArray[np.float64]


def compared(
    ranked: Sequence[Row], exact: Reals, scores: Reals, *, metric: Metric, of: int
) -> Chances:
    """Compare rows by their scores on resamples; the result is by submission id.

    Args:
        ranked: Best first, n of them.
        exact: (n,), on all rows.
        scores: (draws, n), paired.
        metric: That ranks.
        of: How many ranked rows there are, compared or not.

    """
    is_lower_better = metric.direction is Direction.LOWER
    tied = ties.are_tied(ties.bayes_factors(scores, first=0, is_lower_better=is_lower_better))
    sign = -1.0 if is_lower_better else 1.0
    few = slice(0, SETS_FOR)
    sets = rank_sets.rank_sets(
        sign * exact[few],
        sign * (scores[:, few] - scores[:, few].mean(axis=0)),
        errors=bootstrap.difference_errors(scores[:, few]),
    )
    return {
        row.entry.submission_id: _chance(row, place, sets, is_tied=bool(tied[place]), of=of)
        for place, row in enumerate(ranked)
    }


def _chance(row: Row, place: int, sets: rank_sets.RankSets, *, is_tied: bool, of: int) -> Chance:
    """Never leave the rank that is shown out of its interval: rounding may have moved it."""
    if place >= len(sets.low) or row.rank is None:
        return Chance(is_tied_with_first=is_tied)
    low, high = int(sets.low[place]), int(sets.high[place])
    if high == len(sets.low):  # nobody compared is surely worse: all the others may be better
        high = of
    return Chance(min(low, row.rank), max(high, row.rank), is_tied)
