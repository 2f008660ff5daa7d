"""Tables of prizes: awards and every step of theirs, what was seen at gates, splits, last calls."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Double, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class AwardRow(SQLModel, table=True):
    """A prize offered to a team; see `moves` for how its state changes."""

    __tablename__ = "award"
    __table_args__ = (
        UniqueConstraint(
            "challenge_id", "round", "pot", "currency", "team_id", name="uq_award_pot"
        ),
    )

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
    kind: str
    pot: str
    round: int = 0
    entered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    remind_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    escrow_key: str = ""  # under which the ledger knows the award; empty when no money is in it


class AwardStepRow(SQLModel, table=True):
    """An award came into a state. Rows are only ever added."""

    __tablename__ = "award_step"
    __table_args__ = (UniqueConstraint("award_id", "number"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    award_id: str = Field(foreign_key="award.id")
    number: int
    state: str
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


class AwardGateRow(SQLModel, table=True):
    """Somebody looked at a gate; the last row of a gate counts. Rows are only ever added."""

    __tablename__ = "award_gate"

    id: str = Field(default_factory=new_id, primary_key=True)
    award_id: str = Field(foreign_key="award.id", index=True)
    gate: str
    has_passed: bool
    evidence_sha256: str
    words: str
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


class AwardShareRow(SQLModel, table=True):
    """A member's part in one proposed split; `minor` is set when the split is frozen."""

    __tablename__ = "award_share"
    __table_args__ = (CheckConstraint("basis_points >= 0", name="basis_points"),)

    award_id: str = Field(foreign_key="award.id", primary_key=True)
    number: int = Field(primary_key=True)  # of the split; 0 = equal parts
    person_id: str = Field(foreign_key="person.id", primary_key=True)
    position: int
    basis_points: int
    signed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    minor: int | None = Field(default=None, sa_type=BigInteger)


class AwardRerunRow(SQLModel, table=True):
    """A winner's code was handed in to be run again, or a person verified it."""

    __tablename__ = "award_rerun"

    id: str = Field(default_factory=new_id, primary_key=True)
    award_id: str = Field(foreign_key="award.id", index=True)
    submission_id: str | None = Field(default=None, foreign_key="submission.id", unique=True)
    has_passed: bool | None = None
    words: str = ""
    difference: float | None = Field(default=None, sa_type=Double)
    allowed: float | None = Field(default=None, sa_type=Double)
    agreement: float | None = Field(default=None, sa_type=Double)
    evidence_sha256: str = ""
    by: str
    at: datetime = Field(sa_type=UtcDateTime)


class LastCallRow(SQLModel, table=True):
    """A public score reached a line: at most once each time the challenge is open."""

    __tablename__ = "last_call"

    challenge_id: str = Field(foreign_key="challenge.id", primary_key=True)
    round: int = Field(primary_key=True)
    prize_title: str
    team_id: str
    submission_id: str = Field(foreign_key="submission.id")
    line: str
    score: str
    reached_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime)


class ProgressRow(SQLModel, table=True):
    """A declared date of a progress prize was judged, whether or not anybody won."""

    __tablename__ = "progress_judgement"

    challenge_id: str = Field(foreign_key="challenge.id", primary_key=True)
    pot: str = Field(primary_key=True)
    date: datetime = Field(sa_type=UtcDateTime)
    award_id: str | None = Field(default=None, foreign_key="award.id")
    at: datetime = Field(sa_type=UtcDateTime)


class DivisionRow(SQLModel, table=True):
    """A team declared the division it belongs to."""

    __tablename__ = "team_division"

    team_id: str = Field(foreign_key="team.id", primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id", index=True)
    division: str
    declared_by: str
    at: datetime = Field(sa_type=UtcDateTime)
