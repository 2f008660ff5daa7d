import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from palio.core.settings import Settings
from palio.migrations.upgrade import newest
from palio.pipeline import supervise, worker
from palio.pipeline.contracts import Queue

PATIENCE_SECONDS = 120

CODE = """
import sys
from pathlib import Path
from palio.core.settings import Settings
from palio.pipeline.supervise import serve
if __name__ == "__main__":
    serve(Settings(data_folder=Path(sys.argv[1]), port=int(sys.argv[2]), sweep_seconds=0.5))
"""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
        return free


@pytest.fixture
def server(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    script = tmp_path / "start.py"
    script.write_text(CODE)
    with (tmp_path / "said.txt").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-u", script, str(tmp_path / "data"), str(port)], stdout=said
        )
        yield process
        if process.poll() is None:
            process.kill()
        process.wait()


def workers_alive(port: int) -> int:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
    except httpx.TransportError:
        return 0
    alive: int = answer.json()["workers_alive"]
    return alive


def wait_for_workers(port: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not workers_alive(port):
        assert time.monotonic() < deadline, "no worker came"
        pause.wait(0.1)


@pytest.mark.slow
@pytest.mark.integration
def test_serve_runs_web_and_worker_restarts_the_dead_and_leaves_nothing_behind(
    server: subprocess.Popen[bytes], port: int, tmp_path: Path
) -> None:
    wait_for_workers(port)
    family = psutil.Process(server.pid).children(recursive=True)
    (web,) = [
        process.pid
        for process in family
        if any(one.status == psutil.CONN_LISTEN for one in process.net_connections())
    ]
    os.kill(web, signal.SIGKILL)
    wait_for_workers(port)
    family = psutil.Process(server.pid).children(recursive=True)
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    said = (tmp_path / "said.txt").read_text().splitlines()
    assert said == [
        f"database: empty -> {newest()}",
        f"Palio is at http://127.0.0.1:{port} (Ctrl-C stops it)",
        "web ended (killed by SIGKILL); starting it again in 0.5 s",
        "stopping; jobs under way are finished first",
    ]


@pytest.mark.slow
@pytest.mark.integration
def test_a_server_that_is_killed_takes_its_processes_along(
    server: subprocess.Popen[bytes], port: int
) -> None:
    wait_for_workers(port)
    family = psutil.Process(server.pid).children(recursive=True)
    server.kill()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert alive == []


def test_a_port_in_use_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = Settings(data_folder=tmp_path / "data", port=port)
        with pytest.raises(supervise.CannotServeError) as caught:
            supervise.serve(settings, say=lambda _: None)
    assert caught.value.detail == (
        f"Something already listens at 127.0.0.1:{port}, perhaps another Palio. "
        f"Stop it, or choose another port: PALIO_PORT={port + 1}"
    )
    assert not (tmp_path / "data").exists()


def test_two_servers_do_not_share_a_folder(tmp_path: Path, port: int) -> None:
    settings = Settings(data_folder=tmp_path, port=port)
    with supervise.folder_lock(settings):
        with pytest.raises(supervise.CannotServeError) as caught:
            supervise.serve(settings, say=lambda _: None)
        assert caught.value.detail == (
            f"Another Palio server uses the folder {tmp_path}. "
            "Stop it, or choose another folder: PALIO_DATA_FOLDER=…"
        )
    with supervise.folder_lock(settings):
        pass


def test_the_folder_is_closed_to_others_whoever_makes_it(tmp_path: Path) -> None:
    settings = Settings(data_folder=tmp_path / "data")
    with supervise.folder_lock(settings):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("deaths", "pause"), [(0, 0.5), (1, 0.5), (3, 2.0), (50, 30.0)])
def test_early_deaths_make_the_pause_longer(deaths: int, pause: float) -> None:
    assert supervise.pause_seconds(deaths) == pause


def test_ends_are_put_into_words() -> None:
    assert supervise.end_words(-9) == "killed by SIGKILL"
    assert supervise.end_words(3) == "exit code 3"


@pytest.mark.integration
def test_a_worker_for_programs_without_boxes_is_not_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    (child,) = supervise._workers(Settings(), (Queue.MODEL,))
    settings = Settings(data_folder=tmp_path, sandbox_backend="none")
    supervise._keep_running((child,), settings, say=said.append)
    assert said == [supervise.NO_MODELS]


def test_the_exit_code_of_a_worker_without_boxes_is_the_one_that_is_looked_for() -> None:
    assert supervise.EXIT_NO_BOX == worker.EXIT_NO_BOX


@pytest.mark.parametrize(
    ("backend", "queues", "names"),
    [
        ("auto", tuple(Queue), ["worker", "models"]),
        ("none", tuple(Queue), ["worker"]),
        ("auto", (Queue.MODEL,), ["models"]),
        ("auto", (Queue.SCORE, Queue.BOARD), ["worker"]),
    ],
)
def test_programs_get_a_worker_of_their_own(
    backend: str, queues: tuple[Queue, ...], names: list[str]
) -> None:
    settings = Settings.model_validate({"sandbox_backend": backend})
    assert [child.name for child in supervise._workers(settings, queues)] == names
