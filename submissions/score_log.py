"""Promises in the log, at the moment of scoring, what nobody may see yet.

The log gets salted hashes of the told public score and of the private score: at the reveal the
salts are opened, and everybody sees that nobody touched the order (integrity.md §4.5).
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, Delivery
from palio.core import audit
from palio.core.log_entries import SALT_BYTES, salted_hash
from palio.scoring.card import Score, ScoreCard
from palio.submissions import models, release_lines
from palio.submissions.commitment_models import ScoreCommitment
from palio.submissions.private_models import PrivateSalt
from palio.submissions.release_models import ReleaseLine
from palio.submissions.version_contracts import VersionPair

KIND = "submissions.scored"


def note(
    session: Session,
    *,
    submission_id: str,
    card: ScoreCard,
    version: VersionPair,
    now: datetime,
) -> None:
    """Write one score of a submission into the log, in the transaction that keeps it."""
    row = session.get_one(models.Submission, submission_id)
    challenge = challenges.by_id(session, row.challenge_id)
    public = _told(session, submission_id, card, challenge, version)
    salts = [secrets.token_hex(SALT_BYTES) for _ in range(2)]
    event_hash = audit.append(
        session,
        kind=KIND,
        subject_id=submission_id,
        challenge_id=challenge.id,
        payload={
            "submission_id": submission_id,
            "team": row.sender_team_id or row.team_id or "",  # as the first receipt names it
            "canonical_sha256": _digest(row, card),
            "key_version": version.key_version,
            "metric_version": version.metric_version,
            "public_commit": salted_hash(salts[0], public),
            "private_commit": salted_hash(salts[1], in_words(card.private)),
        },
        now=now,
    )
    session.add(
        ScoreCommitment(
            submission_id=submission_id,
            key_version=version.key_version,
            metric_version=version.metric_version,
            public_salt=salts[0],
            public_text=public,
            event_hash=event_hash,
        )
    )
    session.add(
        PrivateSalt(
            submission_id=submission_id,
            key_version=version.key_version,
            metric_version=version.metric_version,
            salt=salts[1],
        )
    )
    session.flush()


def public_promises(
    session: Session, *, challenge_id: str, version: VersionPair
) -> dict[str, tuple[str, str]]:
    """Return what was told of each public score under a version, and the salt of its promise."""
    rows = session.execute(
        select(
            col(ScoreCommitment.submission_id),
            col(ScoreCommitment.public_text),
            col(ScoreCommitment.public_salt),
        )
        .join(models.Submission, col(models.Submission.id) == col(ScoreCommitment.submission_id))
        .where(
            col(models.Submission.challenge_id) == challenge_id,
            col(ScoreCommitment.key_version) == version.key_version,
            col(ScoreCommitment.metric_version) == version.metric_version,
        )
    )
    return {submission_id: (told, salt) for submission_id, told, salt in rows}


def _digest(row: models.Submission, card: ScoreCard) -> str:
    """Return the digest of predictions whose file the team has; a program's are hidden data.

    From the digest of few possible outputs a team would learn what its program saw.
    """
    is_known = row.delivery == Delivery.PREDICTIONS.value and card.trace is not None
    return card.trace.canonical_sha256 if is_known and card.trace else ""


def in_words(scores: Sequence[Score]) -> str:
    """Write rounded scores in the order of the metrics, with spaces between them."""
    return " ".join(str(score.rounded) for score in scores)


def _told(
    session: Session,
    submission_id: str,
    card: ScoreCard,
    challenge: Challenge,
    version: VersionPair,
) -> str:
    row = session.get_one(models.Submission, submission_id)
    if row.team_id is None or not release_lines.has_lines(challenge):
        return in_words(card.public)
    key = (submission_id, version.key_version, version.metric_version)
    line = session.get(ReleaseLine, key)
    return "" if line is None else line.shown
