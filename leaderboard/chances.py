"""What chance could have done to the rows of the private board: asked for by the reveal.

Thousands of bootstrap scores take a second or two: `board_steps.settle` makes the board once
before its transaction, so that the transaction itself finds them made.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.core.derivation import derived_key
from palio.datasets import challenge_secrets
from palio.datasets import queries as datasets
from palio.leaderboard import chance_words, comparison, drawn_chances, making, ranking
from palio.leaderboard.comparison import SETS_FOR, Chances
from palio.leaderboard.contracts import Board, Certainty
from palio.leaderboard.ranking import Row
from palio.leaderboard.statistics import bootstrap
from palio.leaderboard.views import View
from palio.scoring.metrics.base import Metric
from palio.scoring.registry import METRICS
from palio.submissions import private, versions

COMPARED = 5_000  # with the first
KEPT = 4


def of_rows(
    session: Session, *, challenge: Challenge, view: View, rows: Sequence[Row]
) -> Certainty:
    """Return what is known of the ranked rows; the same each time.

    Nothing is where the board is ranked otherwise than by the first metric, by an own one, or
    where what it takes is not there; the words say which.
    """
    version = versions.active(session, challenge=challenge)
    reason = chance_words.why_none(challenge.plan, view, metric=version.metrics[0].name)
    key = datasets.answer_key(session, challenge_id=challenge.id, version=version.pair.key_version)
    secret = challenge_secrets.find(session, challenge_id=challenge.id)
    ranked = [row for row in rows if row.rank is not None]
    if reason or key is None or secret is None or not ranked:
        return Certainty({}, reason)
    metric = METRICS[version.metrics[0].name]
    if not metric.decomposes:
        return drawn_chances.of_rows(
            session, ranked, metric=metric, version=version.pair, data_rows=key.private_rows
        )
    of, ranked = len(ranked), ranked[:COMPARED]
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
    words = chance_words.of_sums(lines=min(len(found), SETS_FOR), draws=bootstrap.DRAWS, ranked=of)
    return Certainty(found, words)


def undrawn(session: Session, *, challenge: Challenge, now: datetime) -> tuple[str, ...]:
    """Return which submissions the private board still has to be compared by resamples of.

    Those of its first lines, best first; none where the metric needs no resamples.
    """
    version = versions.active(session, challenge=challenge)
    view = making.view_of(session, challenge=challenge, board=Board.PRIVATE, now=now)
    metric = version.metrics[0].name
    if chance_words.why_none(challenge.plan, view, metric=metric) or METRICS[metric].decomposes:
        return ()
    if challenge_secrets.find(session, challenge_id=challenge.id) is None:
        return ()
    entries = private.private_scored_entries(session, challenge_id=challenge.id)
    ranked = [row for row in ranking.rank(entries, view=view).rows if row.rank is not None]
    return drawn_chances.missing(session, ranked, version=version.pair)


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
    exact = np.array(
        [metric.finish(float(sums[each].sum(dtype=float)) / data_rows) for each in ids]
    )
    scores = bootstrap.resampled_scores(means, is_root=metric.is_root)
    return comparison.compared(ranked, exact, scores, metric=metric, of=len(ids))


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
