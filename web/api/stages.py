"""A submission's way in steps that people can follow: one rule for pages, API and client. Pure."""

from datetime import datetime
from enum import StrEnum

from palio.challenges.contracts import Delivery
from palio.sandbox.outcome import Outcome
from palio.submissions.contracts import HiddenRun, ModelRuns, SmokeRun, Submission, SubmissionState
from palio.submissions.states import PENDING
from palio.web.api.schemas import View
from palio.web.outcomes import words_of

_NO_RUNS = ModelRuns(smoke=None, hidden=None)


class StageName(StrEnum):
    """Steps in their order; predictions know the first and the last."""

    RECEIVED = "received"
    INTAKE = "intake"
    SMOKE = "smoke"
    HIDDEN = "hidden"
    SCORING = "scoring"


class StageState(StrEnum):
    """Where one step stands."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed"
    SKIPPED = "skipped"  # the way ended before


class StageView(View):
    """One step of a submission's way; `at` is when it ended."""

    name: StageName
    state: StageState
    words: str
    at: datetime | None


def stages_of(submission: Submission, *, runs: ModelRuns | None) -> tuple[StageView, ...]:
    """Say how far a submission is; `runs` are those of its program.

    The words of the hidden run follow from its outcome alone.
    """
    received = StageView(
        name=StageName.RECEIVED, state=StageState.DONE, words="", at=submission.received_at
    )
    if submission.delivery is Delivery.PREDICTIONS:
        return (received, _scoring(submission, may_begin=True))
    found = runs or _NO_RUNS
    has_passed = _has_finished(found.smoke)
    return (
        received,
        _intake(submission, has_passed=found.smoke is not None),
        _run(StageName.SMOKE, found.smoke, submission, may_begin=found.smoke is not None),
        _run(StageName.HIDDEN, found.hidden, submission, may_begin=has_passed),
        _scoring(submission, may_begin=_has_finished(found.hidden)),
    )


def _has_finished(run: SmokeRun | HiddenRun | None) -> bool:
    return run is not None and run.outcome is Outcome.FINISHED


def _intake(submission: Submission, *, has_passed: bool) -> StageView:
    if has_passed:
        return StageView(name=StageName.INTAKE, state=StageState.DONE, words="", at=None)
    return _open(StageName.INTAKE, submission, may_begin=True)


def _run(
    name: StageName, run: SmokeRun | HiddenRun | None, submission: Submission, *, may_begin: bool
) -> StageView:
    if run is None:
        return _open(name, submission, may_begin=may_begin)
    said = words_of(run.outcome, fault=run.fault, has_ended=run.ended_at is not None)
    at = run.ended_at
    if _has_finished(run):
        return StageView(name=name, state=StageState.DONE, words=said.words, at=at)
    state = StageState.FAILED
    if submission.state in PENDING:  # it goes on, or another attempt comes
        is_running = submission.state is SubmissionState.RUNNING
        state = StageState.RUNNING if is_running else StageState.WAITING
    return StageView(name=name, state=state, words=said.words, at=at)


def _scoring(submission: Submission, *, may_begin: bool) -> StageView:
    if submission.state is SubmissionState.SCORED:
        at = submission.ended_at
        return StageView(name=StageName.SCORING, state=StageState.DONE, words="", at=at)
    return _open(StageName.SCORING, submission, may_begin=may_begin)


def _open(name: StageName, submission: Submission, *, may_begin: bool) -> StageView:
    """Show a step that has left no trace yet; the first such one is where the way stands."""
    if submission.state not in PENDING:
        if not may_begin:
            return StageView(name=name, state=StageState.SKIPPED, words="", at=None)
        at = submission.ended_at
        return StageView(name=name, state=StageState.FAILED, words=submission.reason, at=at)
    is_running = may_begin and submission.state is SubmissionState.RUNNING
    state = StageState.RUNNING if is_running else StageState.WAITING
    return StageView(name=name, state=state, words="", at=None)
