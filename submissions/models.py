"""Tables of submissions: the files received, the quota ledger, public scores."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Double, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class Submission(SQLModel, table=True):
    """One received file.

    Only `state` and what comes with it, choice and withdrawal ever change; a merger of teams moves
    `team_id` on, and keeps who handed it in.
    """

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("team_id", "sender_team_id", "idempotency_key"),
        UniqueConstraint("challenge_id", "received_at"),  # and so a total order of receipts
        UniqueConstraint("challenge_id", "label", name="uq_submission_label"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    phase_id: str = Field(foreign_key="phase.id")
    team_id: str | None = Field(foreign_key="team.id")  # whom it counts for; None for a baseline
    sender_team_id: str = ""  # who handed it in, where that team has merged into `team_id` since
    person_id: str = Field(foreign_key="person.id")
    kind: str
    label: str | None  # name of a baseline, None for competitors
    delivery: str
    file_name: str
    sha256: str
    bytes: int = Field(sa_type=BigInteger)
    predictions_sha256: str | None = None  # what a model wrote on the hidden features
    note: str
    idempotency_key: str
    state: str = Field(index=True)
    reason: str = ""
    findings: str = "[]"  # JSON: [code, text, line, file, hint] each
    received_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    is_chosen: bool = False
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_by: str | None = None
    withdrawn_words: str = ""  # of the organizer, where the team did not do it itself


class QuotaLine(SQLModel, table=True):
    """One line of the quota ledger. Rows are only ever added.

    A submission has at most one charge (+1) and at most one refund (-1), whatever its cause.
    """

    __tablename__ = "quota_line"
    __table_args__ = (UniqueConstraint("submission_id", "change"),)

    id: int | None = Field(default=None, primary_key=True)
    team_id: str = Field(index=True)
    phase_id: str = Field(foreign_key="phase.id")
    day: date  # in the zone the challenge declares
    at: datetime = Field(sa_type=UtcDateTime)
    change: int
    cause: str
    submission_id: str | None = Field(default=None, foreign_key="submission.id")
    note: str = ""


class ModelRun(SQLModel, table=True):
    """One run of a team's program: of the smoke run everything, of the hidden one what may be told.

    The rest of a hidden run stands in `host_models`, on purpose elsewhere.
    """

    __tablename__ = "model_run"

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    stage: str = Field(primary_key=True)
    attempt: int = Field(primary_key=True)  # the job's fence
    image_id: str = Field(default="", index=True)  # empty for code
    outcome: str | None = None
    fault: str
    exit_code: int | None = None
    killed_by: str
    wall_seconds: float = Field(default=0.0, sa_type=Double)
    cpu_seconds: float = Field(default=0.0, sa_type=Double)
    peak_memory_bytes: int = Field(default=0, sa_type=BigInteger)
    log: str = ""
    is_log_cut: bool = False
    reason: str = ""
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ScoreColumns(SQLModel):
    """One metric of one submission on one part, under one key and metric version."""

    submission_id: str = Field(foreign_key="submission.id", primary_key=True)
    metric: str = Field(primary_key=True)
    key_version: int = Field(primary_key=True)
    metric_version: int = Field(primary_key=True)
    position: int  # 0 ranks
    exact: float = Field(sa_type=Double)
    rounded: str  # decimal as text: SQLite has no exact decimals


class PublicScore(ScoreColumns, table=True):
    """Scores on the public part. Private ones stand in `private_models`, on purpose elsewhere."""

    __tablename__ = "public_score"
