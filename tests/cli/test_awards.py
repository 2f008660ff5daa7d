"""One award from the command line: the order that each command sends, and what it shows."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Palio
from tests.cli.fakes import Fake

from palio.cli.client.commands.awards import NEXT
from palio.prizes.contracts import AwardState

AT = "/api/v1/awards/a1"
FILE: dict[str, Any] = {
    "award": {
        "id": "a1",
        "title": "First prize",
        "money": {"minor": 100_000, "currency": "EUR", "text": "EUR 1,000.00"},
        "team": "Three",
        "state": "notified",
        "due_at": "2026-12-01T12:00:00Z",
    },
    "gates": [
        {"gate": "identity", "has_passed": False, "evidence_sha256": "", "words": "A", "at": None}
    ],
    "split_number": 3,
    "shares": [
        {
            "handle": handle,
            "basis_points": points,
            "money": None,
            "has_signed": handle == "ada",
            "payment": "none",
        }
        for handle, points in (("ada", 6000), ("bob", 4000))
    ],
    "reruns": [],
    "needs_code": False,
}
SHA256 = hashlib.sha256(b"a document").hexdigest()


@pytest.mark.parametrize(
    ("command", "request_line", "order"),
    [
        (["accept", "a1"], f"POST {AT}/moves", {"move": "accept", "words": ""}),
        (["turn-down", "a1"], f"POST {AT}/moves", {"move": "turn_down", "words": ""}),
        (["hand-in", "a1"], f"POST {AT}/moves", {"move": "hand_in", "words": ""}),
        (["notify", "a1"], f"POST {AT}/moves", {"move": "notify", "words": ""}),
        (["end", "a1", "--words", "No"], f"POST {AT}/moves", {"move": "forfeit", "words": "No"}),
        (
            ["claw-back", "a1", "--words", "No"],
            f"POST {AT}/moves",
            {"move": "claw_back", "words": "No"},
        ),
        (
            ["split", "a1", "ada=66.67", "bob=33.33"],
            f"PUT {AT}/split",
            {"parts": {"ada": 6667, "bob": 3333}},
        ),
        (["sign", "a1", "ada=60", "bob=40"], f"POST {AT}/split/signature", {"split_number": 3}),
        (
            ["check", "a1", "identity", "--failed", "--words", "Unreadable"],
            f"PUT {AT}/gates/identity",
            {"has_passed": False, "evidence_sha256": "", "words": "Unreadable"},
        ),
        (
            ["pay", "a1", "ada", "--receipt", "document", "--withheld", "100.50"],
            f"POST {AT}/payments/ada",
            {"withheld": "100.50", "receipt_sha256": SHA256},
        ),
        (
            ["tax-paid", "a1", "ada", "--receipt", "document"],
            f"POST {AT}/payments/ada/tax",
            {"receipt_sha256": SHA256},
        ),
        (["arrived", "a1", "ada"], f"POST {AT}/payments/ada/arrival", None),
        (["returned", "a1", "ada"], f"POST {AT}/payments/ada/return", None),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_sends_its_order(
    signed_in: Palio,
    fake: Fake,
    tmp_path: Path,
    command: list[str],
    request_line: str,
    order: object,
) -> None:
    document = tmp_path / "document"
    document.write_bytes(b"a document")
    fake.answers = {request_line: [FILE], f"GET {AT}": [FILE]}
    words = [str(document) if word == "document" else word for word in command]
    result = signed_in("award", *words)
    assert result.exit_code == 0, result.output
    sent = fake.requests[-1]
    assert f"{sent.method} {sent.path}" == request_line
    assert (json.loads(sent.body) if sent.body else None) == order
    assert "First prize, EUR 1,000.00, Three: notified" in result.output
    assert "40.00 %" in result.output


def test_parts_that_do_not_stand_are_not_signed(signed_in: Palio, fake: Fake) -> None:
    fake.answers = {f"GET {AT}": [FILE]}
    result = signed_in("award", "sign", "a1", "ada=50", "bob=50")
    assert result.exit_code != 0
    assert "not the parts as they stand" in result.stderr
    assert [sent.method for sent in fake.requests] == ["GET"]


def test_award_says_whose_turn_it_is_and_the_command_for_it(signed_in: Palio, fake: Fake) -> None:
    fake.answers = {f"GET {AT}": [FILE]}
    assert signed_in("award", "show", "a1").stdout.splitlines()[:3] == [
        "First prize, EUR 1,000.00, Three: notified",
        "The captain takes it: palio award accept a1 (or turn-down)",
        "until 2026-12-01 12:00 UTC",
    ]


def test_every_state_that_waits_for_somebody_names_them() -> None:
    settled = {
        AwardState.CONFIRMED,
        AwardState.DECLINED,
        AwardState.FORFEITED,
        AwardState.DISQUALIFIED,
        AwardState.SUPERSEDED,
        AwardState.CLAWED_BACK,
    }
    assert set(NEXT) == set(AwardState) - settled
