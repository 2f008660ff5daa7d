"""Awards as values."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from palio.core.money import Money


class AwardState(StrEnum):
    """Where an award stands; verification and payment come between later."""

    PROVISIONAL = "provisional"
    CONFIRMED = "confirmed"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Award:
    """A prize offered to a team."""

    id: str
    challenge_id: str
    team_id: str
    team_name: str
    place: int
    title: str
    money: Money
    score: Decimal
    submission_id: str
    state: AwardState
    made_at: datetime
    decided_at: datetime | None
