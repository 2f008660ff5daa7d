"""The participant's commands as a person or a script sees them: words, documents, exit codes."""

import stat
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Palio, document
from tests.cli.fakes import SUBMISSION, Fake, problem

from palio.cli.client import config
from palio.cli.client.config import Account

ADA = {"id": "p1", "handle": "ada", "display_name": "Ada L.", "is_admin": False}
TOKEN = {"id": "7", "token": "palio_7_secret", "expires_at": "2027-03-01T12:00:00Z"}
RULES = {"sha256": "ab" * 32, "markdown": "# Rules\n\nPlay fair."}
LINE = {
    "slug": "mini",
    "title": "Netflix Prize, small",
    "tagline": "Predict ratings.",
    "state": "open",
    "organizer": "Palio",
    "opens_at": "2026-11-22T00:00:00Z",
    "closes_at": "2026-12-22T00:00:00Z",
    "teams": 12,
}
QUOTA = {
    "remaining": 0,
    "used_today": 5,
    "used_total": 5,
    "next_try_at": "2026-12-02T00:00:00Z",
    "lines": [
        {
            "at": "2026-12-01T12:00:00Z",
            "day": "2026-12-01",
            "change": 1,
            "cause": "submitted",
            "submission_id": "s1",
            "note": "",
        }
    ],
}
ROW = {
    "rank": 1,
    "team": "Pragmatic Chaos",
    "kind": "competitor",
    "score": "0.8972",
    "improvement": "5.71",
    "entries": 7,
    "received_at": "2026-12-01T12:00:00Z",
    "team_id": "t1",
    "rank_low": None,
    "rank_high": None,
}
BASELINE = ROW | {"rank": None, "team": "Cinematch", "kind": "baseline", "improvement": None}
BOARD = {
    "board": "public",
    "rule": "Ranked by rmse.",
    "made_at": "2026-12-01T12:00:00Z",
    "items": [ROW, BASELINE],
    "lines": [],
    "next_cursor": None,
}
FINDING = {
    "code": "value:not_a_number",
    "text": "“five” is not a number.",
    "line": 3,
    "hint": "Write 5.",
}


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "blend.csv"
    path.write_bytes(b"abc")
    return path


def test_login_keeps_a_token_that_only_the_owner_can_read(
    palio: Palio, fake: Fake, config_file: Path
) -> None:
    fake.answers["POST /api/v1/tokens"] = [TOKEN]
    args = ("login", fake.address, "--handle", "ada", "--password-stdin", "--json")
    result = palio(*args, text="correct horse battery\n")
    assert result.exit_code == 0, result.output
    assert document(result)["handle"] == "ada"
    assert b'"password":"correct horse battery"' in fake.requests[0].body.replace(b": ", b":")
    assert stat.S_IMODE(config_file.stat().st_mode) == 0o600
    assert config.read(config_file) == config.Config(
        fake.address, {fake.address: Account("ada", "palio_7_secret", "7")}
    )


def test_login_with_a_token_asks_whose_it_is(palio: Palio, fake: Fake, config_file: Path) -> None:
    fake.answers["GET /api/v1/me"] = [{"person": ADA, "scope": "read"}]
    result = palio("login", fake.address, "--token", "palio_9_secret")
    assert result.exit_code == 0, result.output
    assert config.read(config_file).account(fake.address) == Account("ada", "palio_9_secret", "9")


def test_login_when_refused_keeps_nothing(palio: Palio, fake: Fake, config_file: Path) -> None:
    fake.answers["POST /api/v1/tokens"] = [problem(401, "wrong_login", "Handle or password.")]
    result = palio("login", fake.address, "--handle", "ada", "--password-stdin", text="no\n")
    assert (result.exit_code, config_file.exists()) == (3, False)
    assert "error: Handle or password." in result.stderr


def test_login_when_nobody_can_be_asked_says_what_to_add(palio: Palio, fake: Fake) -> None:
    result = palio("login", fake.address, "--handle", "ada")
    assert result.exit_code == 1
    assert "--password-stdin" in result.stderr


def test_messages_shows_what_is_unread_oldest_first_and_marks_it(
    signed_in: Palio, fake: Fake
) -> None:
    at = "2026-12-01T12:00:00Z"
    won = {"id": "m2", "challenge": "mini", "text": "You have won.\nAccept it.", "at": at}
    hello = {"id": "m1", "challenge": None, "text": "Hello.", "at": at, "read_at": at}
    fake.answers["GET /api/v1/messages"] = [
        {"items": [won | {"read_at": None}], "next_cursor": "x"},
        {"items": [hello], "next_cursor": None},
        {"items": [won | {"read_at": at}, hello], "next_cursor": None},
    ]
    fake.answers["POST /api/v1/messages/read"] = [{"status": 204}]
    assert signed_in("messages").stdout.splitlines() == [
        "2026-12-01 12:00 UTC mini",
        "  You have won.",
        "  Accept it.",
    ]
    assert fake.requests[-1].body == b'{"ids":["m2"]}'
    assert signed_in("messages").stdout == "Nothing new. What you have read: --all\n"
    assert signed_in("messages", "--all").stdout.splitlines()[:2] == [
        "2026-12-01 12:00 UTC",
        "  Hello.",
    ]
    assert [request.method for request in fake.requests] == ["GET", "GET", "POST", "GET", "GET"]


def test_logout_revokes_and_forgets(signed_in: Palio, fake: Fake, config_file: Path) -> None:
    fake.answers["DELETE /api/v1/tokens/7"] = [{"status": 204}]
    assert signed_in("logout").exit_code == 0
    assert config.read(config_file).account(fake.address) == Account()
    assert [request.method for request in fake.requests] == ["DELETE"]


def test_token_from_the_environment_wins_over_the_file(
    signed_in: Palio, fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALIO_TOKEN", "palio_8_other")
    fake.answers["GET /api/v1/me"] = [{"person": ADA, "scope": "submit"}]
    assert signed_in("whoami").exit_code == 0
    assert fake.requests[0].headers["authorization"] == "Bearer palio_8_other"


def test_token_of_one_server_is_never_sent_to_another(
    signed_in: Palio, fake: Fake, config_file: Path
) -> None:
    other = Account("ada", "palio_1_for_other", "1")
    config.write(config_file, config.Config().with_account("http://other.example", other))
    fake.answers["GET /api/v1/challenges"] = [{"items": [LINE], "next_cursor": None}]
    result = signed_in("challenges", "--server", fake.address)
    assert result.exit_code == 0, result.output
    assert "authorization" not in fake.requests[0].headers


def test_challenges_in_a_pipe_are_tab_separated_and_whole(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges"] = [{"items": [LINE], "next_cursor": None}]
    assert signed_in("challenges").stdout == (
        "challenge\ttitle\tstate\tcloses\tteams\n"
        "mini\tNetflix Prize, small\topen\t2026-12-22 00:00 UTC\t12\n"
    )


def test_text_of_others_cannot_steer_the_terminal(signed_in: Palio, fake: Fake) -> None:
    evil = LINE | {"title": "a\x1b[2Jb\tc\nd"}
    fake.answers["GET /api/v1/challenges"] = [{"items": [evil], "next_cursor": None}]
    assert signed_in("challenges").stdout.splitlines()[1].split("\t")[1] == "a [2Jb c d"


def test_rules_are_accepted_with_the_hash_of_what_was_read(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/mini/rules"] = [RULES]
    fake.answers["POST /api/v1/challenges/mini/rules/acceptance"] = [{"status": 204}]
    result = signed_in("rules", "mini", "--accept", "--json")
    assert document(result) == RULES | {"accepted": True}
    assert fake.requests[1].body == b'{"sha256":"' + b"ab" * 32 + b'"}'


def test_data_without_accepted_rules_says_so_with_code_3(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/mini/data"] = [
        problem(403, "rules_not_accepted", "Accept the rules first.")
    ]
    result = signed_in("data", "mini")
    assert (result.exit_code, result.stderr) == (3, "error: Accept the rules first.\n")


def test_data_of_a_server_that_points_outside_the_folder_is_refused(
    signed_in: Palio, fake: Fake, tmp_path: Path
) -> None:
    item = {"path": "../evil.csv", "bytes": 3, "sha256": "0" * 64}
    fake.answers["GET /api/v1/challenges/mini/data"] = [{"items": [item]}]
    result = signed_in("data", "mini", "--out", tmp_path / "out")
    assert (result.exit_code, (tmp_path / "evil.csv").exists()) == (1, False)
    assert "outside the folder" in result.stderr


def test_check_of_a_bad_file_lists_the_faults_and_fails(
    signed_in: Palio, fake: Fake, predictions: Path
) -> None:
    verdict = {"verdict": "refused", "rows": None, "findings": [FINDING]}
    fake.answers["POST /api/v1/challenges/mini/checks"] = [verdict]
    result = signed_in("check", predictions, "--challenge", "mini")
    assert result.exit_code == 1
    assert result.stdout == (
        "blend.csv would be refused:\n"
        "  line 3: value:not_a_number: “five” is not a number.\n"
        "    Write 5.\n"
        "This check cost no try.\n"
    )


def test_submit_and_wait_as_json_gives_the_public_score(
    signed_in: Palio, fake: Fake, predictions: Path
) -> None:
    fake.answers["GET /api/v1/submissions/s1"] = [SUBMISSION]
    result = signed_in("submit", predictions, "-c", "mini", "--wait", "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    assert document(result)["public_scores"] == [{"metric": "rmse", "score": "0.8972"}]


@pytest.mark.parametrize(("state", "exit_code"), [("refused", 1), ("failed", 1), ("errored", 5)])
def test_submit_and_wait_for_a_submission_that_gets_no_score_fails(
    signed_in: Palio, fake: Fake, predictions: Path, state: str, exit_code: int
) -> None:
    ended = SUBMISSION | {"state": state, "status": "Why.", "public_scores": []}
    fake.answers["GET /api/v1/submissions/s1"] = [ended | {"findings": [FINDING]}]
    result = signed_in("submit", predictions, "-c", "mini", "--wait")
    assert result.exit_code == exit_code
    assert f"state\t{state}\n" in result.stdout
    assert "line 3: value:not_a_number" in result.stdout


def test_submit_and_wait_too_long_gives_the_submission_and_code_6(
    signed_in: Palio, fake: Fake, predictions: Path
) -> None:
    fake.answers["GET /api/v1/submissions/s1"] = [
        SUBMISSION | {"state": "received", "status": "Waiting at place 9 of the queue."}
    ]
    result = signed_in("submit", predictions, "-c", "mini", "--wait", "--timeout", 1, "--json")
    assert (result.exit_code, document(result)["state"]) == (6, "received")
    assert "Waiting at place 9 of the queue." in result.stderr


def test_challenge_of_use_is_the_one_meant(signed_in: Palio, fake: Fake, config_file: Path) -> None:
    known = config.read(config_file)
    account = Account("ada", "palio_7_secret", "7", challenge="mini")
    config.write(config_file, known.with_account(fake.address, account))
    fake.answers["GET /api/v1/challenges/mini/quota"] = [QUOTA]
    result = signed_in("quota")
    assert result.stdout.splitlines()[0] == "No tries left; the next one at 2026-12-02 00:00 UTC."
    assert "2026-12-01 12:00\t-1\tsubmitted" in result.stdout


def test_command_without_a_challenge_asks_which(signed_in: Palio) -> None:
    result = signed_in("quota")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[0] == "error: Which challenge?"


def test_leaderboard_marks_baselines_and_ranks_the_others(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/mini/leaderboard"] = [BOARD]
    lines = signed_in("leaderboard", "mini").stdout.splitlines()
    assert lines[2:] == [
        "rank\tteam\tscore\tbetter by\tentries\tat (UTC)",
        "1\tPragmatic Chaos\t0.8972\t5.71 %\t7\t12-01 12:00",
        "\tCinematch (baseline)\t0.8972\t\t\t12-01 12:00",
    ]


def test_leaderboard_sorts_lines_in_and_shows_what_a_rank_could_be(
    signed_in: Palio, fake: Fake
) -> None:
    line = {
        "kind": "prize",
        "title": "Grand prize",
        "score": "0.8563",
        "improvement": "10.00",
        "position": 1,
    }
    sure = ROW | {"rank_low": 1, "rank_high": 3}
    fake.answers["GET /api/v1/challenges/mini/leaderboard"] = [
        BOARD | {"items": [sure], "lines": [line]}
    ]
    asked = signed_in("leaderboard", "mini", "--board", "late", "--at", "2026-12-01T12:00:00Z")
    assert asked.stdout.splitlines()[3:] == [
        "1 (1-3)\tPragmatic Chaos\t0.8972\t5.71 %\t7\t12-01 12:00",
        "\t-- Grand prize --\t0.8563\t10.00 %\t\t",
    ]
    assert "board=late" in fake.requests[-1].path
    assert "at=2026-12-01T12%3A00%3A00Z" in fake.requests[-1].path


def test_leaderboard_says_why_a_team_stands_where_it_does(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/mini/leaderboard"] = [BOARD]
    why = {
        "rule": "Ranked by rmse.",
        "row": ROW | {"rank": 2},
        "values": ["0.8972"],
        "better": [{"values": ["0.8970"], "rows": 1}],
        "ties": [{"team": "bob", "received_at": "2026-12-01T12:00:00Z"}],
        "deeds": [{"at": "2026-12-01T12:00:00Z", "action": "x.y", "words": "It was extended."}],
    }
    fake.answers["GET /api/v1/challenges/mini/leaderboard/rows/t1"] = [why]
    lines = signed_in("leaderboard", "mini", "--why", "Pragmatic Chaos").stdout.splitlines()
    assert lines[0] == "Pragmatic Chaos: rank 2"
    assert "It has 0.8972; 1 row is strictly better." in lines
    assert "The nearest of them has 0.8970." in lines


def test_leaderboard_with_all_joins_the_pages(signed_in: Palio, fake: Fake) -> None:
    fake.answers["GET /api/v1/challenges/mini/leaderboard"] = [
        BOARD | {"items": [ROW], "next_cursor": "x"},
        BOARD | {"items": [BASELINE]},
    ]
    board = document(signed_in("leaderboard", "mini", "--all", "--json"))
    assert ([row["team"] for row in board["items"]], board["next_cursor"]) == (
        ["Pragmatic Chaos", "Cinematch"],
        None,
    )


@pytest.mark.parametrize(
    ("answer", "exit_code"),
    [
        (problem(401, "not_signed_in", "Sign in."), 3),
        (problem(403, "scope_too_low", "No."), 3),
        (problem(404, "not_found", "No."), 4),
        (problem(409, "closed", "Over."), 1),
        (problem(500, "server_error", "Broken."), 5),
    ],
)
def test_error_as_json_is_one_document_with_its_exit_code(
    signed_in: Palio, fake: Fake, answer: dict[str, Any], exit_code: int
) -> None:
    fake.answers["GET /api/v1/me"] = [answer]
    result = signed_in("whoami", "--json")
    error = document(result)["error"]
    assert (result.exit_code, error["exit_code"], error["code"]) == (
        exit_code,
        exit_code,
        answer["code"],
    )


def test_server_that_is_not_there_is_said_in_words_and_code_5(palio: Palio) -> None:
    result = palio("challenges", "--server", "http://127.0.0.1:1")
    assert result.exit_code == 5
    assert result.stderr.splitlines()[0] == (
        "error: Cannot reach http://127.0.0.1:1: nothing listens there (connection refused)."
    )


def test_wrong_usage_is_code_2(palio: Palio) -> None:
    assert palio("submit").exit_code == 2
    assert palio("nonsense").exit_code == 2


def test_broken_configuration_is_said_in_words(palio: Palio, config_file: Path) -> None:
    config_file.parent.mkdir()
    config_file.write_text("server = [", encoding="utf-8")
    result = palio("whoami")
    assert result.exit_code == 1
    assert "palio login" in result.stderr
