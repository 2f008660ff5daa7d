"""Makes SQLite cheap for tests: tables and statements made once, no wait for the disk."""

import functools
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from palio.core import db
from palio.pipeline import tables


def compiled_once(address: Any, **options: Any) -> Engine:
    """Make an engine that shares with every other of SQLite what was compiled.

    A statement costs more to compile than to run, and each test has an engine of its own.
    """
    engine = create_engine(address, **options)
    if engine.dialect.name == "sqlite":
        first = _first()
        engine.dialect = first.dialect  # part of the key of what was compiled
        engine._compiled_cache = first._compiled_cache
    return engine


@functools.cache
def _first() -> Engine:
    engine = create_engine("sqlite://", query_cache_size=5000)
    engine.connect().close()  # the dialect learns here what the library can
    engine.dispose()
    return engine


def open_sqlite(path: Path) -> Engine:
    """Open a new database with every table; nothing of it waits for the disk."""
    path.write_bytes(with_every_table())
    engine = db.open_engine(f"sqlite:///{path}")
    never_wait(engine)
    return engine


@functools.cache
def with_every_table() -> bytes:
    """Give the bytes of a database without a row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "palio.sqlite3"
        engine = db.open_engine(f"sqlite:///{path}")
        tables.metadata.create_all(engine)
        engine.dispose()  # the last connection brings everything into the one file
        return path.read_bytes()


def never_wait(engine: Engine) -> None:
    """Let an engine of SQLite, not connected yet, leave its writing to the operating system."""

    @event.listens_for(engine, "connect")
    def set_pragma(connection: Any, _record: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")
