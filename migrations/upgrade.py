"""Brings a database to the schema of this version, from an installed package as from a checkout."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData

FOLDER = Path(__file__).parent


def upgrade(engine: Engine, *, metadata: MetaData) -> tuple[str | None, str | None]:
    """Apply the migrations that are missing; doing it twice, or twice at once, changes nothing.

    Returns:
        The revision before and the revision after.

    """
    with engine.connect() as connection, _keys_at_rest(connection), connection.begin():
        _take_turn(connection)
        before = _revision(connection)
        command.upgrade(config(connection, metadata=metadata), "head")
        _check_keys(connection)
        return before, _revision(connection)


@contextmanager
def _keys_at_rest(connection: Connection) -> Iterator[None]:
    """Let SQLite make a table anew that others point at: it drops the old one in between.

    Foreign keys are switched outside of transactions only; `_check_keys` looks before the commit.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    raw = connection.connection
    raw.cursor().execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        raw.cursor().execute("PRAGMA foreign_keys = ON")


def _check_keys(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"the upgrade would leave rows that point at nothing: {broken[:5]}")


def differences(connection: Connection, *, metadata: MetaData) -> list[Any]:
    """Return what the schema lacks of the tables, or has beside them; empty when they agree."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found: list[Any] = compare_metadata(context, metadata)
    return found


def newest() -> str | None:
    """Return the newest revision there is."""
    return ScriptDirectory(str(FOLDER)).get_current_head()


def config(connection: Connection, *, metadata: MetaData) -> Config:
    """Return Alembic's configuration: everything is said here, there is no alembic.ini."""
    made = Config()
    made.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    made.set_main_option("path_separator", "os")
    made.set_main_option("file_template", "v%%(rev)s_%%(slug)s")
    made.attributes.update(connection=connection, metadata=metadata)
    return made


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _take_turn(connection: Connection) -> None:
    # SQLite's transaction holds the only write lock already.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7240116)")
