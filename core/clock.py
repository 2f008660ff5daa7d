"""The one clock: the database's. Nothing else in Palio decides by time."""

from datetime import UTC, datetime

from sqlalchemy import func, literal_column, select
from sqlmodel import Session


def database_now(session: Session) -> datetime:
    """Return the database's wall clock, aware UTC, at the moment of the call.

    ``clock_timestamp()`` rather than ``now()``: the latter is the start of the transaction,
    so an upload that ended after the deadline would still look in time (isolation.md finding 14).
    """
    if session.get_bind().dialect.name == "postgresql":
        value: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return value.astimezone(UTC)
    # SQLite runs inside this process; its clock has milliseconds.
    text: str = session.execute(
        select(literal_column("strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')"))
    ).scalar_one()
    return datetime.fromisoformat(text)
