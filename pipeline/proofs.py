"""What opens the log's promises after the reveal; nothing here answers before it."""

from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.submissions import private, versions
from palio.submissions.contracts import OpenedScore


def opened_score(
    session: Session, *, challenge: Challenge, submission_id: str
) -> OpenedScore | None:
    """Return a submission's private score with its salt; None before the reveal."""
    if challenge.revealed_at is None:
        return None
    pair = versions.active_pair(session, challenge_id=challenge.id)
    return private.opened(session, submission_id=submission_id, version=pair)
