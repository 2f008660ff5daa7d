"""Opens what was promised of the answers, after the reveal and never before it."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit
from palio.core.errors import ConflictError, NotFoundError
from palio.core.storage import Storage
from palio.datasets import challenge_secrets, commitments, seal
from palio.datasets import queries as datasets

KIND = "challenges.open_answers"


class NotOpenableError(ConflictError):
    """The answers are still secret, or nothing was promised of them."""

    code = "answers_not_openable"


class RowNotFoundError(NotFoundError):
    """The answers have no such row."""

    code = "row_not_found"


def open_answers(
    session: Session,
    *,
    slug: str,
    row_id: str,
    target: Path,
    blobs: Storage,
    sealed: Storage,
    by: str,
    now: datetime,
) -> int:
    """Write answers with what opens their promise, and say so in the log.

    Args:
        session: The caller's.
        slug: Of the challenge.
        row_id: The one row to open; empty = all.
        target: Written; `palio verify board --answers` takes it.
        blobs: Has the ids.
        sealed: Has the answers.
        by: Person id, or "system".
        now: The database's time.

    Returns:
        How many rows were opened.

    Raises:
        NotOpenableError: Before the reveal, or of a challenge older than promises.
        RowNotFoundError: There is no such row.

    """
    challenge = challenges.by_slug(session, slug)
    if challenge.revealed_at is None:
        raise NotOpenableError("Answers are opened after the reveal of the private board.")
    lines = _lines(session, challenge, row_id, blobs=blobs, sealed=sealed)
    digest, count = hashlib.sha256(), 0
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(f"{line}\n")
            digest.update(f"{line}\n".encode())
            count += 1
    audit.record(
        session,
        actor_id=by,
        action=KIND,
        subject_id=challenge.id,
        challenge_id=challenge.id,
        detail={"rows": count, "sha256": digest.hexdigest()},
        now=now,
    )
    return count


def _lines(
    session: Session, challenge: Challenge, row_id: str, *, blobs: Storage, sealed: Storage
) -> Iterable[str]:
    ref = datasets.answer_key(session, challenge_id=challenge.id)
    secret = challenge_secrets.find(session, challenge_id=challenge.id)
    if ref is None or secret is None:
        raise NotOpenableError("This challenge was launched before answers were promised.")
    key = seal.open_key(ids_storage=blobs, sealed_storage=sealed, key=ref)
    if not row_id:
        return commitments.open_all(key, secret=secret, key_version=ref.version)
    row = commitments.open_row(key, row_id, secret=secret, key_version=ref.version)
    if row is None:
        raise RowNotFoundError(f"The answers have no row {row_id!r}.")
    document = {
        "index": row.index,
        "fields": row.fields,
        "salt": row.salt,
        "proof": row.proof,
    }
    return (json.dumps(document),)
