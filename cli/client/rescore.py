"""The calls of the HTTP API by which an organizer scores everything again."""

from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote

from palio.cli.client.api import Api
from palio.cli.client.transfer import Progress, no_progress
from palio.cli.client.wire import decoded


class Rescore(TypedDict):
    """Where rescoring stands: what counts, the open set, what it would change."""

    active: dict[str, Any]
    open: dict[str, Any] | None
    progress: dict[str, Any] | None
    public: dict[str, Any] | None
    private: dict[str, Any] | None
    private_changed: int | None
    switches: list[dict[str, Any]]
    seen: str


class RescoreApi(Api):
    """One server, as an organizer; every method raises `ApiError`.

    A deed with the `seen` of a `Rescore` is about that one, and refused when it has moved on.
    """

    def shown(self, slug: str) -> Rescore:
        """Return where rescoring stands."""
        return self._wire.get(Rescore, _of(slug))

    def start_with_file(
        self, slug: str, path: Path, *, part: str, reason: str, progress: Progress = no_progress
    ) -> Rescore:
        """Open a set with a corrected solution.csv (answers) or a zip of a metric (metric)."""
        kind = "text/csv" if part == "answers" else "application/zip"
        answer = self._send_file(
            _of(slug, part),
            path,
            {},
            progress,
            params={"reason": reason},
            kind=kind,
            patient=False,
        )
        return decoded(Rescore, answer)

    def start_with_metrics(
        self, slug: str, *, metrics: list[dict[str, Any]], reason: str
    ) -> Rescore:
        """Open a set with other digits or parameters of the same metrics."""
        return self._posted(_of(slug, "metrics"), json={"reason": reason, "metrics": metrics})

    def apply(self, slug: str, *, seen: str = "") -> Rescore:
        """Let the open set count."""
        return self._posted(_of(slug, "application"), seen=seen)

    def undo(self, slug: str, *, reason: str, seen: str = "") -> Rescore:
        """Go back to the scores before."""
        return self._posted(_of(slug, "undo"), json={"reason": reason}, seen=seen)

    def retry(self, slug: str) -> Rescore:
        """Try again what failed too often by the server's fault."""
        return self._posted(_of(slug, "retry"))

    def abandon(self, slug: str, *, seen: str = "") -> Rescore:
        """Give the open set up."""
        return decoded(Rescore, self._wire.send("DELETE", _of(slug), params=_about(seen)))

    def _posted(self, path: str, *, json: object = None, seen: str = "") -> Rescore:
        return decoded(Rescore, self._wire.send("POST", path, json=json, params=_about(seen)))


def _about(seen: str) -> dict[str, str]:
    return {"seen": seen} if seen else {}


def _of(slug: str, *rest: str) -> str:
    return "/".join(("/api/v1/challenges", quote(slug, safe=""), "rescore", *rest))
