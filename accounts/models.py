"""Tables of accounts: people, what opens the door for them, roles, teams.

`challenge_id` is no foreign key: challenges come after accounts in a submission's life, and this
folder knows of them only what it is told.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id


class PersonRow(SQLModel, table=True):
    """Somebody with an account."""

    __tablename__ = "person"

    id: str = Field(default_factory=new_id, primary_key=True)
    handle: str = Field(unique=True)  # lower case, see rules.clean_handle
    display_name: str
    email: str | None
    password_hash: str  # argon2id, with its parameters
    is_admin: bool = False
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SessionRow(SQLModel, table=True):
    """A browser's session; the id is the SHA-256 of the secret in the cookie."""

    __tablename__ = "web_session"

    id: str = Field(primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    idle_seconds: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class TokenRow(SQLModel, table=True):
    """An API token; of the secret only its SHA-256."""

    __tablename__ = "api_token"

    id: str = Field(default_factory=new_id, primary_key=True)
    person_id: str = Field(foreign_key="person.id", index=True)
    secret_sha256: str
    name: str
    scope: str
    challenge_id: str | None  # the one challenge it is good for
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class LogInTryRow(SQLModel, table=True):
    """A password tried and not (yet) found right; kept for the length of the limit's window.

    Handle and address only as SHA-256: people type passwords into the wrong field.
    """

    __tablename__ = "log_in_try"

    id: str = Field(default_factory=new_id, primary_key=True)
    handle_key: str = Field(index=True)
    address_key: str = Field(index=True)
    at: datetime = Field(sa_type=UtcDateTime, index=True)


class RoleRow(SQLModel, table=True):
    """What a person is on one challenge."""

    __tablename__ = "role_grant"

    person_id: str = Field(foreign_key="person.id", primary_key=True)
    challenge_id: str = Field(primary_key=True, index=True)
    role: str = Field(primary_key=True)
    granted_by: str
    granted_at: datetime = Field(sa_type=UtcDateTime)


class JoinLinkRow(SQLModel, table=True):
    """A link by which a host adds people; of the code only its SHA-256."""

    __tablename__ = "join_link"
    __table_args__ = (CheckConstraint("uses_left >= 0", name="uses_left"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    code_sha256: str = Field(unique=True)
    challenge_id: str | None = Field(index=True)
    role: str | None
    uses_left: int
    made_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class JoinUseRow(SQLModel, table=True):
    """A person came by a link; a second time costs no use."""

    __tablename__ = "join_use"

    link_id: str = Field(foreign_key="join_link.id", primary_key=True)
    person_id: str = Field(foreign_key="person.id", primary_key=True)
    used_at: datetime = Field(sa_type=UtcDateTime)


class TeamRow(SQLModel, table=True):
    """A team of one challenge. Its row lock guards members, first submission and quota.

    A team that merged into another keeps its row, without members: receipts and boards name it.
    `merged_into_id` always names the team that goes on, however many mergers came after.
    """

    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("challenge_id", "name_key"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str
    name: str
    name_key: str  # rules.name_key: the same for names that look the same
    captain_id: str = Field(foreign_key="person.id")
    created_at: datetime = Field(sa_type=UtcDateTime)
    first_submission_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    merged_into_id: str | None = Field(default=None, foreign_key="team.id", index=True)
    merged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class MergerRow(SQLModel, table=True):
    """Two captains' word that their teams become one; rows are never deleted.

    The names are those of the day: afterwards only one of the two teams goes on.
    """

    __tablename__ = "team_merger"

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(index=True)
    proposer_id: str = Field(index=True)  # no foreign key: a team of one may be given up
    proposer_name: str
    other_id: str = Field(index=True)
    other_name: str
    name: str  # that stays, one of the two
    captain_id: str = Field(foreign_key="person.id")
    terms: str  # digest of what both captains agree to: see mergers.terms_of
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    state: str
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    survivor_id: str | None = None


class MemberRow(SQLModel, table=True):
    """A person in a team; `challenge_id` repeats the team's, for the constraint.

    The constraint says: one team for each person and challenge.
    """

    __tablename__ = "team_member"
    __table_args__ = (UniqueConstraint("challenge_id", "person_id"),)

    team_id: str = Field(foreign_key="team.id", primary_key=True)
    person_id: str = Field(foreign_key="person.id", primary_key=True, index=True)
    challenge_id: str
    joined_at: datetime = Field(sa_type=UtcDateTime)


class InviteRow(SQLModel, table=True):
    """A link into a team; of the code only its SHA-256."""

    __tablename__ = "team_invite"
    __table_args__ = (CheckConstraint("uses_left >= 0", name="uses_left"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    code_sha256: str = Field(unique=True)
    team_id: str = Field(foreign_key="team.id", index=True)
    uses_left: int
    made_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class MessageRow(SQLModel, table=True):
    """Something a person is told on the site itself; works with no mail at all."""

    __tablename__ = "message"
    __table_args__ = (Index("ix_message_unread", "person_id", "read_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    person_id: str = Field(foreign_key="person.id")
    challenge_id: str | None  # what it is about
    kind: str  # folder.deed, e.g. rescore.applied
    text: str  # plain words, shown as they are
    at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
