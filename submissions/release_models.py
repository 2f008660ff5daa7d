"""The table of what was told of public scores where a challenge does not tell them as they are."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime


class ReleaseLine(SQLModel, table=True):
    """What was shown for one submission under one pair of versions. Rows are only ever added.

    `value` and `held_by` are the team's state after it (see `release.Held`): never shown.
    """

    __tablename__ = "release_line"
    __table_args__ = (
        UniqueConstraint("team_id", "key_version", "metric_version", "ordinal"),
        Index("ix_release_line_visible", "challenge_id", "visible_at"),
    )

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    key_version: int = Field(primary_key=True)
    metric_version: int = Field(primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    team_id: str = Field(foreign_key="team.id")  # at that time
    ordinal: int  # 1, 2, 3 … for each team and version
    shown: str  # decimal as text
    value: str | None  # decimal as text
    held_by: str | None
    visible_at: datetime | None = Field(sa_type=UtcDateTime)  # None = from the reveal
    at: datetime = Field(sa_type=UtcDateTime)
