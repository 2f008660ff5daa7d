"""Models from the command line: what is sent, how its way is shown, what to do when it breaks."""

import gzip
import io
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Palio, document
from tests.cli.fakes import DETAIL, SUBMISSION, Fake

from palio.cli.client.sending import is_model

SMOKE = {
    "outcome": "program_error",
    "fault": "participant",
    "words": "It ended with an exit code other than 0.",
    "hint": "The log says why.",
    "exit_code": 3,
    "killed_by": "nobody",
    "wall_seconds": 1.5,
    "cpu_seconds": 1.0,
    "peak_memory_bytes": 2**20,
    "log": "".join(f"line {n}\n" for n in range(100)) + "KeyError: \x1b[2J'user'\n",
    "is_log_cut": False,
    "reason": "",
    "started_at": "2026-12-01T12:00:00Z",
    "ended_at": "2026-12-01T12:00:02Z",
}


def stages(*states: str) -> list[dict[str, Any]]:
    names = ("received", "intake", "smoke", "hidden", "scoring")
    return [
        {"name": name, "state": state, "words": "", "at": None}
        for name, state in zip(names, states, strict=True)
    ]


FAILED: dict[str, Any] = SUBMISSION | {
    "state": "refused",
    "status": "On the public sample your program ended with an error.",
    "public_scores": [],
    "delivery": "code",
    "stages": stages("done", "done", "failed", "skipped", "skipped"),
    "runs": {"smoke": SMOKE, "hidden": None},
}


def tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO())
    return file.getvalue()


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


GIB = 2**30
OFFERED = DETAIL | {
    "offers": [
        {"delivery": name, "is_offered": True, "words": ""}
        for name in ("predictions", "code", "image")
    ],
    "models": {"code_max_bytes": 2**20, "image_max_bytes": GIB},
}
CHALLENGE = "GET /api/v1/challenges/mini"


@pytest.fixture
def fake(fake: Fake) -> Fake:
    fake.answers[CHALLENGE] = [OFFERED]
    return fake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "mine"
    path.mkdir()
    (path / "palio-model.toml").write_text('command = ["python", "main.py"]\n', encoding="utf-8")
    (path / "main.py").write_text("print(1)\n", encoding="utf-8")
    return path


def test_a_folder_is_packed_and_sent_as_code(signed_in: Palio, fake: Fake, folder: Path) -> None:
    result = signed_in("submit", "--code", folder, "-c", "mini", "--json")
    assert result.exit_code == 0, result.output
    _, request = fake.requests
    assert request.path == (
        "/api/v1/challenges/mini/submissions?file_name=mine.zip&note=&delivery=code"
    )
    with zipfile.ZipFile(io.BytesIO(request.body)) as archive:
        assert archive.namelist() == ["main.py", "palio-model.toml"]
    assert document(result)["submission_id"] == "s1"


def test_a_folder_that_is_no_model_is_refused_before_anything_is_sent(
    signed_in: Palio, fake: Fake, folder: Path
) -> None:
    (folder / "palio-model.toml").unlink()
    result = signed_in("submit", "--code", folder, "-c", "mini")
    assert (result.exit_code, fake.requests) == (1, [])
    assert "palio-model.toml" in result.stderr


@pytest.mark.parametrize(
    ("option", "content"),
    [("--image", gzip.compress(tar())), ("--code", zipped("main.py"))],
    ids=["image", "code"],
)
def test_a_file_is_sent_as_it_is(
    signed_in: Palio, fake: Fake, tmp_path: Path, option: str, content: bytes
) -> None:
    (tmp_path / "mine").write_bytes(content)
    result = signed_in("submit", option, tmp_path / "mine", "-c", "mini")
    assert result.exit_code == 0, result.output
    assert fake.requests[1].body == content
    assert f"file_name=mine&note=&delivery={option[2:]}" in fake.requests[1].path


@pytest.mark.parametrize(
    ("option", "content", "change", "words"),
    [
        ("--image", b"id,rating\n", {}, "is no container image"),
        ("--image", gzip.compress(b"id,rating\n"), {}, "is no container image"),
        ("--code", tar(), {}, "is no zip with code"),
        ("--code", zipped("main.py"), {"models": {"code_max_bytes": 9}}, "the limit for code is 9"),
        ("--code", zipped("main.py"), {"offers": OFFERED["offers"][:1]}, "it takes predictions."),
        ("--image", tar(), {"offers": [
            {"delivery": "image", "is_offered": False, "words": "No worker runs."}
        ]}, "No worker runs."),
    ],
    ids=["text", "gzip", "tar", "large", "not-taken", "not-now"],
)  # fmt: skip
def test_what_the_server_would_refuse_is_not_sent_at_all(
    signed_in: Palio,
    fake: Fake,
    tmp_path: Path,
    option: str,
    content: bytes,
    change: dict[str, Any],
    words: str,
) -> None:
    fake.answers[CHALLENGE] = [OFFERED | change]
    (tmp_path / "mine").write_bytes(content)
    result = signed_in("submit", option, tmp_path / "mine", "-c", "mini")
    assert (result.exit_code, [each.method for each in fake.requests]) == (1, ["GET"])
    assert words in result.stderr


@pytest.mark.parametrize("content", [tar(), zipped("palio-model.toml")], ids=["image", "code"])
def test_a_model_sent_as_predictions_is_not_sent_at_all(
    signed_in: Palio, fake: Fake, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "mine").write_bytes(content)
    result = signed_in("submit", tmp_path / "mine", "-c", "mini")
    assert (result.exit_code, fake.requests) == (1, [])
    assert "--code" in result.stderr


def test_two_things_at_once_are_wrong_usage(signed_in: Palio, fake: Fake, folder: Path) -> None:
    result = signed_in("submit", folder / "main.py", "--code", folder, "-c", "mini")
    assert (result.exit_code, fake.requests) == (2, [])
    assert "--image model.tar.gz" in result.stderr


def test_an_upload_that_breaks_for_good_tells_how_to_repeat_it_safely(
    signed_in: Palio, fake: Fake, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("palio.cli.client.wire.BACK_OFF_SECONDS", ())
    fake.faults = [None, "cut"]
    broken = signed_in("submit", "--code", folder, "-c", "mini")
    assert (broken.exit_code, "nothing counts twice" in broken.stderr) == (5, True)
    key = fake.requests[1].headers["idempotency-key"]
    assert f"--key {key}." in broken.stderr
    again = signed_in("submit", "--code", folder, "-c", "mini", "--key", key, "--json")
    assert (document(again)["is_new"], list(fake.by_key)) == (False, [key])


def test_wait_for_a_model_that_fails_shows_stages_and_the_log_and_is_code_1(
    signed_in: Palio, fake: Fake, folder: Path
) -> None:
    waiting = FAILED | {
        "state": "received",
        "status": "Waiting at place 2 of the queue.",
        "stages": stages("done", "done", "running", "waiting", "waiting"),
    }
    fake.answers["GET /api/v1/submissions/s1"] = [waiting, FAILED]
    result = signed_in("submit", "--code", folder, "-c", "mini", "--wait")
    assert result.exit_code == 1
    assert "smoke run: Waiting at place 2 of the queue." in result.stderr
    lines = result.stdout.splitlines()
    assert "  smoke run   failed, program_error, exit code 3, 1.5 s, 1 MiB" in lines
    assert "  hidden run  skipped" in lines
    assert "  | KeyError:  [2J'user'" in lines
    assert ("  | line 41" in lines, "  | line 40" in lines) == (True, False)
    assert "What it wrote in the smoke run, the end of it:" in lines


def test_the_whole_log_is_shown_on_demand_and_nothing_of_it_without(
    signed_in: Palio, fake: Fake
) -> None:
    good = FAILED | {
        "state": "scored",
        "stages": stages("done", "done", "done", "done", "done"),
        "runs": {"smoke": SMOKE | {"outcome": "finished", "exit_code": 0}, "hidden": None},
    }
    fake.answers["GET /api/v1/submissions/s1"] = [good]
    assert "line 99" not in signed_in("submission", "s1").stdout
    shown = signed_in("submission", "s1", "--log").stdout.splitlines()
    assert [line for line in shown if line == "  | line 0"] == ["  | line 0"]


def test_submissions_name_the_kind_where_there_are_models(signed_in: Palio, fake: Fake) -> None:
    path = "GET /api/v1/challenges/mini/submissions"
    fake.answers[path] = [{"items": [SUBMISSION], "next_cursor": None}]
    assert "kind" not in signed_in("submissions", "mini").stdout
    fake.answers[path] = [{"items": [FAILED, SUBMISSION], "next_cursor": None}]
    lines = signed_in("submissions", "mini").stdout.splitlines()
    assert lines[:2] == [
        "id\tat (UTC)\tkind\tstate\tscore\tfile",
        "s1\t12-01 12:00\tcode\trefused\t\tblend.csv",
    ]


@pytest.mark.parametrize(
    ("content", "is_one"),
    [
        (tar(), True),
        (gzip.compress(tar()), True),
        (zipped("palio-model.toml", "main.py"), True),
        (zipped("predictions.csv"), False),
        (gzip.compress(b"id,rating\n1,2\n"), False),
        (b"id,rating\n1,2\n", False),
        (b"", False),
        (b"\x1f\x8b\x08", False),
        (b"PK\x05\x06", False),
    ],
    ids=["tar", "tar.gz", "code", "csv.zip", "csv.gz", "csv", "empty", "cut-gzip", "cut-zip"],
)
def test_models_are_known_by_their_content(
    tmp_path: Path,
    *,
    content: bytes,
    is_one: bool,
) -> None:
    path = tmp_path / "thing"
    path.write_bytes(content)
    assert is_model(path) is is_one


def test_check_says_that_models_are_not_checked_this_way(
    signed_in: Palio, fake: Fake, folder: Path
) -> None:
    result = signed_in("check", folder, "-c", "mini")
    assert (result.exit_code, fake.requests) == (1, [])
    assert "palio model run" in result.stderr
