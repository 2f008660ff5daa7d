"""The database: engine, one transaction for each request or task, and times that stay aware."""

import functools
import hashlib
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    URL,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    create_engine,
    event,
    exc,
    func,
    make_url,
    select,
)
from sqlalchemy.types import TypeDecorator
from sqlmodel import Session, SQLModel

from palio.core import queue

SQLITE_BUSY_MILLISECONDS = 30_000
POSTGRES_LOCK_SECONDS = 20
_KEYS_AT_ONCE = 1000
_HAS_TURN = "palio_has_write_turn"
_LAST_DEEDS = "palio_last_deeds"
_POSTGRES_TIMESTAMPTZ = 1184  # object id of the type, the same in every PostgreSQL

# Migrations name constraints; without a convention SQLite and PostgreSQL would disagree.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata: MetaData = SQLModel.metadata


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on every database; naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Refuse naive times; store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("times are aware UTC")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's signature)
        """Give back aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def open_engine(address: str) -> Engine:
    """Return an engine for SQLite or PostgreSQL with the settings every caller needs.

    SQLite gets write-ahead logging, foreign keys, and transactions that take the write lock at
    their start, so that "read, decide, write" cannot be interleaved.
    """
    if address.startswith("sqlite"):
        # More connections than a web server has threads: who waits for the turn to write holds
        # one, and must not keep a reader out.
        engine = create_engine(
            address, connect_args={"check_same_thread": False}, pool_size=20, max_overflow=80
        )
        _prepare_sqlite(engine)
        _take_turns(engine)
        return engine
    _read_statements_once()
    engine = create_engine(
        _driver_url(address), pool_pre_ping=True, pool_size=20, max_overflow=20, pool_timeout=30
    )

    @event.listens_for(engine, "connect")
    def set_timeouts(connection: Any, _record: object) -> None:  # noqa: ANN401 (DB-API object)
        cursor = connection.cursor()
        cursor.execute(f"SET lock_timeout = '{POSTGRES_LOCK_SECONDS}s'")
        cursor.execute("SET TIME ZONE 'UTC'")
        cursor.close()
        connection.commit()
        # The driver's own reader of times takes most of the time of a query with many rows.
        connection.register_in_adapter(_POSTGRES_TIMESTAMPTZ, datetime.fromisoformat)

    return engine


@functools.cache
def _read_statements_once() -> None:
    """Keep what the PostgreSQL driver makes of each statement's placeholders.

    It reads a statement letter by letter at every execution: a tenth of what a request costs.
    """
    from pg8000 import dbapi  # noqa: PLC0415 (optional dependency)

    read: Callable[[str, str, Any], tuple[str, Any]] = dbapi.convert_paramstyle

    @functools.lru_cache(maxsize=2000)
    def with_numbers(statement: str) -> str:
        return read("format", statement, ())[0]

    def read_once(style: str, statement: str, values: Any) -> tuple[str, Any]:  # noqa: ANN401
        if style != "format":
            return read(style, statement, values)
        return with_numbers(statement), values  # by position: the values stay as they are

    dbapi.convert_paramstyle = read_once


def _driver_url(address: str) -> URL:
    """Name our PostgreSQL driver, and spell a socket folder (``?host=/run/pg``) its way."""
    url = make_url(address).set(drivername="postgresql+pg8000")
    folder = url.query.get("host")
    if not folder:
        return url
    socket = f"{folder}/.s.PGSQL.{url.query.get('port', '5432')}"
    return url.difference_update_query(["host", "port"]).update_query_dict({"unix_sock": socket})


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:  # noqa: ANN401 (DB-API object)
        connection.isolation_level = None  # we say BEGIN ourselves, below
        for pragma in (
            f"busy_timeout={SQLITE_BUSY_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",  # an acknowledged submission survives a power cut
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")


def _take_turns(engine: Engine) -> None:
    """Begin each unit of work with SQLite's write lock, one at a time within this process.

    SQLite lets writers wait by sleeping longer and longer. Here a lock hands the turn on at
    once, so that only processes compete by sleeping.
    """
    turn = threading.Lock()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:  # noqa: ANN401 (SQLAlchemy connection)
        if connection.get_execution_options().get("palio_read_only", False):
            connection.exec_driver_sql("BEGIN")
            return
        if not connection.info.get(_HAS_TURN):
            if not turn.acquire(timeout=SQLITE_BUSY_MILLISECONDS / 1000):
                raise exc.TimeoutError("another write took too long")
            connection.info[_HAS_TURN] = True
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @event.listens_for(engine, "checkin")
    def hand_on(_connection: object, record: Any) -> None:  # noqa: ANN401 (SQLAlchemy record)
        if record.info.pop(_HAS_TURN, False):
            turn.release()


@contextmanager
def unit_of_work(engine: Engine, *, send: Callable[[queue.Message], None]) -> Iterator[Session]:
    """One transaction: commit at the end, then send the messages; on an error roll back.

    A message that cannot be sent is not an error: the database row it points at is the truth,
    and the sweeper sends it again.
    """
    with Session(engine, expire_on_commit=False) as session:
        yield session
        for deed in session.info.pop(_LAST_DEEDS, ()):
            deed(session)
        session.commit()
        messages = queue.take(session)
    for message in messages:
        send(message)


def before_commit(session: Session, deed: Callable[[Session], None]) -> None:
    """Do something as the last thing in the transaction, once however often it is asked for.

    For locks that everybody needs: taken here, they are held while nobody waits for another.
    """
    session.info.setdefault(_LAST_DEEDS, {})[deed] = None


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One read-only look; takes no write lock on SQLite and is never committed."""
    with (
        engine.connect().execution_options(palio_read_only=True) as connection,
        Session(bind=connection, expire_on_commit=False) as session,
    ):
        yield session
        session.rollback()


def lock_row(session: Session, table: type[SQLModel], key: object) -> None:
    """Hold an exclusive lock on one row until the transaction ends.

    On SQLite the transaction already holds the only write lock.
    """
    session.get(table, key, with_for_update=True, populate_existing=True)


def lock_name(session: Session, name: str) -> None:
    """Hold an exclusive lock on a name until the transaction ends, where no row can be locked.

    On SQLite the transaction already holds the only write lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        session.execute(select(func.pg_advisory_xact_lock(key)))


def in_parts(keys: Collection[str]) -> Iterator[list[str]]:
    """Cut keys into parts that one statement can name: a database takes only so many parameters."""
    left = list(keys)
    for start in range(0, len(left), _KEYS_AT_ONCE):
        yield left[start : start + _KEYS_AT_ONCE]
