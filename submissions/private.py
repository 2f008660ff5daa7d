"""The one reader of private scores; only `leaderboard.service.reveal` may import it."""

from dataclasses import replace
from decimal import Decimal

from sqlmodel import Session, col, select

from palio.submissions import models, queries
from palio.submissions.contracts import ScoredEntry
from palio.submissions.private_models import PrivateScore


def private_scored_entries(session: Session, *, challenge_id: str) -> tuple[ScoredEntry, ...]:
    """Return every scored submission with its newest private scores, in order of receipt."""
    scores = _private_scores(session, challenge_id=challenge_id)
    return tuple(
        replace(
            entry,
            rounded=scores[entry.submission_id][0][1],
            all_rounded=scores[entry.submission_id],
        )
        for entry in queries.scored_entries(session, challenge_id=challenge_id)
    )


def _private_scores(
    session: Session, *, challenge_id: str
) -> dict[str, tuple[tuple[str, Decimal], ...]]:
    oldest_first = session.exec(
        select(PrivateScore)
        .join(models.Submission, col(models.Submission.id) == PrivateScore.submission_id)
        .where(models.Submission.challenge_id == challenge_id)
        .order_by(
            col(PrivateScore.key_version),
            col(PrivateScore.metric_version),
            col(PrivateScore.position),
        )
    )
    newest: dict[str, tuple[tuple[int, int], list[tuple[str, Decimal]]]] = {}
    for row in oldest_first:
        version = (row.key_version, row.metric_version)
        if newest.get(row.submission_id, (None,))[0] != version:
            newest[row.submission_id] = (version, [])
        newest[row.submission_id][1].append((row.metric, Decimal(row.rounded)))
    return {submission_id: tuple(scores) for submission_id, (_, scores) in newest.items()}
