"""A database whose clock a test sets: real instants of history pass through unchanged code."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import Engine, event, text

START = datetime(2006, 10, 1, tzinfo=UTC)
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(1)"  # the catalog refuses two that change at once
_OWN_FIRST = "SET search_path TO set_clock, pg_catalog, public"


class SetClock:
    """The clock of one database; stands still between two calls of `set`."""

    def __init__(self, engine: Engine, now: datetime) -> None:
        self._engine = engine
        self.now = now

    def set(self, now: datetime) -> None:
        """Let the database's clock show this instant (to the millisecond on SQLite)."""
        self.now = now
        if self._engine.dialect.name == "postgresql":
            with self._engine.begin() as connection:
                connection.execute(text(_ONE_AT_A_TIME))
                connection.execute(
                    text(
                        "CREATE OR REPLACE FUNCTION set_clock.clock_timestamp() RETURNS timestamptz"
                        f" LANGUAGE sql AS $$ SELECT '{now.isoformat()}'::timestamptz $$"
                    )
                )

    def shown(self, _format: str, *_when: str) -> str:
        """Stand in for SQLite's strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')."""
        return self.now.astimezone(UTC).isoformat(timespec="milliseconds")


@contextmanager
def clock_set_by_test(engine: Engine, *, now: datetime = START) -> Iterator[SetClock]:
    """Put a clock of the test's in the place of the database's, while the block runs."""
    clock = SetClock(engine, now)
    is_sqlite = engine.dialect.name == "sqlite"
    if not is_sqlite:
        with engine.begin() as connection:
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS set_clock"))

    def look_here_first(connection: object, _record: object) -> None:
        if is_sqlite:
            connection.create_function("strftime", -1, clock.shown)  # type: ignore[attr-defined]
        else:
            cursor = connection.cursor()  # type: ignore[attr-defined]
            cursor.execute(_OWN_FIRST)
            cursor.execute("COMMIT")

    engine.dispose()
    event.listen(engine, "connect", look_here_first)
    clock.set(clock.now)
    yield clock
    event.remove(engine, "connect", look_here_first)
    engine.dispose()
