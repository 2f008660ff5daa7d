"""Jobs that nobody will take are no silence: what is said, and when it ends."""

from dataclasses import replace

import pytest
from tests.factories.arena import Arena
from tests.factories.models import ABLE, Models, send

from palio.accounts.contracts import Team
from palio.core import db
from palio.pipeline import queries, sweep
from palio.sandbox.outcome import Level
from palio.submissions.contracts import SubmissionState


@pytest.fixture
def arena(model_arena: Arena) -> Arena:
    return model_arena


def alarms(arena: Arena) -> list[str]:
    sweep.watch_queue(arena.bench, quiet_seconds=0)
    with db.reading(arena.engine) as session:
        return [alarm.words for alarm in queries.open_alarms(session)]


WAY_OUT = "Nothing is lost; start a worker where they fit (`palio worker --queues model`)."


def test_a_job_too_large_for_every_machine_is_an_alarm_while_others_go_on(
    arena: Arena, models: Models, team: Team
) -> None:
    large = send(arena, team).submission_id
    arena.change_jobs("memory_bytes = :most", most=64 * 2**30)
    small = send(arena, team).submission_id
    assert models.run()
    assert arena.score_all() == 1
    assert arena.submission(small).state is SubmissionState.SCORED
    words = (
        "1 submission waits, and no machine that is up can run it: a box may use 64.0 GiB, the"
        f" largest machine for code has 1.0 GiB. {WAY_OUT}"
    )
    assert alarms(arena) == [words]
    assert alarms(arena) == [words]
    models.boxes = replace(models.boxes, abilities=replace(ABLE, memory_bytes=64 * 2**30))
    models.announce(models.boxes.abilities)
    assert models.run()
    assert arena.score_all() == 1
    assert arena.submission(large).state is SubmissionState.SCORED
    assert alarms(arena) == []


def test_a_worker_that_lost_its_boxes_is_an_alarm_in_its_own_words(
    arena: Arena, models: Models, team: Team
) -> None:
    send(arena, team)
    send(arena, team)
    models.announce(replace(ABLE, code=Level.NONE))
    (words,) = alarms(arena)
    assert words == (
        "2 submissions wait, and no machine that is up can run them: none has a box for code"
        f" (palio doctor says what is missing). {WAY_OUT}"
    )


def test_boxes_switched_off_leave_jobs_waiting_until_somebody_runs_them(
    arena: Arena, models: Models, team: Team
) -> None:
    """A host that sets the backend to none: no worker for programs starts, nothing is lost."""
    waiting = send(arena, team).submission_id
    sweep.say_gone(models.bench)
    (words,) = alarms(arena)
    assert words.endswith(
        "while some wait. Nothing is lost; see that a worker runs (`palio worker --queues model`)."
    )
    arena.end()
    assert arena.submission(waiting).state is SubmissionState.RECEIVED
    assert arena.quota(team).used_total == 1
    models.announce()
    assert models.run()
    assert arena.score_all() == 1
    assert arena.submission(waiting).state is SubmissionState.SCORED
    assert alarms(arena) == []
