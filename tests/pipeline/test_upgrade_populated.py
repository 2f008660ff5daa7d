"""A site that ran before boards, log and prizes goes on after the upgrade with all it had."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection, Engine, make_url
from tests.challenges.plans import PLAN
from tests.pipeline.test_migrations import run_alone

from palio.challenges import queries as challenges
from palio.challenges.plan_json import plan_to_json
from palio.core import audit, db, log
from palio.core.clock import database_now
from palio.migrations.upgrade import config, differences, newest, upgrade
from palio.pipeline import tables
from palio.submissions import queries as submissions

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NEW_KEYS = ("board", "divisions", "escrow", "verification", "answers_open")
EVENTS = 3
GIVEN = {
    ("challenge", "state"): "open",
    ("challenge", "slug"): "old",
    ("submission", "state"): "scored",
    ("submission", "kind"): "competitor",
    ("submission", "delivery"): "predictions",
    ("submission", "findings"): "[]",
    ("phase", "closes_at"): AT + timedelta(days=9),
    ("schedule_change", "closes_at_after"): AT + timedelta(days=9),
    ("job", "state"): "done",
    ("job", "queue"): "score",
}


def old_plan() -> str:
    """A plan as it was written then: without the keys that came later."""
    plan = json.loads(plan_to_json(PLAN))
    return json.dumps({key: value for key, value in plan.items() if key not in NEW_KEYS})


def value(column: sa.Column[Any], row: int) -> object:
    """Something that the column takes; every key is the same, so that rows belong together."""
    given = GIVEN.get((column.table.name, column.name))
    if given is not None:
        return given
    if column.name == "plan":
        return old_plan()
    kinds: tuple[tuple[type, object], ...] = (
        (sa.Boolean, False),
        (sa.Integer, row),
        (sa.Float, 0.5),
        (sa.Numeric, 1),
        (sa.DateTime, AT if column.type.__class__.__name__ != "TEXT" else "2026-01-02"),
        (sa.LargeBinary, b"x"),
        (sa.Date, AT.date()),
    )
    found = next((what for kind, what in kinds if isinstance(column.type, kind)), None)
    return found if found is not None else f"{row}"


def fill(connection: Connection) -> dict[str, int]:
    """Put a row into every table there was, three into the audit log; return how many."""
    schema = sa.MetaData()
    schema.reflect(connection)
    count = {}
    for table in schema.sorted_tables:
        if table.name == "alembic_version":
            continue
        count[table.name] = EVENTS if table.name == "audit_event" else 1
        for row in range(1, count[table.name] + 1):
            wanted = [each for each in table.columns if not each.nullable or each.foreign_keys]
            values = {column.name: value(column, row) for column in wanted}
            if table.name == "audit_event":
                del values["id"]  # counted by the database, which goes on from there
            connection.execute(table.insert().values(values))
    return count


def check_populated(engine: Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(config(connection, metadata=tables.metadata), "0001")
        before = fill(connection)
    assert {"challenge", "submission", "audit_event", "public_score"} <= before.keys()
    assert upgrade(engine, metadata=tables.metadata) == ("0001", newest())
    with engine.connect() as connection:
        assert differences(connection, metadata=tables.metadata) == []
        after = {
            name: connection.execute(sa.text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608 (names of tables)
            for name in before
        }
    assert after == before
    with db.unit_of_work(engine, send=lambda _message: None) as session:
        assert challenges.by_slug(session, "old").plan == PLAN
        assert submissions.submission(session, "1").state.value == "scored"
        assert [entry.record.hash for entry in log.entries(session, first=0, limit=9)] == [
            "1", "2", "3",
        ]  # fmt: skip
        assert audit.first_broken_event(session) is None
        audit.append(session, kind="a.b", subject_id="1", payload={}, now=database_now(session))
    with db.reading(engine) as session:
        assert log.head(session).size == EVENTS + 1
        assert log.root(session, size=EVENTS + 1) == log.head(session).root
        assert log.consistency_proof(session, first=EVENTS, second=EVENTS + 1)
        assert audit.first_broken_event(session) is None
    with pytest.raises(sa.exc.DBAPIError), engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM audit_event WHERE id = 1"))


def test_a_populated_sqlite_is_carried_over(tmp_path: Path) -> None:
    engine = db.open_engine(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    check_populated(engine)
    engine.dispose()


@pytest.mark.integration
def test_a_populated_postgresql_is_carried_over(postgres_address: str) -> None:
    run_alone(postgres_address, "DROP DATABASE IF EXISTS palio_populated")
    run_alone(postgres_address, "CREATE DATABASE palio_populated")
    url = make_url(postgres_address).set(database="palio_populated")
    engine = db.open_engine(url.render_as_string(hide_password=False))
    check_populated(engine)
    engine.dispose()
    run_alone(postgres_address, "DROP DATABASE palio_populated")
