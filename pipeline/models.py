"""Tables of the queue: the database, not the broker, knows what is to be done."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime


class Job(SQLModel, table=True):
    """One thing to do for one submission. A higher fence voids everything a lower one writes."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_next", "queue", "state", "priority", "id"),
        Index("ix_job_lease", "state", "lease_until"),
        Index("ix_job_history", "queue", "ended_at"),
        Index(
            "uq_job_rescore",
            "score_version_id",
            "submission_id",
            unique=True,
            sqlite_where=text("score_version_id <> ''"),
            postgresql_where=text("score_version_id <> ''"),
        ),
    )

    id: str = Field(primary_key=True)
    queue: str
    state: str
    priority: int
    challenge_id: str = Field(foreign_key="challenge.id", index=True)
    submission_id: str = Field(foreign_key="submission.id", index=True)
    delivery: str = ""  # what a worker for models has to be able to run
    memory_bytes: int = Field(default=0, sa_type=BigInteger)  # that its machine must have
    score_version_id: str = ""  # of a rescore set; empty for the way of a new submission
    fence: int = 0
    attempts: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    not_before: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    lease_until: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    worker: str = ""
    last_error: str = ""  # for the operator; never shown to participants


class BoardWork(SQLModel, table=True):
    """How many score changes a challenge had, and how many its public board shows.

    `told_until` is the last instant whose scores have been counted among them, where scores are
    told later than they are made. `draws_until` is when a reveal that waits for rank intervals
    waits no longer.
    """

    __tablename__ = "board_work"

    challenge_id: str = Field(primary_key=True, foreign_key="challenge.id")
    changes: int = 0
    shown: int = 0
    told_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    draws_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AnswerOpening(SQLModel, table=True):
    """One opening of a challenge's answers, asked for; made when it has an end and no words."""

    __tablename__ = "answer_opening"
    __table_args__ = (UniqueConstraint("challenge_id", "key_version", "row_id"),)

    id: str = Field(primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    key_version: int
    row_id: str  # empty = all
    asked_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    rows: int = 0
    bytes: int = Field(default=0, sa_type=BigInteger)
    sha256: str = ""
    words: str = ""  # why there is none


class WorkerSeen(SQLModel, table=True):
    """The last sign of life of each worker."""

    __tablename__ = "worker_seen"

    name: str = Field(primary_key=True)
    processes: int
    queues: str  # separated by spaces
    code_level: str
    image_level: str
    metric_level: str
    memory_bytes: int = Field(sa_type=BigInteger)
    words: str
    started_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime, index=True)


class Installation(SQLModel, table=True):
    """What tells this installation from others on the same machines; one row."""

    __tablename__ = "installation"

    id: int = Field(primary_key=True)
    site: str  # eight hex digits, in the names of all boxes


class Turn(SQLModel, table=True):
    """Whose turn it is to do what only one worker may do at a time."""

    __tablename__ = "turn"

    name: str = Field(primary_key=True)
    holder: str
    held_until: datetime = Field(sa_type=UtcDateTime)


class Alarm(SQLModel, table=True):
    """Something a host has to look at; open until it is cleared."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "uq_alarm_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )

    id: str = Field(primary_key=True)
    kind: str
    subject: str  # a job id or the name of a queue
    challenge_id: str | None = Field(default=None, index=True)
    words: str
    raised_at: datetime = Field(sa_type=UtcDateTime)
    cleared_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
