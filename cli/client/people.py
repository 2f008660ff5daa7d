"""The calls of the HTTP API about people: profiles, ratings, thanks."""

from urllib.parse import quote

from palio.cli.client import answers
from palio.cli.client.api import Api


class PeopleApi(Api):
    """One server; every method raises `ApiError`."""

    def profile(self, handle: str) -> answers.Profile:
        """Return somebody's public record."""
        return self._wire.get(answers.Profile, f"/api/v1/people/{quote(handle, safe='')}")

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


def _of(slug: str, what: str) -> str:
    return f"/api/v1/challenges/{quote(slug, safe='')}/{what}"
