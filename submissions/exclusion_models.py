"""The table of disqualifications, beside the submissions it never changes."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class ExclusionRow(SQLModel, table=True):
    """A team or one submission was disqualified. Lifting it notes when; rows are never deleted."""

    __tablename__ = "exclusion"

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id", index=True)
    team_id: str = Field(foreign_key="team.id", index=True)
    submission_id: str | None = Field(default=None, foreign_key="submission.id", index=True)
    reason: str  # exclusion_contracts.ReasonCode
    words: str
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    lifted_by: str | None = None
    lifted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lifted_words: str = ""
