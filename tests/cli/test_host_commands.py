"""The organizer's commands, against the fake server; the real one is in test_against_a_server."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import Palio, document
from tests.cli.fakes import DETAIL, Fake, problem

OVERVIEW = {
    "teams": 12,
    "submissions": {"scored": 31, "refused": 2},
    "jobs": {"queued": 4, "running": 1, "done": 33},
    "pending": 5,
    "workers_alive": 0,
    "workers": [],
    "alarms": [
        {"id": "a1", "kind": "queue_quiet", "words": "Quiet.", "raised_at": "2026-12-01T12:00:00Z"}
    ],
}
CHALLENGE = DETAIL | {
    "state": "open",
    "phases": [{"name": "main", "closes_at": "2026-12-24T12:00:00Z"}],
}
LINK = {"code": "c", "url": "http://x/join/c", "expires_at": "2026-12-15T12:00:00Z"}
REASON = ("--reason", "The server was down.")


def test_status_shows_alarms_first_and_then_the_counts(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/mini/host"] = [OVERVIEW]
    fake.answers["GET /api/v1/challenges/mini"] = [CHALLENGE]
    assert signed_in("challenge", "status", "mini").stdout.splitlines() == [
        "Alarm a1 since 2026-12-01 12:00 UTC: Quiet.",
        "No worker is alive, so nothing is scored.",
        "state\topen",
        "phase main\tcloses 2026-12-24 12:00 UTC",
        "teams\t12",
        "submissions\t31 scored, 2 refused",
        "in the queue\t4",
        "running\t1",
        "scoring\t0 processes alive",
    ]
    assert document(signed_in("challenge", "status", "mini", "--json")) == OVERVIEW


def test_status_takes_an_alarm_away_before_it_looks(signed_in: Palio, fake: Fake) -> None:
    fake.answers["POST /api/v1/challenges/mini/alarms/a1/clearance"] = [{"status": 204}]
    fake.answers["GET /api/v1/challenges/mini/host"] = [OVERVIEW | {"alarms": []}]
    fake.answers["GET /api/v1/challenges/mini"] = [CHALLENGE]
    assert signed_in("challenge", "status", "mini", "--clear", "a1").exit_code == 0
    assert [request.method for request in fake.requests] == ["POST", "GET", "GET"]


@pytest.mark.parametrize("until", ["2026-12-24T00:00:00", "tomorrow"])
def test_extend_to_a_time_without_zone_asks_for_one_and_sends_nothing(
    signed_in: Palio, fake: Fake, until: str
) -> None:
    result = signed_in("challenge", "extend", "mini", "--phase", "a", "--until", until, *REASON)
    assert (result.exit_code, fake.requests) == (1, [])
    assert "Write 2026-12-24T00:00:00Z" in result.stderr


def test_invite_without_a_role_is_for_participants(signed_in: Palio, fake: Fake) -> None:
    fake.answers["POST /api/v1/challenges/mini/join-links"] = [LINK]
    result = signed_in("challenge", "invite", "mini", "--uses", "30")
    assert fake.requests[0].body == b'{"role":null,"uses":30,"days":14}'
    assert result.stdout.splitlines() == [
        "http://x/join/c",
        "For 30 people, until 2026-12-15 12:00 UTC. Shown this once.",
    ]


def test_grant_names_a_team_with_any_characters(signed_in: Palio, fake: Fake) -> None:
    path = "/api/v1/challenges/mini/teams/a%2Fb%20%26%20c/grants"
    fake.answers[f"POST {path}"] = [{"status": 204}]
    result = signed_in("challenge", "grant", "mini", "a/b & c", "--tries", "2", *REASON)
    assert (result.exit_code, fake.requests[0].body) == (
        0,
        b'{"tries":2,"reason":"The server was down."}',
    )


@pytest.mark.parametrize(
    ("code", "is_told"),
    [
        ("not_signed_in", True),
        ("scope_too_low", True),
        ("not_allowed", False),
        ("not_found", False),
    ],
)
def test_refusal_names_the_token_it_takes_where_that_is_the_fault(
    signed_in: Palio, fake: Fake, code: str, *, is_told: bool
) -> None:
    fake.answers["GET /api/v1/challenges/mini/host"] = [problem(403, code, "No.")]
    result = signed_in("challenge", "status", "mini")
    assert (result.exit_code, "--scope organize" in result.stderr) == (3, is_told)


@pytest.mark.slow  # a process of its own; test_against_a_server has one with everything
@pytest.mark.integration
def test_web_alone_answers_and_starts_no_worker(palio: Palio, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert palio("migrate", "--data", data).exit_code == 0
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run = [sys.executable, "-c", "from palio.cli.main import main; main()", "web"]
    with subprocess.Popen(
        [*run, "--port", str(port), "--data", str(data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = iter(process.stdout)
        while not (line := next(said)).startswith("Palio's web server is at"):
            assert line
        transport = httpx.HTTPTransport(retries=8)  # it listens a moment after it says so
        with httpx.Client(transport=transport) as client:
            found = client.get(f"http://127.0.0.1:{port}/healthz", timeout=30)
        process.send_signal(signal.SIGTERM)
        rest = "".join(said)
    assert found.json()["workers_alive"] == 0
    assert re.findall("Traceback|ERROR", rest) == []


def test_web_on_a_port_in_use_says_so(palio: Palio, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = palio("web", "--port", port, "--data", tmp_path / "data")
    assert result.exit_code == 5
    assert f"Something already listens at 127.0.0.1:{port}" in result.stderr
    assert not (tmp_path / "data" / "palio.sqlite3").exists()
