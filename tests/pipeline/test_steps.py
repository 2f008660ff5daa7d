import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from celery import Celery
from tests.factories.arena import Arena, predictions

from palio.core import db
from palio.core.clock import database_now
from palio.core.settings import Settings
from palio.core.storage import blob_path
from palio.pipeline import board_steps, leases, queries, steps, tasks
from palio.pipeline.app import make_app
from palio.pipeline.contracts import AlarmKind, Claim, JobState, Queue
from palio.submissions.contracts import QuotaCause, SubmissionState


def take(arena: Arena) -> Claim:
    with arena.bench.work() as session:
        now = database_now(session)
        held = leases.claim(
            session, queue=Queue.SCORE, worker="w", terms=arena.bench.terms, now=now
        )
    assert held is not None
    return held


def score(arena: Arena) -> bool:
    arena.change_jobs("not_before = created_at")  # as if the back-off were over
    return steps.score_next(arena.bench, on_lost=lambda: None)


def test_a_refused_file_is_not_tried_again_and_costs_nothing(arena: Arena) -> None:
    team = arena.team("ada")
    receipt = arena.submit(team, b"id,rating\n1,high\n")
    assert score(arena)
    assert not score(arena)
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.REFUSED
    assert submission.findings
    job = arena.job(receipt.submission_id)
    assert (job.state, job.attempts) == (JobState.DONE, 1)
    assert arena.quota(team).used_total == 0


def test_a_poison_job_ends_after_three_attempts_with_the_try_back_and_an_alarm(
    arena: Arena, caplog: pytest.LogCaptureFixture
) -> None:
    team = arena.team("ada")
    receipt = arena.submit(team, predictions(0.5))
    blob_path(arena.folder / "blobs", receipt.sha256).unlink()
    with caplog.at_level(logging.CRITICAL, logger="palio"):
        for state in (SubmissionState.RECEIVED, SubmissionState.RECEIVED, SubmissionState.ERRORED):
            assert score(arena)
            assert arena.submission(receipt.submission_id).state is state
    assert not score(arena)
    submission = arena.submission(receipt.submission_id)
    assert submission.reason == (
        "We tried 3 times and could not score this file. The fault is ours: "
        "it costs you no try, and the organizer has been told."
    )
    job = arena.job(receipt.submission_id)
    assert (job.state, job.attempts) == (JobState.FAILED, 3)
    assert job.last_error.startswith("BlobMissingError: ")
    quota = arena.quota(team)
    assert quota.used_total == 0
    assert [line.cause for line in quota.lines] == [
        QuotaCause.SUBMITTED,
        QuotaCause.PLATFORM_FAULT,
    ]
    with db.reading(arena.engine) as session:
        (alarm,) = queries.open_alarms(session, challenge_id=arena.challenge_id)
    assert alarm.kind is AlarmKind.JOB_GIVEN_UP


def test_a_failed_attempt_waits_before_the_next(
    arena: Arena, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = arena.submit(arena.team("ada"), predictions(0.5))
    path = blob_path(arena.folder / "blobs", receipt.sha256)
    away = path.rename(path.with_name("away"))
    with caplog.at_level(logging.CRITICAL, logger="palio"):
        assert score(arena)
    assert not steps.score_next(arena.bench, on_lost=lambda: None)
    away.rename(path)
    assert score(arena)
    assert arena.submission(receipt.submission_id).state is SubmissionState.SCORED
    assert arena.job(receipt.submission_id).attempts == 2


def test_the_result_of_a_lost_lease_is_void(arena: Arena) -> None:
    receipt = arena.submit(arena.team("ada"), predictions(0.5))
    slow = take(arena)
    arena.change_jobs("lease_until = created_at")
    verdict = steps.judge(arena.bench, slow)
    fast = take(arena)
    with arena.bench.work() as session:
        assert not steps.hand_in(session, slow, verdict, terms=arena.bench.terms)
    assert arena.submission(receipt.submission_id).public_scores == ()
    assert arena.job(receipt.submission_id).fence == fast.fence


def test_forty_workers_at_once_score_each_submission_once(arena: Arena) -> None:
    team = arena.team("ada")
    ids = [arena.submit(team, predictions(number / 20)).submission_id for number in range(10)]
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(lambda _: steps.score_next(arena.bench, on_lost=lambda: None), range(40))
        )
    assert done.count(True) == 10
    assert {arena.job(submission_id).attempts for submission_id in ids} == {1}
    states = {arena.submission(submission_id).state for submission_id in ids}
    assert states == {SubmissionState.SCORED}


def app_with_tasks(arena: Arena) -> Celery:
    app = make_app(Settings(data_folder=arena.folder))
    tasks.register(app, lambda: arena.bench)
    return app


def everything(arena: Arena) -> list[object]:
    """What people can see, and the queue's own books."""
    with db.reading(arena.engine) as session:
        connection = session.connection()
        return [
            connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1, 2").all()  # noqa: S608 (names above)
            for table in (
                "submission",
                "public_score",
                "private_score",
                "quota_line",
                "board_snapshot",
                "challenge",
                "award",
                "job",
                "audit_event",
            )
        ]


def test_delivering_every_message_five_times_changes_nothing(arena: Arena) -> None:
    team = arena.team("ada")
    arena.submit(team, predictions(0.5))
    arena.submit(team, predictions(0.25))
    app = app_with_tasks(arena)

    def deliver(name: str, id_: str) -> None:
        app.tasks[f"palio.{name}"](id_)

    delivered = 0
    while delivered < len(arena.sent):  # a task may send more
        deliver(arena.sent[delivered].task, arena.sent[delivered].id)
        delivered += 1
    arena.end()
    deliver("settle", arena.challenge_id)
    before = everything(arena)
    messages = [*arena.sent, *arena.sent]
    for _ in range(5):
        for message in messages:
            deliver(message.task, message.id)
        deliver("settle", arena.challenge_id)
    assert everything(arena) == before


@pytest.mark.parametrize("order", [lambda ids: ids, lambda ids: list(reversed(ids))])
def test_nothing_is_revealed_before_everything_received_is_scored(
    arena: Arena, order: Callable[[list[str]], list[str]]
) -> None:
    team = arena.team("ada")
    ids = [arena.submit(team, predictions(number / 8)).submission_id for number in range(3)]
    for rank, submission_id in enumerate(order(ids)):
        arena.change_jobs("priority = :rank WHERE submission_id = :id", rank=rank, id=submission_id)
    arena.end()
    for _ in ids:
        assert not board_steps.settle(arena.bench, arena.challenge_id)
        assert arena.challenge.revealed_at is None
        assert score(arena)
    assert board_steps.settle(arena.bench, arena.challenge_id)
    assert arena.challenge.revealed_at is not None
