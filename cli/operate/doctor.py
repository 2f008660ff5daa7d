"""`palio doctor`: says whether a server has all it needs, and what to do where it has not."""

import os
import platform
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from sqlalchemy import Engine, text

from palio.cli.client import show
from palio.cli.client.command import Ended
from palio.cli.client.errors import EXIT_REFUSED, ClientError
from palio.cli.operate import box_looks
from palio.cli.operate.findings import Line
from palio.cli.operate.here import load, revision
from palio.core import db
from palio.core.clock import database_now
from palio.core.settings import Settings
from palio.core.storage import room
from palio.migrations import upgrade
from palio.pipeline import app, queries, status, waiting
from palio.pipeline.contracts import JOB_QUEUES, Queue

PACKAGES = ("palio", "fastapi", "sqlmodel", "celery", "numpy", "numba", "pyarrow")
CLOCK_WARN_SECONDS = 2.0
STYLES = {"ok": "green", "warn": "yellow", "fail": "red"}


def examine(data: Path | None) -> object:
    """Look at everything, print it, and fail when something has to be done."""
    lines: list[Line] = []
    for each in _looks(data):
        lines.append(each)
        start = f"{each.state:<4}  {each.what:<12}  "
        show.hanging(start, each.words, colour=STYLES[each.state])
        if each.way_out:
            show.hanging(" " * len(start), each.way_out)
    is_sound = all(line.state != "fail" for line in lines)
    return Ended([asdict(line) for line in lines], 0 if is_sound else EXIT_REFUSED)


def _looks(data: Path | None) -> Iterator[Line]:
    yield look_at_python(sys.version_info[:2])
    yield Line("ok", "versions", ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    try:
        settings = load(data)
    except ClientError as error:
        yield Line("fail", "settings", error.detail, error.hint)
        return
    yield Line("ok", "settings", f"{settings.environment}, address {settings.url}")
    yield look_at_folder(settings.data_folder.absolute())
    yield look_at_disk(settings)
    engine = db.open_engine(settings.database)
    try:
        yield from _database_looks(engine, settings)
    finally:
        engine.dispose()
    yield _guarded("broker", lambda: _look_at_broker(settings))
    yield from box_looks.looks(settings)


def look_at_python(found: tuple[int, int]) -> Line:
    """Judge a Python version (major, minor)."""
    words = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if found < (3, 11):
        return Line("fail", "python", words, "Palio needs Python 3.11 or newer.")
    return Line("ok", "python", words)


def look_at_folder(folder: Path) -> Line:
    """Judge the data folder: there, writable, and closed to other people of the machine."""
    if not folder.exists():
        parent = next(each for each in folder.parents if each.exists())
        if os.access(parent, os.W_OK):
            return Line("ok", "data folder", f"{folder} will be made at the first start")
        return Line("fail", "data folder", f"{parent} is not writable", "Choose another: --data")
    if not os.access(folder, os.W_OK | os.X_OK):
        way_out = f"Make it yours: chown -R {os.getuid()} {folder}"
        return Line("fail", "data folder", f"{folder} is not writable for you", way_out)
    if stat.S_IMODE(folder.stat().st_mode) & stat.S_IRWXO and (folder / "sealed").exists():
        words = f"{folder} is open to every user of this machine; it holds the sealed answers"
        return Line("warn", "data folder", words, f"Close it: chmod o-rwx {folder}")
    return Line("ok", "data folder", str(folder))


def look_at_disk(settings: Settings) -> Line:
    """Judge the room left where files are kept."""
    folder = settings.data_folder.absolute()
    disk = next(each for each in (folder, *folder.parents) if each.exists())
    found = room(disk, settings.storage_reserve)
    least = show.size_of(found.least_bytes)
    words = f"{show.size_of(found.free_bytes)} free of {show.size_of(found.total_bytes)}"
    if found.is_short:
        way_out = f"Uploads are refused below {least}: make room, or set another folder."
        return Line("fail", "disk", words, way_out)
    if found.free_bytes < 2 * found.least_bytes:
        way_out = f"Make room soon: uploads are refused below {least}."
        return Line("warn", "disk", words, way_out)
    return Line("ok", "disk", words)


def _database_looks(engine: Engine, settings: Settings) -> Iterator[Line]:
    if engine.dialect.name == "sqlite" and not Path(str(engine.url.database)).exists():
        yield Line("warn", "database", "not made yet", "It is made by: palio serve")
        return
    reached = _guarded("database", lambda: _look_at_database(engine))
    yield reached
    if reached.state == "fail":
        return
    schema = _guarded("schema", lambda: _look_at_schema(engine))
    yield schema
    yield _guarded("clock", lambda: _look_at_clock(engine))
    if schema.state == "ok":
        yield _guarded("workers", lambda: _look_at_workers(engine))
        yield _guarded("queue", lambda: _look_at_queue(engine, settings))
        yield _guarded("fit", lambda: box_looks.look_at_fit(engine))


def _look_at_database(engine: Engine) -> Line:
    started = time.monotonic()
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    milliseconds = (time.monotonic() - started) * 1000
    place = engine.url.render_as_string(hide_password=True)
    return Line("ok", "database", f"{place} answered in {milliseconds:.0f} ms")


def _look_at_schema(engine: Engine) -> Line:
    found, newest = revision(engine), upgrade.newest()
    if found != newest:
        words = f"{found or 'empty'}, this version needs {newest}"
        return Line("fail", "schema", words, "Bring it up to date with: palio migrate")
    return Line("ok", "schema", f"{found}, up to date")


def _look_at_clock(engine: Engine) -> Line:
    with db.reading(engine) as session:
        offset = database_now(session).timestamp() - time.time()
    words = (
        f"the database is {abs(offset):.1f} s {'ahead of' if offset > 0 else 'behind'} this machine"
    )
    if abs(offset) > CLOCK_WARN_SECONDS:
        way_out = "Deadlines follow the database's clock; keep both machines' clocks by NTP."
        return Line("warn", "clock", words, way_out)
    return Line("ok", "clock", words)


def _look_at_workers(engine: Engine) -> Line:
    with db.reading(engine) as session:
        now = database_now(session)
        alive = status.workers_alive(session, now=now)
        models = status.workers_alive(session, now=now, queue=Queue.MODEL)
    if not alive:
        return Line(
            "warn", "workers", "none is running", "Start with: palio serve, or palio worker"
        )
    words = f"{alive} scoring process{'es' if alive > 1 else ''} alive, {models} for programs"
    return Line("ok", "workers", words)


def _look_at_queue(engine: Engine, settings: Settings) -> Line:
    with db.reading(engine) as session:
        now = database_now(session)
        alarms = queries.open_alarms(session)
        seconds = settings.worker_quiet_seconds
        found = [
            words
            for name in JOB_QUEUES
            for words in waiting.words(session, queue=name, quiet_seconds=seconds, now=now).values()
            if words
        ]
    words = " ".join([alarm.words for alarm in alarms] + found)
    if words:
        return Line("warn", "queue", words, "See the host page of the challenge.")
    return Line("ok", "queue", "nothing is stuck")


def _look_at_broker(settings: Settings) -> Line:
    scheme, _, folder = settings.broker.partition("://")
    if scheme == "folder" and not Path(folder).exists():
        return Line("ok", "broker", f"{folder} will be made at the first start")
    waiting = app.waiting_messages(app.make_app(settings), Queue.SCORE)
    place = settings.broker.rpartition("@")[2]
    return Line("ok", "broker", f"{place}, {waiting} message{'' if waiting == 1 else 's'} waiting")


def _guarded(what: str, look: Callable[[], Line]) -> Line:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 (each driver has its own errors, and each is an answer)
        words = str(getattr(error, "orig", None) or error).splitlines()
        return Line(
            "fail",
            what,
            f"does not work: {words[0] if words else type(error).__name__}",
            f"Check {'PALIO_BROKER_URL' if what == 'broker' else 'PALIO_DATABASE_URL'}.",
        )
