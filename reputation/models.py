"""Tables of ratings, thanks, what people choose to show, and invitations."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id
from palio.reputation.contracts import Question

_QUESTIONS = ", ".join(f"'{question.value}'" for question in Question)


class RatingRow(SQLModel, table=True):
    """Stars from one person (or side) to another on one question; given once, never changed.

    `from_id` is the challenge's organizer for ratings by its hosts: one voice for the side.
    """

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 5", name="stars"),
        CheckConstraint(f"question IN ({_QUESTIONS})", name="question"),
        CheckConstraint("from_id <> to_id", name="others"),
    )

    challenge_id: str = Field(foreign_key="challenge.id", primary_key=True)
    from_id: str = Field(primary_key=True)
    to_id: str = Field(primary_key=True, index=True)
    question: str = Field(primary_key=True)
    stars: int
    at: datetime = Field(sa_type=UtcDateTime)


class ThanksRow(SQLModel, table=True):
    """A thank-you; one each way for each pair and challenge."""

    __tablename__ = "thanks"
    __table_args__ = (CheckConstraint("from_id <> to_id", name="others"),)

    challenge_id: str = Field(foreign_key="challenge.id", primary_key=True)
    from_id: str = Field(foreign_key="person.id", primary_key=True)
    to_id: str = Field(foreign_key="person.id", primary_key=True, index=True)
    at: datetime = Field(sa_type=UtcDateTime)


class ProfileRow(SQLModel, table=True):
    """What a person chose; without a row the profile is public and nobody invites."""

    __tablename__ = "profile"

    person_id: str = Field(foreign_key="person.id", primary_key=True)
    is_hidden: bool = False
    takes_invitations: bool = Field(default=False, index=True)
    changed_at: datetime = Field(sa_type=UtcDateTime)


class InvitationRow(SQLModel, table=True):
    """A person was invited to a challenge; once."""

    __tablename__ = "invitation"
    __table_args__ = (UniqueConstraint("challenge_id", "person_id"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    person_id: str = Field(foreign_key="person.id", index=True)
    by: str
    at: datetime = Field(sa_type=UtcDateTime, index=True)
