"""The table of what a run on hidden data said, in its own file so that import rules guard it.

`submissions.runs` writes, `submissions.host_runs` reads, `pipeline.tables` registers.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Double, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime


class HostRun(SQLModel, table=True):
    """One run on hidden features or answers, for the organizers alone. Rows are only ever added."""

    __tablename__ = "host_run"
    __table_args__ = (UniqueConstraint("submission_id", "box", "attempt"),)

    id: int | None = Field(default=None, primary_key=True)
    submission_id: str = Field(foreign_key="submission.id")
    box: str
    attempt: int
    outcome: str | None
    exit_code: int | None
    killed_by: str
    wall_seconds: float = Field(sa_type=Double)
    cpu_seconds: float = Field(sa_type=Double)
    peak_memory_bytes: int = Field(sa_type=BigInteger)
    log: str
    is_log_cut: bool
    reason: str
    words: str
    ended_at: datetime = Field(sa_type=UtcDateTime)
