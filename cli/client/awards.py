"""The calls of the HTTP API about one award: what its team and its organizer do with it."""

import secrets
from pathlib import Path
from typing import Any, TypedDict
from urllib.parse import quote

from palio.cli.client.api import Api
from palio.cli.client.transfer import Progress, no_progress
from palio.cli.client.wire import decoded


class AwardFile(TypedDict):
    """Everything about one award."""

    award: dict[str, Any]
    gates: list[dict[str, Any]]
    split_number: int
    shares: list[dict[str, Any]]
    reruns: list[dict[str, Any]]
    needs_code: bool


class AwardApi(Api):
    """One server, for awards; every method raises `ApiError`."""

    def award(self, award_id: str) -> AwardFile:
        """Return everything about an award of one's team, or of a challenge one hosts."""
        return self._wire.get(AwardFile, _of(award_id))

    def move(self, award_id: str, move: str, *, words: str = "") -> AwardFile:
        """Take a step: accept, turn_down, hand_in; notify, forfeit, claw_back for organizers."""
        return self._change("POST", _of(award_id, "moves"), {"move": move, "words": words})

    def gate(
        self, award_id: str, gate: str, *, has_passed: bool, evidence_sha256: str, words: str
    ) -> AwardFile:
        """Record what was found at a gate."""
        order = {"has_passed": has_passed, "evidence_sha256": evidence_sha256, "words": words}
        return self._change("PUT", _of(award_id, "gates", gate), order)

    def split(self, award_id: str, parts: dict[str, int]) -> AwardFile:
        """Propose how the team shares, in basis points by handle."""
        return self._change("PUT", _of(award_id, "split"), {"parts": parts})

    def sign(self, award_id: str, number: int) -> AwardFile:
        """Sign the split of this number, if it still stands."""
        return self._change("POST", _of(award_id, "split", "signature"), {"split_number": number})

    def pay(self, award_id: str, handle: str, *, withheld: str, receipt_sha256: str) -> AwardFile:
        """Record that a member's share was sent."""
        order = {"withheld": withheld, "receipt_sha256": receipt_sha256}
        return self._change("POST", _of(award_id, "payments", handle), order)

    def tax_paid(self, award_id: str, handle: str, *, receipt_sha256: str) -> AwardFile:
        """Record that the tax withheld from a member's share was paid on."""
        order = {"receipt_sha256": receipt_sha256}
        return self._change("POST", _of(award_id, "payments", handle, "tax"), order)

    def payment_ended(self, award_id: str, handle: str, *, how: str) -> AwardFile:
        """Record that a payment arrived (``arrival``) or came back (``return``)."""
        return self._change("POST", _of(award_id, "payments", handle, how), None)

    def code(
        self, award_id: str, path: Path, *, delivery: str, progress: Progress = no_progress
    ) -> AwardFile:
        """Hand in the program behind a winning entry."""
        answer = self._send_file(
            _of(award_id, "code"),
            path,
            {"Idempotency-Key": secrets.token_urlsafe(24)},
            progress,
            params={"file_name": path.name, "delivery": delivery},
        )
        return decoded(AwardFile, answer)

    def _change(self, method: str, path: str, order: object) -> AwardFile:
        return decoded(AwardFile, self._wire.send(method, path, json=order))


def _of(*parts: str) -> str:
    return "/".join(("/api/v1/awards", *(quote(part, safe="") for part in parts)))
