from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, make_url, text

from palio.core import db
from palio.migrations.upgrade import differences, newest, upgrade
from palio.pipeline import tables


def check_upgrade(engine: Engine) -> None:
    assert upgrade(engine, metadata=tables.metadata) == (None, newest())
    assert upgrade(engine, metadata=tables.metadata) == (newest(), newest())
    with engine.connect() as connection:
        assert differences(connection, metadata=tables.metadata) == []
    names = set(inspect(engine).get_table_names()) - {"alembic_version"}
    assert names == set(tables.metadata.tables)


def test_an_empty_sqlite_gets_the_schema_of_the_tables(tmp_path: Path) -> None:
    engine = db.open_engine(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    check_upgrade(engine)
    engine.dispose()


def run_alone(address: str, statement: str) -> None:
    """Run what PostgreSQL allows outside of transactions only."""
    engine = db.open_engine(address)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.integration
def test_an_empty_postgresql_gets_the_schema_of_the_tables(postgres_address: str) -> None:
    run_alone(postgres_address, "DROP DATABASE IF EXISTS palio_empty")
    run_alone(postgres_address, "CREATE DATABASE palio_empty")
    url = make_url(postgres_address).set(database="palio_empty")
    engine = db.open_engine(url.render_as_string(hide_password=False))
    check_upgrade(engine)
    engine.dispose()
    run_alone(postgres_address, "DROP DATABASE palio_empty")
