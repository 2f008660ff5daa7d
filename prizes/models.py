"""Tables of prizes. Payment, verification and escrow get tables of their own."""

from datetime import datetime

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class AwardRow(SQLModel, table=True):
    """A prize offered to a team; see `service` for when one may still change."""

    __tablename__ = "award"
    __table_args__ = (UniqueConstraint("challenge_id", "place", "currency", "team_id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    team_id: str = Field(foreign_key="team.id")
    team_name: str
    place: int
    title: str
    minor: int = Field(sa_type=BigInteger)
    currency: str
    score: str
    submission_id: str = Field(foreign_key="submission.id")
    state: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
