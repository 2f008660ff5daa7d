"""Gives one worker at a time a turn, for as long as it shows signs of life."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col

from palio.pipeline.models import Turn


def take(session: Session, name: str, *, holder: str, seconds: int, now: datetime) -> bool:
    """Take or keep a turn; False while somebody else has it.

    Args:
        session: Writes it.
        name: Of what is done in turn.
        holder: Who asks.
        seconds: After which somebody else may have it.
        now: The database's time.

    """
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    turn = insert(Turn).values(
        name=name, holder=holder, held_until=now + timedelta(seconds=seconds)
    )
    taken = session.execute(
        turn.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": turn.excluded.holder, "held_until": turn.excluded.held_until},
            where=(col(Turn.held_until) <= now) | (col(Turn.holder) == holder),
        ).returning(col(Turn.name))
    ).first()
    return taken is not None


def end(session: Session, name: str, *, holder: str, now: datetime) -> None:
    """Give a turn back; nothing happens when somebody else has it."""
    session.execute(
        update(Turn)
        .where(col(Turn.name) == name, col(Turn.holder) == holder)
        .values(held_until=now)
        .execution_options(synchronize_session=False)
    )
