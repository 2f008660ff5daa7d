"""Tables of challenges."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.challenges.contracts import ChallengeState
from palio.core.db import UtcDateTime
from palio.core.ids import new_id

_STATES = ", ".join(f"'{state.value}'" for state in ChallengeState)


class ChallengeRow(SQLModel, table=True):
    """One challenge: the plan as declared, and where it stands.

    `next_change_at` is the instant of the next move that time alone makes: the first opening
    while scheduled, the last close while open, None otherwise.
    """

    __tablename__ = "challenge"
    __table_args__ = (CheckConstraint(f"state IN ({_STATES})", name="state"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    slug: str = Field(unique=True)
    state: str
    plan: str  # plan_json
    description_sha256: str
    rules_sha256: str
    metric_version: int = 1
    organizer_id: str = Field(index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revealed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    round: int = 0  # how often it opened again
    next_change_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class PhaseRow(SQLModel, table=True):
    """One phase in force; `closes_at` moves when it is extended, and by a last call."""

    __tablename__ = "phase"
    __table_args__ = (
        UniqueConstraint("challenge_id", "name"),
        UniqueConstraint("challenge_id", "position"),
        CheckConstraint("opens_at < closes_at", name="order"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    name: str
    position: int
    opens_at: datetime = Field(sa_type=UtcDateTime)
    closes_at: datetime = Field(sa_type=UtcDateTime)
    per_day: int | None = None
    total: int | None = None
    zone: str


class TextRow(SQLModel, table=True):
    """One version of a challenge's description or rules; the challenge names the one in force."""

    __tablename__ = "challenge_text"
    __table_args__ = (UniqueConstraint("challenge_id", "kind", "sha256"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    kind: str  # description or rules
    sha256: str  # of the UTF-8 text
    body: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class RulesAcceptanceRow(SQLModel, table=True):
    """A person accepted this very text of the rules at this time."""

    __tablename__ = "rules_acceptance"

    challenge_id: str = Field(foreign_key="challenge.id", primary_key=True)
    person_id: str = Field(primary_key=True)
    rules_sha256: str = Field(primary_key=True)
    accepted_at: datetime = Field(sa_type=UtcDateTime)


class ScheduleChangeRow(SQLModel, table=True):
    """The close of a phase moved; public, only ever added. Only a last call moves it back."""

    __tablename__ = "schedule_change"
    __table_args__ = (
        Index("ix_schedule_change_challenge_id_at", "challenge_id", "at"),
        CheckConstraint("closes_at_before <> closes_at_after", name="moved"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    phase_id: str = Field(foreign_key="phase.id")
    closes_at_before: datetime = Field(sa_type=UtcDateTime)
    closes_at_after: datetime = Field(sa_type=UtcDateTime)
    reason: str
    changed_by: str
    at: datetime = Field(sa_type=UtcDateTime)
