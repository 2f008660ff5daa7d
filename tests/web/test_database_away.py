"""A database that is away or full is said to be so: clients try again, operators make room."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from starlette.testclient import TestClient

from palio.core.db import open_engine, reading
from palio.core.settings import Settings
from palio.web.app import make_app
from palio.web.units import is_away, is_full, is_transient

NOWHERE = "postgresql://postgres@/palio?host={}"


def test_without_a_database_every_answer_asks_to_come_again(tmp_path: Path) -> None:
    app = make_app(
        Settings(
            data_folder=tmp_path / "data", database_url=NOWHERE.format(tmp_path), _env_file=None
        )
    )
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.get("/api/v1/challenges")
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")
    assert answer.headers["retry-after"] == "5"
    assert str(tmp_path) not in answer.text
    page = client.get("/")
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")


def test_a_connection_that_the_database_ends_is_away_and_the_next_one_works(
    postgres_engine: Engine,
) -> None:
    with pytest.raises(DBAPIError) as caught, reading(postgres_engine) as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert is_away(caught.value)
    with reading(postgres_engine) as session:
        assert session.execute(text("SELECT 1")).scalar_one() == 1


def test_a_database_without_room_is_full_and_not_away(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'small.sqlite3'}")
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE page (body BLOB)"))
        connection.execute(text("PRAGMA max_page_count = 4"))
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text("INSERT INTO page VALUES (zeroblob(100000))"))
    engine.dispose()
    found = (is_full(caught.value), is_away(caught.value), is_transient(caught.value))
    assert found == (True, False, False)
