"""What chance could have done to the rows of the private board: asked for by the reveal.

Thousands of bootstrap scores take a second or two: `board_steps.settle` makes the board once
before its transaction, so that the transaction itself finds them made.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from palio.challenges.board_contracts import ColumnKind
from palio.challenges.contracts import Challenge
from palio.core.derivation import derived_key
from palio.datasets import challenge_secrets
from palio.datasets import queries as datasets
from palio.leaderboard.contracts import Chance
from palio.leaderboard.ranking import Row
from palio.leaderboard.statistics import bootstrap, rank_sets, ties
from palio.leaderboard.views import View
from palio.scoring.direction import Direction
from palio.scoring.metrics.base import Metric
from palio.scoring.registry import METRICS
from palio.submissions import private, versions

COMPARED = 5_000  # with the first
SETS_FOR = 200  # rank intervals: their cost grows with the square
KEPT = 4

Chances = Mapping[str, Chance]


def of_rows(session: Session, *, challenge: Challenge, view: View, rows: Sequence[Row]) -> Chances:
    """Return by submission id what is known of the ranked rows; the same each time.

    Nothing where the board is ranked otherwise than by the first metric, or where that metric is
    no mean over rows: then no sums are kept.
    """
    ranked = [row for row in rows if row.rank is not None][:COMPARED]
    version = versions.active(session, challenge=challenge)
    metric = METRICS.get(version.metrics[0].name) if challenge.plan.own_metric is None else None
    column = view.column(view.order[0])
    is_first = column.kind is ColumnKind.METRIC and column.of == (version.metrics[0].name,)
    key = datasets.answer_key(session, challenge_id=challenge.id, version=version.pair.key_version)
    secret = challenge_secrets.find(session, challenge_id=challenge.id)
    if metric is None or not metric.decomposes or not is_first or key is None or secret is None:
        return {}
    name = _name(challenge.id, str(version.pair), ranked)
    found = _kept.get(name)
    if found is None:
        sums = private.private_traces(
            session,
            submission_ids=[row.entry.submission_id for row in ranked],
            key_version=version.pair.key_version,
            metric_version=version.pair.metric_version,
        )
        seed = int.from_bytes(derived_key(secret, purpose="bootstrap")[:8])
        found = measured(ranked, sums, metric=metric, data_rows=key.private_rows, seed=seed)
        _kept.put(name, found)
    return found


def measured(
    ranked: Sequence[Row],
    sums: Mapping[str, NDArray[np.float32]],
    *,
    metric: Metric,
    data_rows: int,
    seed: int,
) -> Chances:
    """Compare ranked rows by the bucket sums of their submissions.

    Args:
        ranked: Best first.
        sums: By submission id; with one missing nothing is known of anybody.
        metric: That ranks.
        data_rows: Private rows of the answers.
        seed: Of the resamples.

    """
    ids = [row.entry.submission_id for row in ranked]
    if not ids or any(each not in sums for each in ids):
        return {}
    means = bootstrap.resampled_means(
        np.stack([sums[each] for each in ids]), rows=data_rows, seed=seed
    )
    scores = bootstrap.resampled_scores(means, is_root=metric.is_root)
    is_lower_better = metric.direction is Direction.LOWER
    tied = ties.are_tied(ties.bayes_factors(scores, first=0, is_lower_better=is_lower_better))
    exact = np.array(
        [metric.finish(float(sums[each].sum(dtype=float)) / data_rows) for each in ids]
    )
    sign = -1.0 if is_lower_better else 1.0
    few = slice(0, SETS_FOR)
    sets = rank_sets.rank_sets(
        sign * exact[few],
        sign * (scores[:, few] - scores[:, few].mean(axis=0)),
        errors=bootstrap.difference_errors(scores[:, few]),
    )
    return {
        row.entry.submission_id: _chance(row, place, sets, is_tied=bool(tied[place]), of=len(ids))
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


def _name(challenge_id: str, version: str, ranked: Sequence[Row]) -> str:
    text = [challenge_id, version, *(f"{row.rank}:{row.entry.submission_id}" for row in ranked)]
    return hashlib.sha256("\n".join(text).encode()).hexdigest()


class _Kept:
    """The last results of this process; everything they follow from is in the name."""

    def __init__(self) -> None:
        self._found: OrderedDict[str, Chances] = OrderedDict()
        self._lock = Lock()

    def get(self, name: str) -> Chances | None:
        with self._lock:
            return self._found.get(name)

    def put(self, name: str, chances: Chances) -> None:
        with self._lock:
            self._found[name] = chances
            if len(self._found) > KEPT:
                self._found.popitem(last=False)


_kept = _Kept()
