"""One transaction for each request: what is kept, what is sent, which clock."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from palio.core import audit, clock, db, queue

Work = Callable[[], AbstractContextManager[Session]]
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def note(session: Session, subject: str) -> None:
    audit.record(session, actor_id="system", action="test.note", subject_id=subject, now=AT)


def test_unit_of_work_when_the_block_ends_keeps_rows_then_sends(
    engine: Engine, work: Work, sent: list[queue.Message]
) -> None:
    with work() as session:
        note(session, "a")
        queue.enqueue(session, task="score", id="1")
        assert sent == []
    with db.reading(engine) as session:
        assert [event.subject_id for event in session.exec(select(audit.AuditEvent))] == ["a"]
    assert sent == [queue.Message(task="score", id="1")]


def test_unit_of_work_when_the_block_raises_keeps_and_sends_nothing(
    engine: Engine, work: Work, sent: list[queue.Message]
) -> None:
    def fail_after_writing() -> None:
        with work() as session:
            note(session, "a")
            queue.enqueue(session, task="score", id="1")
            raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        fail_after_writing()
    with db.reading(engine) as session:
        assert session.exec(select(audit.AuditEvent)).all() == []
    assert sent == []


def test_database_now_is_aware_and_moves_within_a_transaction(engine: Engine) -> None:
    with db.reading(engine) as session:
        first = clock.database_now(session)
        later = first
        for _ in range(10_000):
            later = clock.database_now(session)
            if later > first:
                break
    assert first.utcoffset() == timedelta(0)
    assert later > first


def test_naive_times_are_refused(work: Work) -> None:
    def write_naive() -> None:
        with work() as session:
            audit.record(
                session,
                actor_id="system",
                action="test.note",
                subject_id="a",
                now=datetime(2026, 1, 1),  # noqa: DTZ001 (the fault under test)
            )

    with pytest.raises(Exception, match="aware UTC"):
        write_naive()


def test_writers_when_many_come_at_once_all_get_their_turn(
    sqlite_engine: Engine, sent: list[queue.Message]
) -> None:
    def write(subject: int) -> None:
        with db.unit_of_work(sqlite_engine, send=sent.append) as session:
            note(session, str(subject))

    with ThreadPoolExecutor(32) as pool:
        list(pool.map(write, range(200)))
    with db.reading(sqlite_engine) as session:
        assert audit.first_broken_event(session) is None
        assert len(session.exec(select(audit.AuditEvent)).all()) == 200


def test_turn_to_write_when_a_block_raises_is_handed_on(
    sqlite_engine: Engine, sent: list[queue.Message]
) -> None:
    def fail_after_writing() -> None:
        with db.unit_of_work(sqlite_engine, send=sent.append) as session:
            note(session, "a")
            raise RuntimeError("boom")

    for _ in range(3):
        with pytest.raises(RuntimeError, match="boom"):
            fail_after_writing()
    with db.unit_of_work(sqlite_engine, send=sent.append) as session:
        note(session, "b")


def test_keys_come_in_parts_that_a_statement_can_name() -> None:
    keys = [str(number) for number in range(2_001)]
    parts = list(db.in_parts(keys))
    assert [len(part) for part in parts] == [1000, 1000, 1]
    assert [key for part in parts for key in part] == keys
    assert list(db.in_parts(())) == []


@pytest.mark.parametrize("values", [("a", "%"), ("100 %", "a'b"), ("?:$1", "\\")])
def test_statements_that_are_read_once_take_new_values_each_time(
    postgres_engine: Engine, values: tuple[str, str]
) -> None:
    statement = (
        """SELECT '%s ?', "x y", %s || '-', 7 %% 4, %s FROM (SELECT 1 AS "x y") AS t -- %s"""
    )
    with postgres_engine.connect() as connection:
        for first, second in (values, values[::-1]):
            row = connection.exec_driver_sql(statement, (first, second)).one()
            assert tuple(row) == ("%s ?", 1, f"{first}-", 3, second)
