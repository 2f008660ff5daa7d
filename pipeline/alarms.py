"""Alarms: what a host must look at, raised once and open until cleared."""

from datetime import datetime

from sqlmodel import Session, col, select

from palio.core import audit
from palio.core.errors import NotFoundError
from palio.core.ids import new_id
from palio.pipeline.contracts import AlarmKind
from palio.pipeline.models import Alarm


class AlarmNotFoundError(NotFoundError):
    """There is no such open alarm."""

    code = "alarm_not_found"


def raise_alarm(
    session: Session,
    *,
    kind: AlarmKind,
    subject: str,
    challenge_id: str | None,
    words: str,
    now: datetime,
) -> None:
    """Raise an alarm unless the same one is open."""
    if _open(session, kind=kind, subject=subject) is not None:
        return
    alarm = Alarm(
        id=new_id(),
        kind=kind,
        subject=subject,
        challenge_id=challenge_id,
        words=words,
        raised_at=now,
    )
    session.add(alarm)
    session.flush()


def end(session: Session, *, kind: AlarmKind, subject: str, now: datetime) -> None:
    """Close an alarm whose cause is gone; nothing happens when there is none."""
    alarm = _open(session, kind=kind, subject=subject)
    if alarm is not None:
        alarm.cleared_at = now
        session.add(alarm)
        session.flush()


def clear(session: Session, *, alarm_id: str, by: str, now: datetime) -> None:
    """Close an alarm because a person looked at it.

    Raises:
        AlarmNotFoundError: There is no such open alarm.

    """
    alarm = session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm is None or alarm.cleared_at is not None:
        raise AlarmNotFoundError("There is no such open alarm.")
    alarm.cleared_at = now
    session.add(alarm)
    audit.record(
        session,
        actor_id=by,
        action="pipeline.clear_alarm",
        subject_id=alarm.id,
        challenge_id=alarm.challenge_id,
        now=now,
    )


def challenge_ids(session: Session, *, kind: AlarmKind) -> tuple[str, ...]:
    """Return the challenges with an open alarm of a kind."""
    found = session.exec(
        select(Alarm.challenge_id)
        .where(Alarm.kind == kind, col(Alarm.cleared_at).is_(None))
        .distinct()
    )
    return tuple(each for each in found if each is not None)


def _open(session: Session, *, kind: AlarmKind, subject: str) -> Alarm | None:
    return session.exec(
        select(Alarm)
        .where(Alarm.kind == kind, Alarm.subject == subject)
        .where(col(Alarm.cleared_at).is_(None))
        .with_for_update()
    ).first()
