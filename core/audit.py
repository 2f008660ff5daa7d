"""Who did what, in the same transaction as the deed, chained by hashes so that edits show."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select

from palio.core.db import UtcDateTime

GENESIS = "0" * 64
_POSTGRES_LOCK = 7_240_115  # any constant: one writer of the chain at a time

Detail = Mapping[str, str | int | float | bool | None]


class AuditEvent(SQLModel, table=True):
    """One deed. Rows are only ever added."""

    __tablename__ = "audit_event"

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)
    actor_id: str = Field(index=True)  # person id, or "system"
    action: str  # folder.verb, e.g. challenges.extend
    subject_id: str = Field(index=True)
    challenge_id: str | None = Field(default=None, index=True)
    detail: str  # canonical JSON, no personal data
    previous_hash: str
    hash: str = Field(unique=True)


def record(
    session: Session,
    *,
    actor_id: str,
    action: str,
    subject_id: str,
    now: datetime,
    challenge_id: str | None = None,
    detail: Detail | None = None,
) -> None:
    """Append one event to the chain, inside the caller's transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_POSTGRES_LOCK)))
    last = session.exec(select(AuditEvent.hash).order_by(col(AuditEvent.id).desc()).limit(1))
    event = AuditEvent(
        at=now,
        actor_id=actor_id,
        action=action,
        subject_id=subject_id,
        challenge_id=challenge_id,
        detail=json.dumps(dict(detail or {}), sort_keys=True, separators=(",", ":")),
        previous_hash=last.first() or GENESIS,
        hash="",
    )
    event.hash = event_hash(event)
    session.add(event)
    session.flush()  # the next event of this transaction chains to this one


def event_hash(event: AuditEvent) -> str:
    """Return the SHA-256 over the event's fields and the hash before it."""
    fields = (
        event.previous_hash,
        event.at.isoformat(timespec="microseconds"),
        event.actor_id,
        event.action,
        event.subject_id,
        event.challenge_id,
        event.detail,
    )
    return hashlib.sha256(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def first_broken_event(session: Session) -> int | None:
    """Return the id of the first event whose hash does not fit, or None when the chain holds."""
    previous = GENESIS
    for event in session.exec(select(AuditEvent).order_by(col(AuditEvent.id))):
        if event.previous_hash != previous or event.hash != event_hash(event):
            return event.id
        previous = event.hash
    return None
