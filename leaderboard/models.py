"""Tables of boards: computed once, stored whole, never changed."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class BoardSnapshot(SQLModel, table=True):
    """One version of one board. Rows are only ever added."""

    __tablename__ = "board_snapshot"
    __table_args__ = (UniqueConstraint("challenge_id", "board", "version"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    board: str
    version: int
    etag: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    body: bytes  # JSON: see `snapshots`


class VerifiedEntryRow(SQLModel, table=True):
    """An entry that has won a progress prize; gone again when the prize is taken back."""

    __tablename__ = "verified_entry"

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id", index=True)
    title: str
    at: datetime = Field(sa_type=UtcDateTime)
