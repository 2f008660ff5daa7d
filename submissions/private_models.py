"""The table of private scores, in its own file so that import rules can say who touches it.

`submissions.service` writes, `submissions.private` reads, `pipeline.tables` registers.
"""

from sqlalchemy import Double
from sqlmodel import Field, SQLModel


class PrivateScore(SQLModel, table=True):
    """One metric of one submission on the private part, under one key and metric version."""

    __tablename__ = "private_score"

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    metric: str = Field(primary_key=True)
    key_version: int = Field(primary_key=True)
    metric_version: int = Field(primary_key=True)
    position: int  # 0 ranks
    exact: float = Field(sa_type=Double)
    rounded: str  # decimal as text: SQLite has no exact decimals
