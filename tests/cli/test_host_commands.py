"""The organizer's commands, against the fake server for words and the real one for deeds."""

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import PASSWORD, Palio, Site, document, make_pack
from tests.cli.fakes import Fake, problem
from tests.cli.test_against_a_server import log_in

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
LINK = {"code": "c", "url": "http://x/join/c", "expires_at": "2026-12-15T12:00:00Z"}
REASON = ("--reason", "The server was down.")


def test_status_shows_alarms_first_and_then_the_counts(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/mini/host"] = [OVERVIEW]
    assert signed_in("challenge", "status", "mini").stdout.splitlines() == [
        "Alarm a1 since 2026-12-01 12:00 UTC: Quiet.",
        "No worker is alive, so nothing is scored.",
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
    assert signed_in("challenge", "status", "mini", "--clear", "a1").exit_code == 0
    assert [request.method for request in fake.requests] == ["POST", "GET"]


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
    ("code", "is_told"), [("scope_too_low", True), ("not_allowed", False), ("not_found", False)]
)
def test_refusal_names_the_token_it_takes_where_that_is_the_fault(
    signed_in: Palio, fake: Fake, code: str, *, is_told: bool
) -> None:
    fake.answers["GET /api/v1/challenges/mini/host"] = [problem(403, code, "No.")]
    result = signed_in("challenge", "status", "mini")
    assert (result.exit_code, "--scope organize" in result.stderr) == (3, is_told)


@pytest.mark.integration
def test_organizer_runs_a_challenge_from_the_command_line(
    palio: Palio, site: Site, tmp_path: Path
) -> None:
    log_in(palio, site, "ada")
    assert palio("rules", "film-night", "--accept").exit_code == 0
    if palio("team", "show", "film-night").exit_code:
        assert palio("team", "create", "Ada / Lovelace", "-c", "film-night").exit_code == 0
    team = document(palio("team", "show", "film-night", "--json"))["name"]
    before = document(palio("quota", "film-night", "--json"))["remaining"]

    log_in(palio, site, "olga", scope="organize")
    granted = palio("challenge", "grant", "film-night", team, "--tries", "3", *REASON)
    assert granted.exit_code == 0, granted.output
    nobody = palio("challenge", "grant", "film-night", "nobody", "--tries", "3", *REASON, "--json")
    assert (nobody.exit_code, document(nobody)["error"]["code"]) == (4, "team_not_found")
    assert document(palio("challenge", "status", "film-night", "--json"))["teams"] >= 1

    pack = make_pack(tmp_path / "fourth-night")
    assert palio("challenge", "publish", pack, "--server", site.address).exit_code == 0
    (phase,) = document(palio("challenge", "show", "fourth-night", "--json"))["phases"]
    extend = ("challenge", "extend", "fourth-night", "--phase", phase["name"], *REASON, "--until")
    later = document(palio(*extend, "2097-01-01T01:00:00+01:00", "--json"))
    assert later["phases"][0]["closes_at"] == "2097-01-01T00:00:00Z"
    sooner = palio(*extend, "2095-01-01T00:00:00Z", "--json")
    assert (sooner.exit_code, document(sooner)["error"]["code"]) == (1, "bad_extension")
    early = palio("challenge", "archive", "fourth-night", "--json")
    assert (early.exit_code, document(early)["error"]["code"]) == (1, "illegal_state")

    log_in(palio, site, "ada")
    assert document(palio("quota", "film-night", "--json"))["remaining"] == before + 3


@pytest.mark.integration
def test_judge_comes_in_by_a_link(palio: Palio, site: Site) -> None:
    log_in(palio, site, "olga", scope="organize")
    made = palio("challenge", "invite", "film-night", "--role", "judge", "--json")
    code = document(made)["code"]
    signed_up = palio(
        *("sign-up", site.address, "--handle", "judy", "--join-code", code, "--password-stdin"),
        text=f"{PASSWORD}\n",
    )
    assert signed_up.exit_code == 0, signed_up.output
    log_in(palio, site, "judy")
    assert palio("challenge", "status", "film-night").exit_code == 0
    assert palio("challenge", "status", "film-night", "--server", site.address).exit_code == 0


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
