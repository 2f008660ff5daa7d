"""The calls of the HTTP API about people: profiles, ratings, thanks."""

from collections.abc import Mapping
from typing import TypedDict
from urllib.parse import quote

from palio.cli.client.answers import MoneyAmount
from palio.cli.client.api import Api
from palio.cli.client.wire import decoded


class Finish(TypedDict):
    """A ranked place on a final board."""

    challenge: str
    title: str
    rank: int
    teams: int
    medal: str | None
    points: float


class PrizeWon(TypedDict):
    """A prize given to somebody's team."""

    challenge: str
    title: str
    place: int
    money: MoneyAmount


class Mark(TypedDict):
    """What people said on one question; the mean is None below three ratings."""

    question: str
    count: int
    mean: float | None


class Disqualification(TypedDict):
    """A disqualification that is still shown."""

    challenge: str
    at: str


class Profile(TypedDict):
    """A person's public record."""

    handle: str
    display_name: str
    is_hidden: bool
    takes_invitations: bool
    tier: str
    points: float
    finishes: list[Finish]
    prizes: list[PrizeWon]
    reproduced: int
    organized: int
    marks: list[Mark]
    thanks: int
    disqualifications: list[Disqualification]


class FeedbackLine(TypedDict):
    """What may still be said about one person."""

    handle: str
    questions: list[str]
    may_thank: bool


class Feedback(TypedDict):
    """What the caller may still say after a challenge."""

    items: list[FeedbackLine]


class Invited(TypedDict):
    """How many were invited."""

    invited: int


class PeopleApi(Api):
    """One server; every method raises `ApiError`."""

    def profile(self, handle: str) -> Profile:
        """Return somebody's public record."""
        return self._wire.get(Profile, f"/api/v1/people/{quote(handle, safe='')}")

    def set_profile(self, *, is_hidden: bool, takes_invitations: bool) -> None:
        """Set what the own profile shows."""
        order = {"is_hidden": is_hidden, "takes_invitations": takes_invitations}
        self._wire.send("PUT", "/api/v1/me/profile", json=order)

    def rate(self, slug: str, *, handle: str, question: str, stars: int) -> None:
        """Give one to five stars on one question."""
        order = {"handle": handle, "question": question, "stars": stars}
        self._wire.send("POST", _of(slug, "ratings"), json=order)

    def thank(self, slug: str, *, handle: str) -> None:
        """Say thank you."""
        self._wire.send("POST", _of(slug, "thanks"), json={"handle": handle})

    def feedback(self, slug: str) -> Feedback:
        """Return whom the caller may still rate or thank."""
        return self._wire.get(Feedback, _of(slug, "feedback"))

    def invite_by_results(self, slug: str, order: Mapping[str, object]) -> Invited:
        """Invite people by tier, finishes, best percent and tag; for organizers."""
        answer = self._wire.send("POST", _of(slug, "invitations"), json=dict(order))
        return decoded(Invited, answer)


def _of(slug: str, what: str) -> str:
    return f"/api/v1/challenges/{quote(slug, safe='')}/{what}"
