"""Shapes of a model's runs. A team's view of a hidden run has no field that could carry its data.

The view of organizers is a type of its own, so that one is never given for the other.
"""

from datetime import datetime

from palio.sandbox.outcome import Fault, Killer, Outcome
from palio.submissions.contracts import HiddenRun, ModelRuns, SmokeRun
from palio.web.api.schemas import ID, NOW, View, example
from palio.web.outcomes import words_of

SMOKE = {
    "outcome": "program_error",
    "fault": "participant",
    "words": "It ended with an exit code other than 0.",
    "hint": "The end of the smoke run's log usually says why.",
    "exit_code": 1,
    "killed_by": "nobody",
    "wall_seconds": 1.25,
    "cpu_seconds": 1.1,
    "peak_memory_bytes": 104_857_600,
    "log": "FileNotFoundError: weights.npz\n",
    "is_log_cut": False,
    "reason": "",
    "started_at": NOW,
    "ended_at": "2026-12-01T12:00:02Z",
}
HOST_RUN = {
    "box": "metric-private",
    "attempt": 1,
    "outcome": "program_error",
    "exit_code": 1,
    "killed_by": "nobody",
    "wall_seconds": 0.6,
    "cpu_seconds": 0.5,
    "peak_memory_bytes": 83_886_080,
    "log": "ZeroDivisionError: float division by zero\n",
    "is_log_cut": False,
    "reason": "",
    "words": "",
    "ended_at": NOW,
}


class SmokeRunView(View):
    """A team's program on public sample data: everything there is.

    `outcome` is null while it runs, and where the box failed (`fault` is `platform` then).
    `log` is the end of what it wrote, with control characters made visible.
    """

    outcome: Outcome | None
    fault: Fault
    words: str
    hint: str
    exit_code: int | None
    killed_by: Killer
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    log: str
    is_log_cut: bool
    reason: str
    started_at: datetime
    ended_at: datetime | None


class HiddenRunView(View):
    """A team's program on the hidden features: how it ended, whole seconds, rounded memory."""

    outcome: Outcome | None
    fault: Fault
    words: str
    hint: str
    wall_seconds: int
    peak_memory_bytes: int
    started_at: datetime
    ended_at: datetime | None


class RunsView(View):
    """The latest run of each kind; null where there was none."""

    smoke: SmokeRunView | None
    hidden: HiddenRunView | None


class HostRunView(View):
    """A run on hidden data, for organizers of the challenge alone.

    `box` is `model`, `predictions` (their reading), `metric-public` or `metric-private` (failures
    of the metric), or `refusal` (what the metric told of the predictions).
    """

    box: str
    attempt: int
    outcome: Outcome | None
    exit_code: int | None
    killed_by: Killer
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    log: str
    is_log_cut: bool
    reason: str
    words: str
    ended_at: datetime


class HostRunsView(View):
    """Runs of one submission on hidden data, oldest first."""

    model_config = example({"submission_id": ID, "items": [HOST_RUN]})

    submission_id: str
    items: tuple[HostRunView, ...]


def runs_view(runs: ModelRuns) -> RunsView:
    """Show a model's runs to its team."""
    return RunsView(
        smoke=None if runs.smoke is None else _smoke(runs.smoke),
        hidden=None if runs.hidden is None else _hidden(runs.hidden),
    )


def _smoke(run: SmokeRun) -> SmokeRunView:
    said = words_of(run.outcome, fault=run.fault, has_ended=run.ended_at is not None)
    return SmokeRunView(
        outcome=run.outcome,
        fault=run.fault,
        words=said.words,
        hint=said.hint,
        exit_code=run.exit_code,
        killed_by=run.killed_by,
        wall_seconds=run.wall_seconds,
        cpu_seconds=run.cpu_seconds,
        peak_memory_bytes=run.peak_memory_bytes,
        log=run.log,
        is_log_cut=run.is_log_cut,
        reason=run.reason,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )


def _hidden(run: HiddenRun) -> HiddenRunView:
    said = words_of(run.outcome, fault=run.fault, has_ended=run.ended_at is not None)
    return HiddenRunView(
        outcome=run.outcome,
        fault=run.fault,
        words=said.words,
        hint=said.hint,
        wall_seconds=run.wall_seconds,
        peak_memory_bytes=run.peak_memory_bytes,
        # To the second: the exact length of a run could carry a message out of it.
        started_at=run.started_at.replace(microsecond=0),
        ended_at=run.ended_at.replace(microsecond=0) if run.ended_at else None,
    )
