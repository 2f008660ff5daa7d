import json
import logging
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.factories.arena import (
    MODEL_FILES,
    MODELS,
    OWN_FILES,
    OWN_METRIC,
    Arena,
    make_arena,
    predictions,
)
from tests.factories.models import Models, send
from tests.fakes.sandbox import ended, wrote

from palio.core import db
from palio.pipeline import queries, steps
from palio.pipeline.contracts import AlarmKind, Queue
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RunReport, RunSpec
from palio.submissions import host_runs
from palio.submissions.contracts import QuotaCause, SubmissionState


def costs(spec: RunSpec, into: Path) -> RunReport:
    """A metric that tells the parts apart."""
    cost = 1.5 if spec.name.box == "metric-public" else 2.5
    return wrote(into, json.dumps({"cost": cost}).encode(), name="scores.json")


@pytest.fixture
def arena(engine: Engine, tmp_path: Path) -> Arena:
    made = make_arena(engine, tmp_path)
    made.launch(metrics=OWN_METRIC, changes=MODELS, files=OWN_FILES | MODEL_FILES)
    return made


@pytest.fixture
def models(arena: Arena) -> Models:
    """One machine that runs programs and metrics; the baseline is scored."""
    made = Models(arena)
    arena.bench = replace(arena.bench, boxes=lambda: made.boxes)
    made.behave(**{"metric-public": costs, "metric-private": costs})
    assert score(arena)
    made.announce()
    return made


def score(arena: Arena) -> bool:
    arena.change_jobs("not_before = created_at")
    return steps.score_next(arena.bench, on_lost=lambda: None, queue_name=Queue.METRIC)


def alarms(arena: Arena) -> list[AlarmKind]:
    with db.reading(arena.engine) as session:
        return [alarm.kind for alarm in queries.open_alarms(session)]


def told(arena: Arena, submission_id: str) -> list[tuple[str, str]]:
    """What the organizers are told of a submission; their page lists it as failures, too."""
    with db.reading(arena.engine) as session:
        runs = host_runs.of_submission(session, submission_id)
        failures = host_runs.metric_failures(session, challenge_id=arena.challenge_id, limit=9)
    assert failures == tuple((submission_id, run) for run in runs)
    return [(run.box, run.words) for run in runs]


def test_each_part_is_scored_in_a_box_of_its_own(arena: Arena, models: Models) -> None:
    receipt = arena.submit(arena.team("ada"), predictions(0.5))
    assert not steps.score_next(arena.bench, on_lost=lambda: None)  # not for this queue
    assert score(arena)
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.SCORED
    assert [str(each.rounded) for each in submission.public_scores] == ["1.50"]
    boxes = {spec.name.box for spec in models.sandbox.runs}
    assert boxes == {"metric-public", "metric-private"}
    assert list((arena.folder / "boxes" / "attempts").iterdir()) == []


def test_what_a_model_predicts_goes_to_the_hosts_metric(arena: Arena, models: Models) -> None:
    receipt = send(arena, arena.team("ada"))
    models.run()
    assert score(arena)
    assert arena.submission(receipt.submission_id).state is SubmissionState.SCORED


def test_a_refused_file_reaches_no_metric(arena: Arena, models: Models) -> None:
    before = len(models.sandbox.runs)
    receipt = arena.submit(arena.team("ada"), b"id,rating\n1,high\n")
    assert score(arena)
    assert arena.submission(receipt.submission_id).state is SubmissionState.REFUSED
    assert len(models.sandbox.runs) == before


def test_a_metric_that_fails_is_the_hosts_fault_and_gives_the_try_back(
    arena: Arena, models: Models
) -> None:
    crash = ended(Outcome.PROGRAM_ERROR, log=b"KeyError: the answer is 4.5")
    models.behave(**{"metric-public": lambda *_: crash, "metric-private": costs})
    team = arena.team("ada")
    receipt = arena.submit(team, predictions(0.5))
    assert score(arena)
    assert not score(arena)
    submission = arena.submission(receipt.submission_id)
    assert submission.state is SubmissionState.ERRORED
    assert submission.reason == (
        "The organizer's metric failed on these predictions, which passed every check. "
        "The fault is not yours: it costs you no try, and the organizer has been told."
    )
    quota = arena.quota(team)
    assert quota.used_total == 0
    assert [line.cause for line in quota.lines] == [
        QuotaCause.SUBMITTED,
        QuotaCause.METRIC_FAULT,
    ]
    assert alarms(arena) == [AlarmKind.METRIC_BROKE]
    ((box, words),) = told(arena, receipt.submission_id)
    assert box == "metric-public"
    assert "the answer is 4.5" in words


def test_a_metric_that_fails_on_the_private_part_alone_is_told_to_the_host_only(
    arena: Arena, models: Models
) -> None:
    crash = ended(Outcome.PROGRAM_ERROR, log=b"KeyError")
    models.behave(**{"metric-public": costs, "metric-private": lambda *_: crash})
    receipt = arena.submit(arena.team("ada"), predictions(0.5))
    assert score(arena)
    submission = arena.submission(receipt.submission_id)
    assert (submission.state, submission.reason) == (SubmissionState.SCORED, "")
    assert alarms(arena) == [AlarmKind.METRIC_BROKE]
    assert [box for box, _ in told(arena, receipt.submission_id)] == ["metric-private"]


def test_without_a_box_the_job_waits_for_a_machine_that_has_one(
    arena: Arena, models: Models, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = arena.submit(arena.team("ada"), predictions(0.5))
    models.boxes = replace(models.boxes, metric=None)
    with caplog.at_level(logging.CRITICAL, logger="palio"):
        assert not score(arena)
    assert arena.submission(receipt.submission_id).state is SubmissionState.RECEIVED
    assert arena.job(receipt.submission_id).attempts == 0
