"""The one reader of private scores; only `leaderboard.service.reveal` may import it."""

from dataclasses import replace

from sqlmodel import Session, col

from palio.submissions import models, queries
from palio.submissions.contracts import ScoredEntry
from palio.submissions.private_models import PrivateScore


def private_scored_entries(session: Session, *, challenge_id: str) -> tuple[ScoredEntry, ...]:
    """Return every submission with a private score and its newest ones, in order of receipt."""
    is_wanted = col(models.Submission.challenge_id) == challenge_id
    scores = queries.newest_scores(session, PrivateScore, is_wanted)
    return tuple(
        replace(
            entry,
            rounded=scores[entry.submission_id][0].rounded,
            all_rounded=queries.pairs(scores[entry.submission_id]),
        )
        for entry in queries.scored_entries(session, challenge_id=challenge_id)
        if entry.submission_id in scores  # no finite private score, no rank
    )
