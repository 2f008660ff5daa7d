"""The guards of a migrated database are those of a fresh one."""

from pathlib import Path

from sqlalchemy import Engine, text

from palio.core import db
from palio.escrow import guards
from palio.migrations.upgrade import upgrade
from palio.pipeline import tables


def triggers(engine: Engine) -> dict[str, str]:
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger_%'"
    with engine.connect() as connection:
        return {row.name: row.sql for row in connection.execute(text(query))}


def test_migrated_sqlite_has_the_guards_of_a_fresh_one(
    tmp_path: Path, sqlite_engine: Engine
) -> None:
    migrated = db.open_engine(f"sqlite:///{tmp_path / 'migrated.sqlite3'}")
    upgrade(migrated, metadata=tables.metadata)
    assert triggers(migrated) == triggers(sqlite_engine)
    assert len(triggers(migrated)) == len(guards.statements("sqlite"))
    migrated.dispose()


def test_guards_are_installed_twice_without_harm(engine: Engine) -> None:
    with engine.begin() as connection:
        for statement in guards.statements(engine.dialect.name):
            connection.exec_driver_sql(statement)
