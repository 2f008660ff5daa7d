"""Signed statements of how long the log is: made by the sweep and on demand, kept for ever."""

import contextlib
import os
import tempfile
from datetime import datetime
from pathlib import Path

from sqlalchemy import func
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col, select

from palio.core import audit, db, log
from palio.core.errors import AppError
from palio.core.log_models import LogCheckpoint, LogKey
from palio.core.notes import Checkpoint, NoteError, Signer


class SigningKeyError(AppError):
    """The key of this machine is not the log's."""

    code = "wrong_signing_key"
    status = 500


def load_or_make_key(path: Path, *, name: str) -> Signer:
    """Return the key in the file, made at the first call; only this account may read it.

    Args:
        path: See `Settings.signing_key`.
        name: What a new key is called, such as ``palio.example/log``; an old one keeps its name.

    Raises:
        SigningKeyError: The file holds no key.

    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # mode 0600
            file.write(Signer.make(name).private_text() + "\n")
            file.flush()
            os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):  # another process was first
                os.link(file.name, path)
    try:
        return Signer.parse(path.read_text())
    except (NoteError, UnicodeDecodeError) as error:
        raise SigningKeyError(
            f"{path} holds no signing key: {error}. Put the right file back, or remove it for a"
            " new key; see docs/operate/signing-key.md."
        ) from error


def key_if_there(path: Path) -> Signer | None:
    """Return the key in the file; None where this machine has none, or nothing that is a key."""
    try:
        return Signer.parse(path.read_text())
    except (OSError, NoteError, UnicodeDecodeError):
        return None


def check_key(session: Session, signer: Signer, *, now: datetime) -> None:
    """Let this key sign for the log; the first one to ask becomes the log's.

    Raises:
        SigningKeyError: The log has another key.

    """
    known = keys(session)
    if str(signer.verifier) in known:
        return
    if known:
        raise SigningKeyError(
            "The signing key of this machine is not the log's. Copy the file signing-key from the "
            "machine that has it, or see docs/operate/signing-key.md."
        )
    add_key(session, signer, by=audit.SYSTEM, now=now)


def add_key(session: Session, signer: Signer, *, by: str, now: datetime) -> None:
    """Let one more key sign for the log; audited."""
    db.lock_name(session, "log-key")
    verifier = str(signer.verifier)
    if session.get(LogKey, verifier) is not None:
        return
    session.add(LogKey(verifier=verifier, at=now))
    audit.record(session, actor_id=by, action="log.key", subject_id=verifier, now=now)


def keys(session: Session) -> tuple[str, ...]:
    """Return the public keys that sign or signed, oldest first, as `notes.Verifier` writes them."""
    wanted = select(LogKey.verifier).order_by(col(LogKey.at), col(LogKey.verifier))
    return tuple(session.exec(wanted))


def sign_head(session: Session, signer: Signer, *, now: datetime) -> str:
    """Return the checkpoint of the log as it is now, by this key; the first of each size is kept.

    Raises:
        SigningKeyError: See `check_key`.

    """
    check_key(session, signer, now=now)
    found = log.head(session)
    note = signer.sign(Checkpoint(signer.name, found.size, found.root).text())
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    session.execute(
        insert(LogCheckpoint)
        .values(size=found.size, note=note, at=now)
        .on_conflict_do_nothing(index_elements=["size"])
    )
    return note


def said(note: str) -> tuple[int, bytes]:
    """Return size and root that a checkpoint of ours names, without checking its signature."""
    found = Checkpoint.parse(note.partition("\n\n")[0] + "\n")
    return found.size, found.root


def is_behind(session: Session) -> bool:
    """Tell whether the log has grown since the last checkpoint."""
    last = session.exec(select(LogCheckpoint.size).order_by(col(LogCheckpoint.size).desc())).first()
    return log.head(session).size > (last or 0)


def newest(session: Session) -> str | None:
    """Return the newest checkpoint."""
    wanted = select(LogCheckpoint.note).order_by(col(LogCheckpoint.size).desc()).limit(1)
    return session.exec(wanted).first()


def newest_at(session: Session) -> datetime | None:
    """Return when the newest checkpoint was made."""
    wanted = select(LogCheckpoint.at).order_by(col(LogCheckpoint.size).desc()).limit(1)
    return session.exec(wanted).first()


def evenly(session: Session, *, last: int, most: int) -> tuple[tuple[int, str], ...]:
    """Return sizes and notes of up to `most` kept checkpoints, the newest up to `last` among them.

    There is one a minute for as long as the site lives: only those chosen are read.
    """
    size = col(LogCheckpoint.size)
    is_wanted = (size > 0, size <= last)
    count = session.execute(select(func.count()).where(*is_wanted)).scalar_one()
    step = -(-count // most) or 1
    place = func.row_number().over(order_by=size.desc()) - 1
    counted = select(size.label("size"), place.label("place")).where(*is_wanted).subquery()
    chosen = select(counted.c.size).where(counted.c.place % step == 0)
    rows = session.execute(
        select(LogCheckpoint.size, LogCheckpoint.note).where(size.in_(chosen)).order_by(size)
    )
    return tuple((size, note) for size, note in rows)
