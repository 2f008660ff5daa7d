"""`palio model`: the folder to begin with, the zip, and the words around a run at home."""

import hashlib
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from tests.cli.conftest import Palio, document
from tests.cli.fakes import DETAIL, Fake

from palio.cli.client import outcomes
from palio.cli.client.commands import model
from palio.sandbox import choose, model_box
from palio.sandbox.model_box import DEFAULT_LIMITS
from palio.sandbox.outcome import Killer, Outcome
from palio.sandbox.runtime import build
from palio.sandbox.runtime.packages import RuntimeBuildError
from palio.sandbox.spec import Collected, Level, Limits, Probe, RunReport, RuntimeRoot

REPORT = RunReport(
    outcome=Outcome.PROGRAM_ERROR,
    exit_code=3,
    killed_by=Killer.NOBODY,
    wall_seconds=1.25,
    cpu_seconds=0.5,
    peak_memory_bytes=3 * 2**20,
    log=b"hello\n\x1b[2Jbad\n",
    is_log_cut=False,
    collected=(),
)
MODELS = {
    "seconds": 60,
    "memory_bytes": 2**30,
    "cpus": 2.0,
    "processes": 32,
    "output_bytes": 1000,
    "scratch_bytes": 2000,
    "image_max_bytes": 5,
    "code_max_bytes": 6,
    "has_sample_answers": True,
}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Callable[[RunReport], list[Limits]]:
    """Let the box of this machine be one that ends with a given report; gives the limits asked."""

    def ends_with(report: RunReport) -> list[Limits]:
        asked: list[Limits] = []

        def rehearse(_box: object, *, limits: Limits, out: Path, **_: object) -> RunReport:
            asked.append(limits)
            for each in report.collected:
                out.write_bytes(b"x" * each.bytes)
            return report

        probe = Probe("bubblewrap", Level.NAMESPACES, (), ())
        monkeypatch.setattr(choose, "find", lambda *_, **__: (object(), probe))
        monkeypatch.setattr(build, "ensure", lambda _state, **_: RuntimeRoot(Path("/")))
        monkeypatch.setattr(model_box, "rehearse", rehearse)
        return asked

    return ends_with


@pytest.fixture
def folder(palio: Palio, tmp_path: Path) -> Path:
    """The folder that `palio model new` makes, and one with input beside it."""
    assert palio("model", "new", "mine").exit_code == 0
    (tmp_path / "in").mkdir()
    return tmp_path / "mine"


def test_new_makes_a_folder_that_can_be_packed_at_once(palio: Palio, folder: Path) -> None:
    assert sorted(each.name for each in folder.iterdir()) == [
        "README.md",
        "main.py",
        "palio-model.toml",
    ]
    assert len((folder / "README.md").read_text().splitlines()) == 10
    packed = document(palio("model", "pack", "mine", "--json"))
    content = Path("model.zip").read_bytes()
    assert packed == {
        "file": "model.zip",
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "command": ["python", "main.py"],
        "name": "example",
    }
    assert zipfile.ZipFile("model.zip").namelist() == ["README.md", "main.py", "palio-model.toml"]


def test_pack_gives_the_same_zip_for_the_same_files(palio: Palio, folder: Path) -> None:
    first = document(palio("model", "pack", "mine", "--json"))
    (folder / "main.py").touch()
    assert document(palio("model", "pack", "mine", "--json")) == first


def test_new_leaves_a_folder_that_is_not_empty(palio: Palio, folder: Path) -> None:
    result = palio("model", "new", folder)
    assert (result.exit_code, "is there already and not empty" in result.stderr) == (1, True)


def test_pack_into_the_folder_itself_is_refused(palio: Palio, folder: Path) -> None:
    result = palio("model", "pack", folder, "-o", folder / "model.zip")
    assert (result.exit_code, (folder / "model.zip").exists()) == (1, False)


def test_pack_of_a_faulty_folder_names_code_and_line(palio: Palio, folder: Path) -> None:
    (folder / "palio-model.toml").write_text("\ncommand = 'python main.py'")
    result = palio("model", "pack", folder)
    assert result.exit_code == 1
    assert "model:command: palio-model.toml, line 2: command is one text." in result.stderr
    error = document(palio("model", "pack", folder, "--json"))["error"]
    assert (error["code"], error["exit_code"]) == ("model:command", 1)


def test_run_that_ends_well_says_where_the_predictions_are(
    palio: Palio, folder: Path, ran: Callable[[RunReport], list[Limits]]
) -> None:
    taken = Collected("predictions.csv", Path("/gone"), "ab" * 32, 5)
    ran(replace(REPORT, outcome=Outcome.FINISHED, exit_code=0, collected=(taken,)))
    result = palio("model", "run", folder, "--input", "in", "-o", "mine.csv")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "What it wrote:",
        "  hello",
        "  \\x1b[2Jbad",
        "It ended well.",
        "Submit it: the smoke run on the server judges the predictions too, and costs no try.",
        "outcome\tfinished",
        "exit code\t0",
        "time\t1.2 s of 600 s",
        "processor\t0.5 s",
        "memory\t3 MiB of 2 GiB",
        "box\tbubblewrap (namespaces)",
        "predictions\tmine.csv, 5 B",
    ]
    assert Path("mine.csv").read_bytes() == b"xxxxx"


def test_run_that_fails_ends_with_code_1_and_the_reason(
    palio: Palio, folder: Path, ran: Callable[[RunReport], list[Limits]]
) -> None:
    ran(REPORT)
    result = palio("model", "run", folder, "--input", "in", "--json")
    assert result.exit_code == 1
    assert document(result) == {
        "outcome": "program_error",
        "reason": "",
        "exit_code": 3,
        "killed_by": "nobody",
        "wall_seconds": 1.25,
        "cpu_seconds": 0.5,
        "peak_memory_bytes": 3 * 2**20,
        "had_memory_kill": False,
        "log": "hello\n\\x1b[2Jbad\n",
        "is_log_cut": False,
        "predictions": [],
        "backend": "bubblewrap",
        "level": "namespaces",
    }


def test_run_takes_the_usual_limits_and_those_said(
    palio: Palio, folder: Path, ran: Callable[[RunReport], list[Limits]]
) -> None:
    asked = ran(REPORT)
    palio("model", "run", folder, "-i", "in")
    palio("model", "run", folder, "-i", "in", "--seconds", "5", "--memory", "512MiB")
    assert asked == [DEFAULT_LIMITS, replace(DEFAULT_LIMITS, seconds=5, memory_bytes=512 * 2**20)]


def test_run_takes_the_limits_of_a_challenge_and_what_is_said_wins(
    signed_in: Palio, fake: Fake, ran: Callable[[RunReport], list[Limits]]
) -> None:
    signed_in("model", "new", "mine")
    Path("in").mkdir()
    asked = ran(REPORT)
    fake.answers["GET /api/v1/challenges/mini"] = [DETAIL | {"models": MODELS}]
    signed_in("model", "run", "mine", "-i", "in", "-c", "mini", "--cpus", "1")
    assert asked == [
        replace(
            DEFAULT_LIMITS,
            seconds=60,
            memory_bytes=2**30,
            cpus=1.0,
            processes=32,
            output_bytes=1000,
            scratch_bytes=2000,
        )
    ]


@pytest.mark.parametrize("answer", [DETAIL, DETAIL | {"models": None}])
def test_run_for_a_challenge_without_models_says_so(
    signed_in: Palio, fake: Fake, answer: dict[str, object]
) -> None:
    signed_in("model", "new", "mine")
    Path("in").mkdir()
    fake.answers["GET /api/v1/challenges/mini"] = [answer]
    result = signed_in("model", "run", "mine", "-i", "in", "-c", "mini")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: mini takes no models, only predictions.\n",
    )


def test_run_without_the_packages_for_code_says_what_to_do(
    palio: Palio,
    folder: Path,
    ran: Callable[[RunReport], list[Limits]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran(REPORT)

    def ensure(_state: Path, **_: object) -> RuntimeRoot:
        raise RuntimeBuildError("No index.", hint="Find one.")

    monkeypatch.setattr(build, "ensure", ensure)
    result = palio("model", "run", folder, "-i", "in")
    assert (result.exit_code, result.stderr) == (1, "error: No index.\n  Find one.\n")


def test_machine_without_any_box_is_told_what_is_missing(
    palio: Palio,
    folder: Path,
    ran: Callable[[RunReport], list[Limits]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ran(REPORT)

    def find(*_: object, **__: object) -> object:
        raise choose.NoBoxError("Nothing here. bubblewrap: pip install 'palio[box]'")

    monkeypatch.setattr(choose, "find", find)
    result = palio("model", "run", folder, "-i", "in")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: Nothing here. bubblewrap: pip install 'palio[box]'\n",
    )


@pytest.mark.slow
def test_new_model_runs_in_a_real_box_of_this_machine(
    palio: Palio, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    try:
        choose.find(choose.Need.CODE, tmp_path / "probe", site="00c0ffee")
    except choose.NoBoxError as error:
        pytest.skip(f"no box here: {error}")
    (tmp_path / "in" / "test.csv").write_text("id,x\n7,1\n8,2\n")
    result = palio("model", "run", folder, "-i", "in", "--json")
    assert document(result)["outcome"] == "finished"
    assert Path("predictions.csv").read_text() == "id,prediction\n7,2.0\n8,2.0\n"
    (folder / "main.py").write_text("import pandas, sklearn; print(sklearn.__name__); 1 / 0")
    failed = document(palio("model", "run", folder, "-i", "in", "--json"))
    assert (failed["outcome"], failed["exit_code"]) == ("program_error", 1)
    assert 'File "/app/main.py", line 1' in failed["log"]
    assert sorted(each.name for each in (tmp_path / "cache/palio/sandbox").iterdir()) == ["runtime"]


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_words_and_advice(outcome: Outcome) -> None:
    words, advice = outcomes.meaning(replace(REPORT, outcome=outcome), DEFAULT_LIMITS)
    assert (words[-1], bool(advice)) == (".", True)


@pytest.mark.parametrize(
    ("text", "size"),
    [("2GiB", 2**31), ("512 MiB", 2**29), ("1.5g", 3 * 2**29), ("77", 77), ("1 kb", 1024)],
)
def test_size_is_read_as_people_write_it(text: str, size: int) -> None:
    assert model.size(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1", "1 XB", "1e9"])
def test_size_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        model.size(text)
