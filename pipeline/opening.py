"""Opens what was promised of the answers, after the reveal and never before it."""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit
from palio.core.errors import ConflictError, NotFoundError
from palio.datasets import challenge_secrets, commitments
from palio.datasets import queries as datasets
from palio.datasets.contracts import AnswerKeyRef
from palio.pipeline import rules
from palio.scoring.key import AnswerKey
from palio.submissions import versions

KIND = "challenges.open_answers"
NO_PROMISE = "This challenge was launched before answers were promised."


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
    open_key: Callable[[AnswerKeyRef], AnswerKey],
    now: datetime,
) -> int:
    """Write the answers that count with what opens their promise, and say so in the log.

    Args:
        session: The caller's.
        slug: Of the challenge.
        row_id: The one row to open; empty = all.
        target: Written; `palio verify board --answers` takes it.
        open_key: Reads the answers where they lie.
        now: The database's time.

    Returns:
        How many rows were opened.

    Raises:
        NotOpenableError: See `check_openable`; or of a challenge older than promises.
        RowNotFoundError: There is no such row.

    """
    challenge = challenges.by_slug(session, slug)
    check_openable(challenge)
    version = versions.active_pair(session, challenge_id=challenge.id).key_version
    ref, secret = promised(session, challenge, key_version=version)
    found = lines(open_key(ref), secret, row_id=row_id, key_version=version)
    rows, sha256 = write(target, found)
    note(session, challenge=challenge, rows=rows, sha256=sha256, key_version=version, now=now)
    return rows


def check_openable(challenge: Challenge) -> None:
    """Raise `NotOpenableError` before the reveal, and while the challenge may open again."""
    if challenge.revealed_at is None:
        raise NotOpenableError("Answers are opened after the reveal of the private board.")
    if not rules.may_open_answers(challenge):
        raise NotOpenableError(
            "The challenge may open again when nobody verifies. Open the answers once the "
            "awards are decided."
        )


def promised(
    session: Session, challenge: Challenge, *, key_version: int
) -> tuple[AnswerKeyRef, bytes]:
    """Return the answers and the secret that their promise was made with."""
    ref = datasets.answer_key(session, challenge_id=challenge.id, version=key_version)
    secret = challenge_secrets.find(session, challenge_id=challenge.id)
    if ref is None or secret is None:
        raise NotOpenableError(NO_PROMISE)
    return ref, secret


def lines(key: AnswerKey, secret: bytes, *, row_id: str, key_version: int) -> Iterable[str]:
    """Return what a file of opened answers says, line by line; raises `RowNotFoundError`."""
    if not row_id:
        return commitments.open_all(key, secret=secret, key_version=key_version)
    row = commitments.open_row(key, row_id, secret=secret, key_version=key_version)
    if row is None:
        raise RowNotFoundError(f"The answers have no row {row_id!r}.")
    document = {
        "index": row.index,
        "fields": row.fields,
        "salt": row.salt,
        "proof": row.proof,
    }
    return (json.dumps(document),)


def write(target: Path, found: Iterable[str]) -> tuple[int, str]:
    """Write the lines; return how many, and the SHA-256 of the file."""
    digest, count = hashlib.sha256(), 0
    with target.open("w", encoding="utf-8", newline="\n") as file:
        for line in found:
            file.write(f"{line}\n")
            digest.update(f"{line}\n".encode())
            count += 1
    return count, digest.hexdigest()


def note(
    session: Session,
    *,
    challenge: Challenge,
    rows: int,
    sha256: str,
    key_version: int,
    now: datetime,
) -> None:
    """Say in the log which answers were opened; nobody is named, so that everybody may read it."""
    audit.append(
        session,
        kind=KIND,
        subject_id=challenge.id,
        challenge_id=challenge.id,
        payload={"rows": rows, "sha256": sha256, "key_version": key_version},
        now=now,
    )
