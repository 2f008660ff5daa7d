"""The calls of the HTTP API about what counts: finals, withdrawals, disqualifications, mergers."""

from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

from palio.cli.client import answers
from palio.cli.client.api import Api
from palio.cli.client.wire import decoded


class Finals(TypedDict):
    """What would count of a team now."""

    rule: str
    limit: int
    items: list[dict[str, Any]]
    until: str
    untold: int
    words: str


class Exclusion(TypedDict):
    """A disqualification."""

    id: str
    team: dict[str, str]
    submission_id: str | None
    reason: str
    title: str
    words: str
    made_at: str
    lifted_at: str | None
    lifted_words: str


class Exclusions(TypedDict):
    """Disqualifications, newest first."""

    items: list[Exclusion]


class Preview(TypedDict):
    """What two teams would be together."""

    our_name: str
    their_name: str
    our_members: list[str]
    their_members: list[str]
    max_members: int
    phases: list[dict[str, Any]]
    choices_end: bool
    divisions_end: NotRequired[list[str]]  # servers of before have none
    until: str
    obstacles: list[str]


class Merger(TypedDict):
    """A proposal that two teams become one."""

    id: str
    proposer_name: str
    other_name: str
    is_ours: bool
    name: str
    captain: str
    state: str
    is_current: bool
    made_at: str
    preview: Preview | None


class Mergers(TypedDict):
    """Proposals, newest first."""

    items: list[Merger]


class StandingApi(Api):
    """One server; every method raises `ApiError`."""

    def finals(self, slug: str) -> Finals:
        """Return what would count of the person's team now."""
        return self._wire.get(Finals, _of(slug, "finals"))

    def withdraw(self, submission_id: str, *, is_withdrawn: bool, words: str) -> answers.Submission:
        """Withdraw a submission or take that back; `words` make it an organizer's deed."""
        path = f"/api/v1/submissions/{quote(submission_id, safe='')}/withdrawal"
        order = {"withdrawn": is_withdrawn, "words": words}
        return decoded(answers.Submission, self._wire.send("PUT", path, json=order))

    def exclusions(self, slug: str) -> Exclusions:
        """Return every disqualification of a challenge."""
        return self._wire.get(Exclusions, _of(slug, "exclusions"))

    def disqualify(
        self, slug: str, *, team: str, submission_id: str, reason: str, words: str
    ) -> Exclusion:
        """Disqualify a team, named by id or name, or one of its submissions."""
        order = {
            "team": team,
            "submission_id": submission_id or None,
            "reason": reason,
            "words": words,
        }
        return decoded(Exclusion, self._wire.send("POST", _of(slug, "exclusions"), json=order))

    def lift(self, slug: str, exclusion_id: str, *, words: str) -> Exclusion:
        """Take a disqualification back."""
        path = _of(slug, "exclusions", exclusion_id, "lifting")
        return decoded(Exclusion, self._wire.send("POST", path, json={"words": words}))

    def mergers(self, slug: str) -> Mergers:
        """Return the proposals from and to the person's team."""
        return self._wire.get(Mergers, _of(slug, "team", "mergers"))

    def preview(self, slug: str, *, team: str) -> Preview:
        """Return what the person's team and another one would be together."""
        path = f"{_of(slug, 'team', 'mergers', 'preview')}?team={quote(team, safe='')}"
        return self._wire.get(Preview, path)

    def propose(self, slug: str, *, team: str, name: str, captain: str) -> Merger:
        """Propose a merger to another team."""
        order = {"team": team, "name": name, "captain": captain}
        return decoded(Merger, self._wire.send("POST", _of(slug, "team", "mergers"), json=order))

    def decide(self, slug: str, merger_id: str, *, decision: str) -> answers.Team:
        """Accept, decline or withdraw a proposal."""
        path = _of(slug, "team", "mergers", merger_id, "decision")
        return decoded(answers.Team, self._wire.send("POST", path, json={"decision": decision}))


def _of(slug: str, *rest: str) -> str:
    return "/".join(("/api/v1/challenges", *(quote(part, safe="") for part in (slug, *rest))))
