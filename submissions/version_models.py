"""Tables of score versions: what scores are made by, and what became of whom under each."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class ScoreVersionRow(SQLModel, table=True):
    """One pair of answer key and metric. What is scored by never changes.

    A challenge that was never rescored has no row: it stands at `version_contracts.FIRST`.
    """

    __tablename__ = "score_version"
    __table_args__ = (
        UniqueConstraint("challenge_id", "ordinal"),
        UniqueConstraint("challenge_id", "key_version", "metric_version"),
        Index(
            "uq_score_version_active",
            "challenge_id",
            unique=True,
            sqlite_where=text("state = 'active'"),
            postgresql_where=text("state = 'active'"),
        ),
        Index(
            "uq_score_version_shadow",
            "challenge_id",
            unique=True,
            sqlite_where=text("state = 'shadow'"),
            postgresql_where=text("state = 'shadow'"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    ordinal: int
    key_version: int
    metric_version: int
    metrics: str  # JSON of MetricChoice
    package_version: int | None = None
    state: str
    what: str
    reason: str
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    applied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    replayed: int = 0  # how many results the release lines were made from


class ShadowResult(SQLModel, table=True):
    """What became of one submission under one version, once. Scores stand in the score tables."""

    __tablename__ = "shadow_result"

    score_version_id: str = Field(foreign_key="score_version.id", primary_key=True)
    submission_id: str = Field(foreign_key="submission.id", primary_key=True, index=True)
    outcome: str
    words: str = ""  # why there is no score: for the team, or of a fault for the host
    at: datetime = Field(sa_type=UtcDateTime)


class ScoreSwitch(SQLModel, table=True):
    """Another version became the active one: a set was applied or undone. Rows are only added."""

    __tablename__ = "score_switch"

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id", index=True)
    from_ordinal: int
    to_ordinal: int
    what: str
    reason: str
    made_by: str
    at: datetime = Field(sa_type=UtcDateTime)
