"""Rows that several write at once: the database decides who was first, nobody waits in a circle."""

from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel, col, delete, select

from palio.accounts.models import LogInTryRow, SessionRow

_AT_ONCE = 1000


def add_unless_taken(session: Session, *rows: SQLModel) -> bool:
    """Insert the rows in order; False, and nothing inserted, when a uniqueness rule is broken.

    The rest of the transaction stands either way.
    """
    try:
        with session.begin_nested():
            for row in rows:
                session.add(row)
                session.flush()
    except IntegrityError:
        return False
    return True


def delete_unlocked(
    session: Session,
    table: type[LogInTryRow | SessionRow],
    *conditions: ColumnElement[bool],
) -> None:
    """Delete up to 1,000 rows, leaving out those that somebody else deletes at this moment."""
    chosen = select(table.id).where(*conditions).with_for_update(skip_locked=True).limit(_AT_ONCE)
    session.exec(delete(table).where(col(table.id).in_(chosen)))
