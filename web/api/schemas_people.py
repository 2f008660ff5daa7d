"""Shapes of accounts, tokens and teams."""

from datetime import datetime

from pydantic import Field

from palio.accounts.contracts import Role, Scope, Team
from palio.web.api.schemas import ID, NOW, Order, View, example

PERSON = {"id": ID, "handle": "ada", "display_name": "Ada L.", "is_admin": False}
TOKEN = {
    "id": ID,
    "name": "laptop",
    "scope": "submit",
    "challenge_id": None,
    "created_at": NOW,
    "expires_at": "2027-03-01T12:00:00Z",
    "last_used_at": None,
    "revoked_at": None,
}


class SignUp(Order):
    """A new account."""

    model_config = example({"handle": "ada", "password": "correct horse battery staple"})

    handle: str = Field(max_length=64)
    password: str = Field(max_length=1024)
    display_name: str = Field(default="", max_length=200)
    email: str | None = Field(default=None, max_length=320)
    join_code: str | None = Field(default=None, max_length=200)


class PersonView(View):
    """A person; the e-mail address is never part of it."""

    model_config = example(PERSON)

    id: str
    handle: str
    display_name: str
    is_admin: bool


class MeView(View):
    """Who the credential belongs to, and how far it reaches."""

    model_config = example({"person": PERSON, "scope": "submit", "challenge_id": None})

    person: PersonView
    scope: Scope
    challenge_id: str | None


class TokenOrder(Order):
    """A new API token: with handle and password, or in a session without them."""

    model_config = example(
        {"handle": "ada", "password": "correct horse battery staple", "name": "laptop"}
    )

    handle: str | None = Field(default=None, max_length=64)
    password: str | None = Field(default=None, max_length=1024)
    name: str = Field(default="token", min_length=1, max_length=100)
    scope: Scope = Scope.SUBMIT
    days: int | None = Field(
        default=None, ge=1, le=3650, description="empty = the server's default"
    )
    challenge: str | None = Field(default=None, description="slug; empty = every challenge")


class NewTokenView(View):
    """The one time the token is shown."""

    model_config = example(
        {"id": ID, "token": f"palio_{ID}_{'x' * 43}", "expires_at": "2027-03-01T12:00:00Z"}
    )

    id: str
    token: str
    expires_at: datetime


class TokenView(View):
    """A token as its owner sees it later."""

    model_config = example(TOKEN)

    id: str
    name: str
    scope: Scope
    challenge_id: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokensView(View):
    """Somebody's tokens."""

    model_config = example({"items": [TOKEN]})

    items: tuple[TokenView, ...]


class MemberView(View):
    """One person of a team."""

    handle: str
    display_name: str
    is_captain: bool


class TeamView(View):
    """A team of one challenge; a person alone is a team of one."""

    model_config = example(
        {
            "id": ID,
            "name": "Pragmatic Chaos",
            "members": [{"handle": "ada", "display_name": "Ada L.", "is_captain": True}],
            "first_submission_at": None,
        }
    )

    id: str
    name: str
    members: tuple[MemberView, ...]
    first_submission_at: datetime | None


class TeamName(Order):
    """How a team calls itself."""

    model_config = example({"name": "Pragmatic Chaos"})

    name: str = Field(min_length=1, max_length=200)


class LinkView(View):
    """A link shown once."""

    model_config = example(
        {
            "code": "x" * 43,
            "url": f"https://palio.example/team-invites/{'x' * 43}",
            "expires_at": NOW,
        }
    )

    code: str
    url: str
    expires_at: datetime


class JoinLinkOrder(Order):
    """A link by which people join without mail, even when sign-up is closed."""

    model_config = example({"role": None, "uses": 30, "days": 14})

    role: Role | None = None
    uses: int = Field(default=1, ge=1, le=10_000)
    days: int = Field(default=14, ge=1, le=365)


def team_view(team: Team) -> TeamView:
    """Show a team."""
    return TeamView.model_validate(team)
