"""Rank intervals by scores on resampled rows, for metrics that are no mean over rows."""

from collections.abc import Sequence

import numpy as np
from sqlmodel import Session

from palio.leaderboard import chance_words, comparison
from palio.leaderboard.contracts import Certainty
from palio.leaderboard.ranking import Row
from palio.scoring import resampling
from palio.scoring.metrics.base import Metric
from palio.submissions import draws
from palio.submissions.version_contracts import VersionPair

SHARE_LEAST = 0.5  # of the resamples on which the metric has a value


def missing(session: Session, ranked: Sequence[Row], *, version: VersionPair) -> tuple[str, ...]:
    """Return the submissions among the first lines for which nothing is kept, best first."""
    ids = [row.entry.submission_id for row in ranked[: resampling.LINES]]
    found = draws.kept(session, submission_ids=ids, version=version)
    return tuple(each for each in ids if each not in found)


def of_rows(
    session: Session,
    ranked: Sequence[Row],
    *,
    metric: Metric,
    version: VersionPair,
    data_rows: int,
) -> Certainty:
    """Compare the first lines, down to the first one for which nothing was worked out.

    Resamples on which the metric has no value for one of them (an AUC of one class alone) count
    for none.

    Args:
        session: Reads what was worked out before.
        ranked: Best first.
        metric: That ranks.
        version: By which the scores were made.
        data_rows: Private rows of the answers.

    """
    ids = [row.entry.submission_id for row in ranked[: resampling.LINES]]
    kept = draws.kept(session, submission_ids=ids, version=version)
    known = next((place for place, each in enumerate(ids) if each not in kept), len(ids))
    if known == 0:
        return Certainty({}, chance_words.NOT_WORKED_OUT)
    found = [kept[each] for each in ids[:known]]
    scores = np.stack([each.scores for each in found], axis=1)
    usable = scores[np.isfinite(scores).all(axis=1)]
    if len(usable) < SHARE_LEAST * len(scores):
        return Certainty({}, chance_words.UNDEFINED)
    exact = np.array([each.exact for each in found])
    chances = comparison.compared(ranked[:known], exact, usable, metric=metric, of=len(ranked))
    return Certainty(
        chances,
        chance_words.of_draws(
            lines=known,
            ranked=len(ranked),
            draws=len(usable),
            rows=found[0].rows,
            data_rows=data_rows,
        ),
    )
