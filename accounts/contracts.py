"""What other folders may know of people and teams."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may be on one challenge, beside being a participant."""

    ORGANIZER = "organizer"
    JUDGE = "judge"


class Scope(StrEnum):
    """What an API token may be used for; SUBMIT includes READ, ORGANIZE includes both."""

    READ = "read"
    SUBMIT = "submit"
    ORGANIZE = "organize"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. Nothing here is secret; e-mail is not part of it."""

    id: str
    handle: str
    display_name: str
    is_admin: bool
    is_disabled: bool = False


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request, and how far the credential reaches.

    Attributes:
        person: The signed-in person.
        scope: ORGANIZE for a browser session, the token's scope otherwise.
        challenge_id: Set when the token is bound to one challenge.
        session_id: Set for a browser session: the hash that form proofs are bound to.

    """

    person: Person
    scope: Scope
    challenge_id: str | None = None
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """An API token as its owner sees it later: never the secret."""

    id: str
    name: str
    scope: Scope
    challenge_id: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret shown once: a token, a session id, a join or invite code."""

    id: str
    secret: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class JoinLink:
    """Where a join link leads: to a challenge, perhaps with a role there, or just to an account."""

    id: str
    challenge_id: str | None
    role: Role | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a team."""

    person_id: str
    handle: str
    display_name: str
    is_captain: bool


@dataclass(frozen=True, slots=True)
class Team:
    """A team of one challenge; a person alone is a team of one.

    Attributes:
        first_submission_at: Once set, nobody leaves.

    """

    id: str
    challenge_id: str
    name: str
    captain_id: str
    members: tuple[Member, ...]
    first_submission_at: datetime | None


class MergerState(StrEnum):
    """Where the proposal of a merger stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    VOID = "void"  # one of the teams merged with a third one first


@dataclass(frozen=True, slots=True)
class Merger:
    """The proposal that two teams become one, and what came of it.

    Attributes:
        proposer_id, proposer_name: The team whose captain proposed it, as it was called then.
        other_id, other_name: The team whose captain decides, as it was called then.
        name: Of the merged team.
        captain_id: Of the merged team.
        is_current: Both teams are as they were when it was proposed; False = it cannot be
            accepted any more, or was decided.
        survivor_id: The id that goes on, once accepted: that of the older team.

    """

    id: str
    challenge_id: str
    proposer_id: str
    proposer_name: str
    other_id: str
    other_name: str
    name: str
    captain_id: str
    made_by: str
    made_at: datetime
    state: MergerState
    is_current: bool
    decided_at: datetime | None
    survivor_id: str | None


@dataclass(frozen=True, slots=True)
class AbsorbedTeam:
    """A team that merged into another one: its id still stands in receipts and old boards."""

    id: str
    name: str
    merged_into_id: str
    merged_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """Something a person was told on the site.

    Attributes:
        challenge_id: What it is about; None = the site.
        kind: Folder and deed, e.g. ``rescore.applied``; programs sort by it.
        text: Plain words.

    """

    id: str
    challenge_id: str | None
    kind: str
    text: str
    at: datetime
    read_at: datetime | None
