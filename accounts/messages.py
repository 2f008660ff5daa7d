"""What people are told on the site itself, so that news arrive where there is no mail."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import func, update
from sqlmodel import Session, col, select

from palio.accounts.contracts import Message
from palio.accounts.models import MessageRow
from palio.core.paging import LIMIT_DEFAULT, Page, cut_page, decode_cursor

TEXT_MAX = 2000


def send(
    session: Session,
    *,
    person_ids: Iterable[str],
    challenge_id: str | None,
    kind: str,
    text: str,
    now: datetime,
) -> None:
    """Tell each person once, in the caller's transaction: no message without its deed.

    Args:
        session: Of the unit of work that does what the message says.
        person_ids: Whom; somebody named twice gets one message.
        challenge_id: What it is about; None = the site.
        kind: Folder and deed, e.g. ``rescore.applied``.
        text: Plain words, at most `TEXT_MAX` characters are kept.
        now: The database's time.

    """
    for person_id in dict.fromkeys(person_ids):
        session.add(
            MessageRow(
                person_id=person_id,
                challenge_id=challenge_id,
                kind=kind,
                text=text[:TEXT_MAX],
                at=now,
            )
        )


def messages(
    session: Session, *, person_id: str, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[Message]:
    """Return a person's messages, newest first; raises `BadCursorError`."""
    wanted = select(MessageRow).where(MessageRow.person_id == person_id)
    if cursor:
        wanted = wanted.where(col(MessageRow.id) < decode_cursor(cursor))
    rows = session.exec(wanted.order_by(col(MessageRow.id).desc()).limit(limit + 1)).all()
    return cut_page([_message(row) for row in rows], [row.id for row in rows], limit=limit)


def unread_count(session: Session, person_id: str) -> int:
    """Return how many messages a person has not read."""
    unread = select(func.count()).where(
        MessageRow.person_id == person_id, col(MessageRow.read_at).is_(None)
    )
    return session.exec(unread).one()


def mark_read(
    session: Session, *, person_id: str, message_ids: Collection[str], now: datetime
) -> None:
    """Mark messages as read; other people's ids and those read before change nothing."""
    session.execute(
        update(MessageRow)
        .where(
            col(MessageRow.person_id) == person_id,
            col(MessageRow.id).in_(message_ids),
            col(MessageRow.read_at).is_(None),
        )
        .values(read_at=now)
    )


def _message(row: MessageRow) -> Message:
    return Message(
        id=row.id,
        challenge_id=row.challenge_id,
        kind=row.kind,
        text=row.text,
        at=row.at,
        read_at=row.read_at,
    )
