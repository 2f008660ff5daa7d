"""The calls of the HTTP API about evidence and cases, for both sides."""

from typing import Any, NotRequired, TypedDict
from urllib.parse import quote

from palio.cli.client.api import Api
from palio.cli.client.wire import decoded


class Desk(TypedDict):
    """What scans found in a challenge."""

    scan: dict[str, Any] | None
    findings: list[dict[str, Any]]


class Scan(TypedDict):
    """A look over all teams."""

    id: str
    state: str
    notes: list[str]


class DeskFinding(TypedDict):
    """One finding."""

    id: str
    evidence: dict[str, Any]
    dismissed: str


class Case(TypedDict):
    """A case as the caller may see it."""

    id: str
    challenge: str
    team: dict[str, Any]
    state: str
    words: str
    due_at: str | None
    decision: NotRequired[str | None]
    reason: NotRequired[str | None]
    outcome: NotRequired[str | None]
    evidence: list[dict[str, Any]]
    steps: list[dict[str, Any]]


class Cases(TypedDict):
    """The cases that are the caller's business."""

    items: list[Case]


class CasesApi(Api):
    """One server; every method raises `ApiError`."""

    def desk(self, slug: str) -> Desk:
        """Return what scans found."""
        return self._wire.get(Desk, _at("challenges", slug, "evidence"))

    def ask_scan(self, slug: str) -> Scan:
        """Ask for a scan."""
        path = _at("challenges", slug, "evidence", "scans")
        return decoded(Scan, self._wire.send("POST", path))

    def dismiss(self, slug: str, finding: str, *, words: str) -> DeskFinding:
        """Set a finding aside."""
        path = _at("challenges", slug, "evidence", "findings", finding, "dismissal")
        return decoded(DeskFinding, self._wire.send("POST", path, json={"words": words}))

    def cases(self, slug: str) -> Cases:
        """Return the cases of a challenge that are the caller's business."""
        return self._wire.get(Cases, _at("challenges", slug, "cases"))

    def case(self, case_id: str) -> Case:
        """Return one case."""
        return self._wire.get(Case, _at("cases", case_id))

    def open_case(self, slug: str, *, team: str, findings: list[str], words: str) -> Case:
        """Open a case against a team, named by id or name."""
        order = {"team": team, "findings": findings, "words": words}
        answer = self._wire.send("POST", _at("challenges", slug, "cases"), json=order)
        return decoded(Case, answer)

    def step(self, case_id: str, *step: str, order: dict[str, Any] | None = None) -> Case:
        """Take a step: notice, withdrawal, reply, decision, appeal, or appeal/decision."""
        answer = self._wire.send("POST", _at("cases", case_id, *step), json=order or {})
        return decoded(Case, answer)


def _at(*parts: str) -> str:
    return "/".join(("/api/v1", *(quote(part, safe="") for part in parts)))
