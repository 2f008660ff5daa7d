import logging
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from celery import Celery
from sqlalchemy import Engine, text
from tests.factories.arena import Arena, make_arena, predictions

from palio.challenges.contracts import ChallengeState
from palio.core import db
from palio.core.clock import database_now
from palio.core.settings import Settings
from palio.leaderboard import queries as leaderboard
from palio.pipeline import queries, sweep
from palio.pipeline.app import make_app, make_sender, waiting_messages
from palio.pipeline.contracts import JobState, Queue
from palio.submissions.contracts import SubmissionState


@pytest.fixture
def app(arena: Arena) -> Celery:
    return make_app(Settings(data_folder=arena.folder))


def age_jobs(arena: Arena, seconds: int) -> None:
    """Let every waiting job have waited so long."""
    past = arena.now() - timedelta(seconds=seconds)
    shown = past if arena.engine.dialect.name == "postgresql" else f"{past:%Y-%m-%d %H:%M:%S.%f}"
    arena.change_jobs("created_at = :at, not_before = :at WHERE state = 'queued'", at=shown)


def test_only_messages_that_are_missing_are_sent(arena: Arena, app: Celery) -> None:
    team = arena.team("ada")
    ids = [arena.submit(team, predictions(0.5)).submission_id for _ in range(3)]
    make_sender(app)(arena.sent[0])
    arena.sent.clear()
    age_jobs(arena, 10)
    sweep.send_missing(arena.bench, app)
    assert waiting_messages(app, Queue.SCORE) == 1
    assert [message.id for message in arena.sent] == [arena.job(one).id for one in ids[:2]]


def test_a_message_on_its_way_is_not_sent_twice(arena: Arena, app: Celery) -> None:
    arena.submit(arena.team("ada"), predictions(0.5))
    arena.sent.clear()
    sweep.send_missing(arena.bench, app)
    assert arena.sent == []


def test_a_job_that_took_its_worker_down_three_times_is_given_up(arena: Arena, app: Celery) -> None:
    team = arena.team("ada")
    receipt = arena.submit(team, predictions(0.5))
    arena.change_jobs(
        "state = 'running', attempts = 3, fence = 3, lease_until = created_at"
        " WHERE submission_id = :id",
        id=receipt.submission_id,
    )
    sweep.sweep(arena.bench, app, quiet_seconds=120)
    assert arena.job(receipt.submission_id).state == JobState.FAILED
    assert arena.submission(receipt.submission_id).state is SubmissionState.ERRORED
    assert arena.quota(team).used_total == 0


def test_stale_boards_are_made_and_the_rest_follows_the_clock(arena: Arena, app: Celery) -> None:
    arena.submit(arena.team("ada"), predictions(0.5))
    arena.score_all()
    sweep.sweep(arena.bench, app, quiet_seconds=120)
    with db.reading(arena.engine) as session:
        board = leaderboard.latest(session, challenge_id=arena.challenge_id)
    assert board is not None
    assert [row.name for row in board.standings] == ["ada", "constant"]
    arena.end()
    sweep.sweep(arena.bench, app, quiet_seconds=120)
    assert arena.challenge.state is ChallengeState.REVEALED


def test_one_part_in_trouble_does_not_stop_the_others(
    arena: Arena, app: Celery, caplog: pytest.LogCaptureFixture
) -> None:
    with arena.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE challenge SET next_change_at = opened.at FROM"
                " (SELECT published_at AS at FROM challenge) AS opened"
            )
        )
        connection.execute(text("UPDATE challenge SET plan = 'not a plan'"))
    with caplog.at_level(logging.ERROR, logger="palio"):
        sweep.sweep(arena.bench, app, quiet_seconds=120)
    assert {record.name for record in caplog.records} == {
        "palio.pipeline.sweep",
        "palio.pipeline.one_by_one",
    }


def test_two_never_sweep_at_once(arena: Arena) -> None:
    other = make_arena(arena.engine, arena.folder / "other")
    other.bench = replace(other.bench, worker="other")
    assert sweep._take_turn(arena.bench)
    assert not sweep._take_turn(other.bench)
    sweep._end_turn(arena.bench)
    assert sweep._take_turn(other.bench)


def test_a_queue_nobody_looks_at_is_an_alarm_until_somebody_does(arena: Arena) -> None:
    arena.submit(arena.team("ada"), predictions(0.5))
    age_jobs(arena, 300)

    def alarms() -> list[str]:
        with db.reading(arena.engine) as session:
            return [alarm.words for alarm in queries.open_alarms(session)]

    with arena.engine.begin() as connection:
        connection.execute(text("UPDATE job SET started_at = NULL"))
    sweep.watch_queue(arena.bench, quiet_seconds=120)
    sweep.watch_queue(arena.bench, quiet_seconds=120)
    words = (
        "No worker has taken a submission for 5 min while some wait. "
        "Nothing is lost; see that a worker runs (`palio worker`)."
    )
    assert alarms() == [words]
    arena.score_all()
    sweep.watch_queue(arena.bench, quiet_seconds=120)
    assert alarms() == []


def test_the_next_instant_is_the_close(arena: Arena) -> None:
    with db.reading(arena.engine) as session:
        now = database_now(session)
        at = sweep.next_at(session, after=now)
    assert at == arena.challenge.phases[-1].closes_at


def test_the_thread_reveals_at_the_deadline_without_being_told(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    arena = make_arena(sqlite_engine, tmp_path)
    arena.launch()
    arena.score_all()
    sweeper = sweep.Sweeper(
        arena.bench,
        make_app(Settings(data_folder=tmp_path)),
        duties=sweep.Duties(every_seconds=0.2, quiet_seconds=120, processes=2),
    )
    sweeper.start()
    arena.end()
    deadline = time.monotonic() + 30
    while arena.challenge.revealed_at is None:
        assert time.monotonic() < deadline
    sweeper.stop()
