"""Who did what, in the same transaction as the deed, as an entry of the log.

The event is written at once. Its leaf joins the tree as the last thing in the transaction: the
order of the log is decided under one lock for all, which nobody may hold while waiting for others.
"""

import json
import secrets
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from palio.core import log
from palio.core.errors import ConflictError, NotFoundError
from palio.core.log_entries import SALT_BYTES, Detail, Payload, canonical
from palio.core.log_models import AuditEvent, LogNode

__all__ = [
    "SYSTEM",
    "AuditEvent",
    "Detail",
    "append",
    "erase",
    "first_broken_event",
    "of_subject",
    "payload_of",
    "record",
]

SYSTEM = "system"


class EventNotFoundError(NotFoundError):
    """The log has no such event."""

    code = "event_not_found"


class NothingToForgetError(ConflictError):
    """The event names nobody, or nobody any more."""

    code = "nothing_to_forget"


def record(
    session: Session,
    *,
    actor_id: str,
    action: str,
    subject_id: str,
    now: datetime,
    challenge_id: str | None = None,
    detail: Detail | None = None,
) -> str:
    """Write down one deed, inside the caller's transaction; it becomes the log's next entry.

    Returns:
        The hash that names the event.

    """
    salt = secrets.token_hex(SALT_BYTES)
    payload = Payload(now, actor_id, action, subject_id, challenge_id, dict(detail or {}))
    event = AuditEvent(
        at=now,
        actor_id=actor_id,
        action=action,
        subject_id=subject_id,
        challenge_id=challenge_id,
        detail=canonical(dict(payload.detail)),
        salt=salt,
        hash=payload.hash(salt),
    )
    session.add(event)
    session.flush()
    log.wait_for_commit(session, event.hash)
    return event.hash


def append(
    session: Session,
    *,
    kind: str,
    subject_id: str,
    payload: Detail,
    now: datetime,
    challenge_id: str | None = None,
) -> str:
    """Write down what happened by itself, such as a receipt or a score; returns as `record`."""
    return record(
        session,
        actor_id=SYSTEM,
        action=kind,
        subject_id=subject_id,
        challenge_id=challenge_id,
        detail=payload,
        now=now,
    )


def erase(session: Session, *, event_hash: str, by: str, reason: str, now: datetime) -> None:
    """Forget who did what in one event; its hash stays in the tree and tells nothing.

    For requests of people to be forgotten. The erasure is an event itself.

    Raises:
        EventNotFoundError: There is none of this hash.
        NothingToForgetError: It was erased before, or is about a challenge and nobody.

    """
    event = session.exec(select(AuditEvent).where(AuditEvent.hash == event_hash)).one_or_none()
    if event is None:
        raise EventNotFoundError("The log has no event with this hash.")
    if not event.salt:
        raise NothingToForgetError("Nothing of this entry is left to forget.")
    if (event.actor_id, event.subject_id) == (SYSTEM, event.challenge_id):
        raise NothingToForgetError(
            f"This entry ({event.action}) is about a challenge and names nobody; without it nobody"
            " could check the challenge's boards."
        )
    challenge_id = event.challenge_id
    session.execute(
        update(AuditEvent)
        .where(col(AuditEvent.hash) == event_hash)
        .values(salt="", actor_id="", subject_id="", detail="")
    )
    record(
        session,
        actor_id=by,
        action="audit.erase",
        subject_id=event_hash,
        challenge_id=challenge_id,
        detail={"reason": reason},
        now=now,
    )


def of_subject(session: Session, *, subject_id: str, action: str) -> tuple[AuditEvent, ...]:
    """Return the events of one kind about one thing, oldest first."""
    return tuple(
        session.exec(
            select(AuditEvent)
            .where(AuditEvent.subject_id == subject_id, AuditEvent.action == action)
            .order_by(col(AuditEvent.id))
        )
    )


def payload_of(event: AuditEvent) -> Payload | None:
    """Return what an event says, None when it was erased or is older than the tree."""
    if not event.salt:
        return None
    return Payload(
        event.at,
        event.actor_id,
        event.action,
        event.subject_id,
        event.challenge_id,
        json.loads(event.detail),
    )


def first_broken_event(session: Session) -> int | None:
    """Return the id of the first event that does not fit its hash or its leaf, None = all do.

    Events of the running transaction have no leaf yet.
    """
    waiting = log.waiting(session)
    rows = session.execute(
        select(AuditEvent, col(LogNode.hash))
        .outerjoin(LogNode, col(LogNode.event_hash) == col(AuditEvent.hash))
        .order_by(col(AuditEvent.id))
    )
    for event, leaf in rows:
        payload = payload_of(event)
        is_whole = payload is None or payload.hash(event.salt) == event.hash
        has_leaf = event.hash in waiting or leaf == log.record_of(event).leaf()
        if not (is_whole and has_leaf):
            found: int | None = event.id
            return found
    return None
