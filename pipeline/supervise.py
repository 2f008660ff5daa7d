"""`palio serve`: the database brought up to date, then web and worker kept running as one."""

import errno
import fcntl
import importlib
import logging
import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType

from palio.core import db
from palio.core.errors import AppError
from palio.core.settings import Settings
from palio.migrations.upgrade import upgrade
from palio.pipeline import processes, tables
from palio.pipeline.contracts import Queue

LOOK_SECONDS = 0.25
STOP_SECONDS = 20
STEADY_SECONDS = 30  # a process that ran so long may be restarted at once
PAUSE_SECONDS_MAX = 30.0
EXIT_NO_BOX = 69  # see `worker`; not imported here, the supervisor stays small
NO_MODELS = (
    "models: no sandbox of this machine is strong enough, so code and container images are not"
    " taken; predictions are. What is missing says: palio doctor"
)

Say = Callable[[str], None]


class CannotServeError(AppError):
    """Something outside stands in the way: the port, or another server on the same folder."""

    code = "cannot_serve"


@dataclass(slots=True)
class Child:
    """One process that is kept running."""

    name: str
    run: Callable[[Settings], None]
    gives_up: str = ""  # words when it says by its exit code that it cannot work here
    has_given_up: bool = False
    process: SpawnProcess | None = None
    started: float = 0.0
    deaths: int = field(default=0)
    again_at: float = 0.0


def serve(settings: Settings, *, say: Say = print) -> None:
    """Run web, worker and the worker for programs until SIGTERM or Ctrl-C.

    Args:
        settings: Of this server.
        say: Gets one line for each thing that happens.

    Raises:
        CannotServeError: The port or the data folder is in use; nothing was started.

    """
    check_port(settings)
    with folder_lock(settings):
        _upgrade(settings, say=say)
        children = (Child("web", _run_web), *_workers(settings, tuple(Queue)))
        _keep_running(children, settings, say=say, is_server=True)


def work(settings: Settings, *, queues: tuple[Queue, ...], say: Say = print) -> None:
    """Run workers for these queues until SIGTERM or Ctrl-C; programs get one of their own."""
    _keep_running(_workers(settings, queues), settings, say=say)


def _workers(settings: Settings, queues: tuple[Queue, ...]) -> tuple[Child, ...]:
    scoring = tuple(name for name in queues if name is not Queue.MODEL)
    children = []
    if scoring:
        children.append(Child("worker", partial(_run_worker, queues=scoring)))
    if Queue.MODEL in queues and settings.sandbox_backend != "none":
        run = partial(_run_worker, queues=(Queue.MODEL,))
        children.append(Child("models", run, gives_up=NO_MODELS))
    return tuple(children)


_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def check_port(settings: Settings) -> None:
    """See that the port is free before anything starts.

    Raises:
        CannotServeError: It is not, with the way out.

    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotServeError(_port_words(settings, error)) from error


def _port_words(settings: Settings, error: OSError) -> str:
    place = f"{settings.host}:{settings.port}"
    other = settings.port + 1 if settings.port < 65535 else 8300  # noqa: PLR2004 (the last port)
    if error.errno == errno.EADDRINUSE:
        return (
            f"Something already listens at {place}, perhaps another Palio. "
            f"Stop it, or choose another port: PALIO_PORT={other}"
        )
    return f"Palio may not listen at {place} ({error.strerror}). Try PALIO_PORT=8300."


@contextmanager
def folder_lock(settings: Settings) -> Iterator[None]:
    """Keep the data folder to this server while the block runs.

    Raises:
        CannotServeError: Another server has it.

    """
    folder = settings.data_folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold the sealed answers
    with (folder / "serve.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotServeError(_folder_words(folder)) from error
        try:
            yield
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)


def _folder_words(folder: Path) -> str:
    return (
        f"Another Palio server uses the folder {folder}. "
        "Stop it, or choose another folder: PALIO_DATA_FOLDER=…"
    )


def _upgrade(settings: Settings, *, say: Say) -> None:
    engine = db.open_engine(settings.database)
    try:
        before, after = upgrade(engine, metadata=tables.metadata)
    finally:
        engine.dispose()
    if before != after:
        say(f"database: {before or 'empty'} -> {after}")


def _keep_running(
    children: tuple[Child, ...], settings: Settings, *, say: Say, is_server: bool = False
) -> None:
    stop = False

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stop
        stop = True

    before = {sign: signal.signal(sign, ask_to_stop) for sign in _STOP_SIGNALS}
    is_waited_for = is_server
    try:
        while not stop and not all(child.has_given_up for child in children):
            for child in children:
                _care_for(child, settings, say=say)
            if is_waited_for and _answers(settings):
                is_waited_for = False
                say(f"Palio is at {settings.url} (Ctrl-C stops it)")
            alive = [child.process.sentinel for child in children if child.process]
            wait(alive, timeout=LOOK_SECONDS)
    finally:
        # A worker alone may take its time: a program can run for hours.
        _stop_all(children, say=say, patience=STOP_SECONDS if is_server else None)
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _care_for(child: Child, settings: Settings, *, say: Say) -> None:
    """Start the child when it does not run; wait longer after each early death."""
    now = time.monotonic()
    if child.process is not None:
        if child.process.is_alive():
            return
        code = child.process.exitcode
        child.process = None
        if child.gives_up and code == EXIT_NO_BOX:
            child.has_given_up = True
            say(child.gives_up)
            return
        child.deaths = 0 if now - child.started > STEADY_SECONDS else child.deaths + 1
        pause = pause_seconds(child.deaths)
        child.again_at = now + pause
        say(f"{child.name} ended ({end_words(code)}); starting it again in {pause:g} s")
    if now >= child.again_at and not child.has_given_up:
        context = multiprocessing.get_context("spawn")
        child.process = context.Process(target=child.run, args=(settings,), name=child.name)
        child.process.start()
        child.started = now


def pause_seconds(deaths: int) -> float:
    """Return the pause before a restart after so many early deaths in a row."""
    return min(PAUSE_SECONDS_MAX, 0.5 * 2.0 ** max(0, deaths - 1))


def end_words(code: int | None) -> str:
    """Put an exit code into words; negative ones are signals."""
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _answers(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 (compared)
    try:
        with socket.create_connection((host, settings.port), timeout=0.2):
            return True
    except OSError:
        return False


def _stop_all(children: tuple[Child, ...], *, say: Say, patience: float | None) -> None:
    running = [child for child in children if child.process is not None]
    if running:
        say("stopping; jobs under way are finished first")
    for child in running:
        if child.process is not None:
            child.process.terminate()
    until = None if patience is None else time.monotonic() + patience
    for child in running:
        if child.process is None:
            continue
        child.process.join(None if until is None else max(0.0, until - time.monotonic()))
        if child.process.is_alive():
            say(f"{child.name} does not stop; it is killed, and its jobs are taken up later")
            child.process.kill()
            child.process.join()


def _start_child(*, on_orphaned: signal.Signals = signal.SIGTERM) -> None:
    # A session of its own: Ctrl-C in the terminal reaches the supervisor, which stops the others.
    os.setsid()
    supervisor = multiprocessing.parent_process()
    if supervisor is not None and supervisor.pid is not None:
        processes.die_with_parent(on_orphaned, parent=supervisor.pid)
    log_warnings()


def log_warnings() -> None:
    """Write warnings and worse of this process to its standard error."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


# What the children run is imported by them: the supervisor stays small and starts at once, and
# nothing below `web` imports it.


def _run_web(settings: Settings) -> None:
    _start_child()
    run_web(settings)


def run_web(settings: Settings) -> None:
    """Answer requests until SIGTERM or Ctrl-C; those under way are finished first."""
    app = importlib.import_module("palio.web.app").make_app(settings)
    importlib.import_module("uvicorn").run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        forwarded_allow_ips=settings.proxies,
        timeout_graceful_shutdown=10,
    )


def _run_worker(settings: Settings, *, queues: tuple[Queue, ...]) -> None:
    # A program may run for hours: without a supervisor nobody would end its worker, and the next
    # server would start another beside it. The program is run again.
    is_model = Queue.MODEL in queues
    _start_child(on_orphaned=signal.SIGKILL if is_model else signal.SIGTERM)
    worker = importlib.import_module("palio.pipeline.worker")
    worker.run_worker(settings, embedded=True, queues=queues)
