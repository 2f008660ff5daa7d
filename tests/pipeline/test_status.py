from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories.arena import Arena, predictions

from palio.core import db
from palio.core.clock import database_now
from palio.pipeline import status, steps, sweep
from palio.pipeline.contracts import JobState, JobView, Queue, QueueStatus, Typical
from palio.sandbox.outcome import Fault, Killer, Outcome
from palio.submissions.contracts import (
    HiddenRun,
    ModelRuns,
    SmokeRun,
    Submission,
    SubmissionKind,
    SubmissionState,
)

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
NO_HISTORY = Typical(None, None, None, None)
HISTORY = Typical(wait_p50=1, wait_p90=4, run_p50=0.5, run_p90=2)
SUBMISSION = Submission(
    id="s",
    challenge_id="c",
    phase_id="p",
    team_id="t",
    person_id="x",
    kind=SubmissionKind.COMPETITOR,
    label="",
    file_name="p.csv",
    sha256="0" * 64,
    bytes=1,
    state=SubmissionState.RECEIVED,
    reason="",
    findings=(),
    received_at=AT,
    ended_at=None,
    is_chosen=False,
    note="",
    public_scores=(),
)
JOB = JobView(
    id="j",
    submission_id="s",
    queue=Queue.SCORE,
    state=JobState.QUEUED,
    priority=0,
    attempts=0,
    created_at=AT,
    not_before=AT,
    started_at=None,
    ended_at=None,
)


def words(submission: Submission = SUBMISSION, job: JobView | None = JOB, **facts: object) -> str:
    known: dict[str, object] = {
        "position": None,
        "running_seconds": None,
        "workers": 2,
        "typical": NO_HISTORY,
    }
    return status.words(submission, job, **(known | facts))  # type: ignore[arg-type]


def test_words_for_a_place_in_the_queue() -> None:
    assert words(position=3) == "Waiting at place 3 of the queue."


def test_words_for_a_place_in_the_queue_with_history() -> None:
    assert words(position=1, typical=HISTORY) == (
        "Waiting at place 1 of the queue. Nine of ten lately were scored within 6 s."
    )


def test_words_when_no_worker_lives() -> None:
    assert words(position=1, workers=0, typical=HISTORY) == (
        "Waiting at place 1 of the queue. No worker is running at this moment; "
        "your submission is safe and is scored when one is back."
    )


def test_words_for_another_attempt() -> None:
    assert words(job=replace(JOB, attempts=1), position=1) == (
        "Waiting at place 1 of the queue for another attempt: "
        "the last one failed on our side and costs you nothing."
    )


def test_words_for_what_runs() -> None:
    running = replace(JOB, state=JobState.RUNNING, attempts=2, started_at=AT)
    assert words(job=running, running_seconds=11.2) == "Being scored for 12 s (attempt 2)."


def test_words_for_what_ended_are_its_reason() -> None:
    refused = replace(SUBMISSION, state=SubmissionState.REFUSED, reason="Line 3 has no rating.")
    assert words(refused) == "Line 3 has no rating."
    assert words(replace(SUBMISSION, state=SubmissionState.SCORED)) == "Scored."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "less than a second"), (1, "1 s"), (89.5, "90 s"), (91, "2 min"), (7300, "3 h")],
)
def test_spans(seconds: float, text: str) -> None:
    assert status.span(seconds) == text


@given(st.lists(st.floats(0, 1e6), min_size=1), st.integers(1, 99))
def test_a_percentile_is_not_exceeded_by_that_share(values: list[float], percent: int) -> None:
    found = status.percentile(values, percent)
    assert found in values
    assert sum(value <= found for value in values) * 100 >= percent * len(values)
    assert sum(value < found for value in values) * 100 < percent * len(values)


def test_no_values_have_no_percentile() -> None:
    assert status.percentile([], 50) is None


def look(arena: Arena, submission_id: str) -> QueueStatus:
    with db.reading(arena.engine) as session:
        return status.queue_status(
            session,
            submission=arena.submission(submission_id),
            now=database_now(session),
        )


def test_places_count_down_as_jobs_are_done(arena: Arena) -> None:
    team = arena.team("ada")
    ids = [arena.submit(team, predictions(0.5)).submission_id for _ in range(3)]
    sweep.say_alive(arena.bench, processes=2)
    assert [look(arena, one).position for one in ids] == [1, 2, 3]
    assert steps.score_next(arena.bench, on_lost=lambda: None)
    assert [look(arena, one).position for one in ids] == [None, 1, 2]
    seen = look(arena, ids[1])
    assert seen.workers_alive == 2
    assert seen.typical.run_p90 is not None
    assert look(arena, ids[0]).words == "Scored."


def test_a_worker_that_signed_off_is_not_alive(arena: Arena) -> None:
    receipt = arena.submit(arena.team("ada"), predictions(0.5))
    sweep.say_alive(arena.bench, processes=2)
    sweep.say_gone(arena.bench)
    assert look(arena, receipt.submission_id).workers_alive == 0


def smoke(outcome: Outcome | None) -> SmokeRun:
    return SmokeRun(
        outcome=outcome,
        fault=Fault.NOBODY,
        exit_code=0,
        killed_by=Killer.NOBODY,
        wall_seconds=1.0,
        cpu_seconds=1.0,
        peak_memory_bytes=1,
        log="",
        is_log_cut=False,
        reason="",
        started_at=AT,
        ended_at=None if outcome is None else AT,
    )


HIDDEN = HiddenRun(
    outcome=None,
    fault=Fault.NOBODY,
    wall_seconds=0,
    peak_memory_bytes=0,
    started_at=AT,
    ended_at=None,
)


@pytest.mark.parametrize(
    ("runs", "seconds", "text"),
    [
        (ModelRuns(None, None), None, "Being checked and made ready."),
        (
            ModelRuns(smoke(None), None),
            39.5,
            "Running on the public sample for 40 s of at most 10 min.",
        ),
        (
            ModelRuns(smoke(Outcome.FINISHED), HIDDEN),
            39.5,
            "The smoke run passed. Running on the hidden data for 40 s of at most 10 min.",
        ),
    ],
)
def test_words_for_a_program_that_runs(runs: ModelRuns, seconds: float | None, text: str) -> None:
    running = replace(JOB, queue=Queue.MODEL, state=JobState.RUNNING, attempts=1, started_at=AT)
    program = status.Program(runs, seconds, 600)
    assert words(job=running, running_seconds=40.0, program=program) == text


def test_words_for_predictions_of_a_program_on_their_way_to_scoring() -> None:
    runs = ModelRuns(smoke(Outcome.FINISHED), replace(HIDDEN, outcome=Outcome.FINISHED))
    assert words(position=2, program=status.Program(runs, None, 600)) == (
        "Your program ran well on the hidden data. Waiting at place 2 of the queue."
    )


def test_words_when_no_worker_runs_programs() -> None:
    waiting = replace(JOB, queue=Queue.MODEL)
    program = status.Program(ModelRuns(None, None), None, 600)
    assert words(job=waiting, position=1, workers=0, program=program) == (
        "Waiting at place 1 of the queue. No worker that can run your program is up at this "
        "moment; your submission is safe and is run when one is back."
    )
