"""The demo as a newcomer starts it: clean, in words when it cannot, whole when it can."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from palio.core.settings import Settings
from palio.demo import server
from palio.demo.play import DemoError
from palio.pipeline.supervise import CannotServeError, folder_lock

COMMAND = (sys.executable, "-m", "palio.demo")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_clean_when_the_folder_is_a_demos_empties_it(tmp_path: Path) -> None:
    server.clean(tmp_path / "data")
    (tmp_path / "data" / "left over").touch()
    server.clean(tmp_path / "data")
    assert [path.name for path in (tmp_path / "data").iterdir()] == [server.MARKER]


def test_clean_when_the_folder_is_somebody_elses_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "palio.sqlite3").touch()
    with pytest.raises(DemoError, match="is not a demo"):
        server.clean(tmp_path)
    assert (tmp_path / "palio.sqlite3").exists()


def test_clean_when_a_demo_runs_in_the_folder_leaves_it_alone(tmp_path: Path) -> None:
    server.clean(tmp_path)
    (tmp_path / "palio.sqlite3").touch()
    with (
        folder_lock(Settings(data_folder=tmp_path)),
        pytest.raises(CannotServeError, match="Another Palio server uses the folder"),
    ):
        server.clean(tmp_path)
    assert (tmp_path / "palio.sqlite3").exists()


def test_demo_when_the_port_is_taken_says_so_and_names_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*COMMAND, "--data", str(tmp_path / "data"), "--port", str(port)],
            capture_output=True,
            text=True,
            check=False,
        )
    words = " ".join(done.stdout.split())
    assert done.returncode == 1
    assert f"Something already listens at 127.0.0.1:{port}" in words
    assert "choose another port: PALIO_PORT=" in words
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_demo_plays_from_launch_to_prize(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--data", str(tmp_path / "data"), "--port", str(free_port()),
         "--seconds", "45", "--exit"],
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout
    tries = re.search(r"tries left: (\d+) before, (\d+) after", told)
    assert tries is not None
    assert tries.group(1) == tries.group(2)
    assert len(re.findall(r"checked \(accepted\), submitted, rmse \d\.\d{4}", told)) == 12
    assert "Line 42: the value 'three and a half' is not a number." in told
    assert "one more file, too late: Submissions closed on" in told
    assert "EUR 11,750.00 is deposited, as the rules demand before it opens" in told
    private = told.split("the private board is revealed")[1]
    assert re.search(r"Grand prize +│ +0\.\d{4} │ +\d+\.\d\d %", private)
    assert "why is " in private
    assert "the organizer confirms all 3" in private
    assert private.count("Everything that was checked holds.") == 2
    ranks = re.findall(r"│ +([\d-]+) │ ([^│]+?) +│", private)
    assert [rank for rank, _ in ranks] == ["1", "2", "3", "-", "4", "5"]
    assert ranks[3] == ("-", "Cinematch")
    winners = [re.escape(team) for _, team in ranks[:3]]
    for title, money, team in zip(
        ("First", "Second", "Third"), ("1,000", "500", "250"), winners, strict=True
    ):
        assert re.search(
            rf"{title} prize, EUR {money}\.00, is offered to {team} \(provisional", told
        )


@pytest.mark.slow
def test_demo_when_the_server_takes_no_files_says_why_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PALIO_STORAGE_RESERVE_SHARE", "0.9999")
    monkeypatch.setenv("PALIO_STORAGE_RESERVE_MAX_BYTES", str(2**60))
    done = subprocess.run(
        [*COMMAND, "--data", str(tmp_path / "data"), "--port", str(free_port()), "--exit"],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    words = " ".join(done.stdout.split())
    assert done.returncode == 1, done.stdout + done.stderr
    said = r"The demo cannot go on\. \w+ could not take part\. The server has no room .* later\.$"
    assert re.search(said, words)
