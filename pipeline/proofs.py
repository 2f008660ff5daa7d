"""What opens the log's promises after the reveal; nothing here answers before it."""

from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.submissions import private, versions
from palio.submissions.contracts import OpenedScore, ScoredEntry
from palio.submissions.version_contracts import VersionPair


def opened_score(
    session: Session, *, challenge: Challenge, submission_id: str
) -> OpenedScore | None:
    """Return a submission's private score with its salt; None before the reveal."""
    if challenge.revealed_at is None:
        return None
    pair = versions.active_pair(session, challenge_id=challenge.id)
    return private.opened(session, submission_id=submission_id, version=pair)


def final_entries(
    session: Session, *, challenge: Challenge
) -> tuple[VersionPair, tuple[tuple[ScoredEntry, str], ...]]:
    """Return what the final board was ranked from, each entry with the salt of its promise.

    Nothing before the reveal. A score older than promises has an empty salt.
    """
    pair = versions.active_pair(session, challenge_id=challenge.id)
    if challenge.revealed_at is None:
        return pair, ()
    salts = private.private_salts(session, challenge_id=challenge.id, version=pair)
    entries = private.private_scored_entries(session, challenge_id=challenge.id)
    return pair, tuple((entry, salts.get(entry.submission_id, "")) for entry in entries)
