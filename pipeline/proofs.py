"""What opens the log's promises after the reveal; nothing here answers before it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.submissions import private, score_log, versions
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


@dataclass(frozen=True, slots=True)
class Final:
    """What the final board was ranked from, and what opens the promises of it.

    Attributes:
        private_salts, public_salts: By submission id; a score older than promises has none, a
            public score that is told otherwise than it counts has none of the second.
        left_out: Why others that were scored are not among the entries, by submission id.

    """

    version: VersionPair
    entries: tuple[ScoredEntry, ...]
    private_salts: Mapping[str, str]
    public_salts: Mapping[str, str]
    left_out: Mapping[str, str]


def final(session: Session, *, challenge: Challenge) -> Final:
    """Return what the final board was ranked from; nothing before the reveal."""
    pair = versions.active_pair(session, challenge_id=challenge.id)
    if challenge.revealed_at is None:
        return Final(pair, (), {}, {}, {})
    entries = private.private_scored_entries(session, challenge_id=challenge.id)
    told = score_log.public_promises(session, challenge_id=challenge.id, version=pair)
    kept = {entry.submission_id for entry in entries}
    return Final(
        pair,
        entries,
        private.private_salts(session, challenge_id=challenge.id, version=pair),
        {
            entry.submission_id: told[entry.submission_id][1]
            for entry in entries
            if entry.submission_id in told
            and told[entry.submission_id][0] in (_words(entry), str(entry.public))
        },
        private.left_out(session, challenge_id=challenge.id, version=pair, kept=kept),
    )


def _words(entry: ScoredEntry) -> str:
    return " ".join(str(value) for _, value in entry.all_public)
