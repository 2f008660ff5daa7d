"""Tables of cases: findings of scans, cases with evidence and steps, sightings of addresses."""

from datetime import datetime

from sqlalchemy import Double, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class ScanRow(SQLModel, table=True):
    """One look over all teams of a challenge; at most one of a challenge waits or runs."""

    __tablename__ = "evidence_scan"
    __table_args__ = (
        Index(
            "uq_evidence_scan_waits",
            "challenge_id",
            unique=True,
            sqlite_where=text("state IN ('asked', 'running')"),
            postgresql_where=text("state IN ('asked', 'running')"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id", index=True)
    state: str
    asked_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    notes: str = "[]"  # JSON list of sentences


class FoundColumns(SQLModel):
    """A finding's content, the same on the desk and, unchanging, in a case."""

    kind: str
    strength: str
    team_id: str = Field(foreign_key="team.id", index=True)
    other_team_id: str | None = Field(default=None, foreign_key="team.id", index=True)
    submission_ids: str  # separated by spaces
    value: float = Field(sa_type=Double)
    rate_as_high: int
    rate_of: int
    rate_typical: float = Field(sa_type=Double)
    rate_high: float = Field(sa_type=Double)
    numbers: str  # JSON object
    signals: str  # separated by spaces


class FindingRow(FoundColumns, table=True):
    """Something a scan found, as the latest scan saw it."""

    __tablename__ = "evidence_finding"
    __table_args__ = (
        UniqueConstraint("challenge_id", "kind", "team_id", "other_team_id"),
        Index(  # NULLs are all different in a unique constraint
            "uq_evidence_finding_one_team",
            "challenge_id",
            "kind",
            "team_id",
            unique=True,
            sqlite_where=text("other_team_id IS NULL"),
            postgresql_where=text("other_team_id IS NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id", index=True)
    found_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime, index=True)
    dismissed_by: str | None = None
    dismissed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    dismissed_reason: str = ""


class CaseRow(SQLModel, table=True):
    """A suspicion about one team. Its row lock orders the steps."""

    __tablename__ = "evidence_case"  # "case" is a word of SQL

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id", index=True)
    team_id: str = Field(foreign_key="team.id", index=True)
    state: str = Field(index=True)
    opened_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decision: str | None = None
    reason: str | None = None
    decided_by: str = ""
    outcome: str | None = None
    exclusion_id: str | None = Field(default=None, foreign_key="exclusion.id")


class CaseEvidenceRow(FoundColumns, table=True):
    """A finding as it stood when the case was opened; the desk's own may change or go."""

    __tablename__ = "case_evidence"

    case_id: str = Field(foreign_key="evidence_case.id", primary_key=True)
    position: int = Field(primary_key=True)
    finding_id: str = Field(index=True)  # no foreign key: findings are deleted after their term


class CaseStepRow(SQLModel, table=True):
    """One step of a case. Rows are only ever added."""

    __tablename__ = "case_step"

    case_id: str = Field(foreign_key="evidence_case.id", primary_key=True)
    ordinal: int = Field(primary_key=True)
    kind: str
    actor_id: str  # person id, or "system"
    is_team: bool
    at: datetime = Field(sa_type=UtcDateTime)
    words: str
    file_name: str = ""
    file_sha256: str = ""


class SightingKeyRow(SQLModel, table=True):
    """The random key of one period's address hashes; with it goes what they mean."""

    __tablename__ = "sighting_key"

    period: int = Field(primary_key=True)
    secret: bytes
    ends_at: datetime = Field(sa_type=UtcDateTime)


class SightingRow(SQLModel, table=True):
    """A person was seen at an address; of it only a keyed hash, for a short term."""

    __tablename__ = "sighting"

    person_id: str = Field(foreign_key="person.id", primary_key=True)
    period: int = Field(primary_key=True)
    address_key: str = Field(primary_key=True, index=True)
    is_sign_up: bool = False
    first_at: datetime = Field(sa_type=UtcDateTime)
    last_at: datetime = Field(sa_type=UtcDateTime, index=True)
