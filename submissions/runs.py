"""What is written down of the runs of a team's program, and what the team may read of it."""

import math
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import update
from sqlmodel import Session, col, select

from palio.core.errors import Finding
from palio.sandbox.outcome import Box, Fault, Killer, Outcome, consequence
from palio.sandbox.spec import RunReport
from palio.submissions import models, service
from palio.submissions.contracts import HiddenRun, ModelRuns, RunRef, SmokeRun, SubmissionState
from palio.submissions.host_models import HostRun
from palio.submissions.states import PENDING

MEMORY_STEP_BYTES = 16 * 2**20
CODES_SHOWN = 5
UNSOUND_WORDS = (
    "Your model ran on the hidden data to its end, and the predictions it wrote there are not"
    " sound (invalid_predictions): rows are missing or twice, or a value is not allowed. More"
    " is not told of a run on hidden data. It counts as a try."
)


def begin(session: Session, *, run: RunRef, image_id: str, now: datetime) -> None:
    """Note that a run begins, before anything of it is made; its image is in use from now on."""
    session.add(
        models.ModelRun(
            submission_id=run.submission_id,
            stage=run.stage.value,
            attempt=run.attempt,
            image_id=image_id,
            fault=Fault.NOBODY.value,
            killed_by=Killer.NOBODY.value,
            started_at=now,
        )
    )
    session.flush()


def end(
    session: Session,
    *,
    run: RunRef,
    report: RunReport | None,
    log: str,
    now: datetime,
    outcome: Outcome | None = None,
    words: str = "",
) -> None:
    """Note how a run ended: of a smoke run everything, of a hidden one what a team may know.

    Args:
        session: The unit of work.
        run: As at its beginning.
        report: What the box said; None when the box itself failed.
        log: Its end, fit to be shown.
        now: Time of the end.
        outcome: In place of the report's, where what was collected was refused after it.
        words: For the organizer; kept of hidden runs only.

    """
    row = session.get_one(models.ModelRun, (run.submission_id, run.stage.value, run.attempt))
    outcome = outcome or (report.outcome if report else None)
    row.ended_at, row.outcome = now, outcome.value if outcome else None
    row.fault = consequence(run.stage, outcome).fault.value
    if report is not None and run.stage is Box.SMOKE:
        row.exit_code, row.killed_by = report.exit_code, report.killed_by.value
        row.wall_seconds, row.cpu_seconds = report.wall_seconds, report.cpu_seconds
        row.peak_memory_bytes = report.peak_memory_bytes
        row.log, row.is_log_cut, row.reason = log, report.is_log_cut, report.reason
    elif report is not None:
        row.wall_seconds = float(math.ceil(report.wall_seconds))
        row.peak_memory_bytes = rounded_memory(report.peak_memory_bytes)
    session.add(row)
    if run.stage is not Box.SMOKE:
        tell_host(session, run=run, report=report, log=log, words=words, now=now)
    session.flush()


def rounded_memory(peak_bytes: int) -> int:
    """Return a peak as a team may know it of a hidden run: the exact one could carry a message."""
    return math.ceil(peak_bytes / MEMORY_STEP_BYTES) * MEMORY_STEP_BYTES


def tell_host(
    session: Session,
    *,
    run: RunRef,
    now: datetime,
    box: str = "",
    report: RunReport | None = None,
    log: str = "",
    words: str = "",
) -> None:
    """Keep something for the organizers alone; each box of an attempt may tell once.

    Args:
        session: The unit of work.
        run: The run, or that of the predictions a metric was about.
        now: Time of the end.
        box: Other than the run's stage: see `HostRun`.
        report: What the box said, where there was one.
        log: Its end, fit to be shown.
        words: What else there is to know.

    """
    session.add(
        HostRun(
            submission_id=run.submission_id,
            box=box or run.stage.value,
            attempt=run.attempt,
            outcome=report.outcome.value if report else None,
            exit_code=report.exit_code if report else None,
            killed_by=report.killed_by.value if report else Killer.NOBODY.value,
            wall_seconds=report.wall_seconds if report else 0.0,
            cpu_seconds=report.cpu_seconds if report else 0.0,
            peak_memory_bytes=report.peak_memory_bytes if report else 0,
            log=log,
            is_log_cut=report.is_log_cut if report else False,
            reason=report.reason if report else "",
            words=words,
            ended_at=now,
        )
    )
    session.flush()


def record_predictions(session: Session, *, submission_id: str, sha256: str) -> bool:
    """Hand what a model wrote on to scoring; False when the submission does not run (any more).

    The first predictions stay: no later attempt replaces them.
    """
    row = models.Submission
    is_first = col(row.predictions_sha256).is_(None)
    moved = session.execute(
        update(row)
        .where(col(row.id) == submission_id, is_first)
        .where(col(row.state) == SubmissionState.RUNNING.value)
        .values(predictions_sha256=sha256)
        .returning(col(row.id))
        .execution_options(synchronize_session=False)
    ).first()
    return moved is not None and service.back_to_queue(session, submission_id=submission_id)


def refuse_predictions(
    session: Session, *, run: RunRef, findings: Sequence[Finding], now: datetime
) -> bool:
    """End a submission whose model wrote unsound predictions on hidden data; it costs the try.

    What is wrong with them goes to the organizers: lines and values are the model's to choose,
    and so would tell the team whatever it read.
    """
    codes = ", ".join(dict.fromkeys(finding.code for finding in findings[:CODES_SHOWN]))
    if not service.fail(session, submission_id=run.submission_id, reason=UNSOUND_WORDS, now=now):
        return False
    session.execute(
        update(models.ModelRun)
        .where(
            col(models.ModelRun.submission_id) == run.submission_id,
            col(models.ModelRun.stage) == Box.MODEL.value,
            col(models.ModelRun.outcome) == Outcome.FINISHED.value,
        )
        .values(outcome=Outcome.INVALID_PREDICTIONS.value, fault=Fault.PARTICIPANT.value)
        .execution_options(synchronize_session=False)
    )
    text = "\n".join(f"{finding.code}: {finding.text}" for finding in findings)
    tell_host(
        session,
        run=run,
        box="predictions",
        words=f"The predictions were refused ({codes}).\n{text}",
        now=now,
    )
    return True


def of_submission(session: Session, submission_id: str) -> ModelRuns:
    """Return the latest runs of a submission's program, for its team."""
    rows = session.exec(
        select(models.ModelRun)
        .where(models.ModelRun.submission_id == submission_id)
        .order_by(col(models.ModelRun.attempt))
        .execution_options(populate_existing=True)
    )
    latest = {row.stage: row for row in rows}
    smoke, hidden = latest.get(Box.SMOKE), latest.get(Box.MODEL)
    return ModelRuns(
        smoke=None if smoke is None else _smoke(smoke),
        hidden=None if hidden is None else _hidden(hidden),
    )


def _smoke(row: models.ModelRun) -> SmokeRun:
    return SmokeRun(
        outcome=None if row.outcome is None else Outcome(row.outcome),
        fault=Fault(row.fault),
        exit_code=row.exit_code,
        killed_by=Killer(row.killed_by),
        wall_seconds=row.wall_seconds,
        cpu_seconds=row.cpu_seconds,
        peak_memory_bytes=row.peak_memory_bytes,
        log=row.log,
        is_log_cut=row.is_log_cut,
        reason=row.reason,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )


def _hidden(row: models.ModelRun) -> HiddenRun:
    return HiddenRun(
        outcome=None if row.outcome is None else Outcome(row.outcome),
        fault=Fault(row.fault),
        wall_seconds=int(row.wall_seconds),
        peak_memory_bytes=row.peak_memory_bytes,
        started_at=row.started_at,
        ended_at=None if row.ended_at is None else row.ended_at.replace(microsecond=0),
    )


def has_passed_smoke(session: Session, *, submission_id: str) -> bool:
    """Tell whether the program passed on the public sample: it is not run there again."""
    return has_ended(
        session, submission_id=submission_id, stage=Box.SMOKE, outcome=Outcome.FINISHED
    )


def has_ended(session: Session, *, submission_id: str, stage: Box, outcome: Outcome) -> bool:
    """Tell whether some attempt at this stage ended so."""
    found = session.exec(
        select(models.ModelRun.attempt)
        .where(models.ModelRun.submission_id == submission_id)
        .where(models.ModelRun.stage == stage.value, models.ModelRun.outcome == outcome.value)
        .limit(1)
    ).first()
    return found is not None


def images_in_use(session: Session, *, since: datetime) -> frozenset[str]:
    """Return the images of submissions under way, and those used since then."""
    is_pending = col(models.Submission.state).in_([state.value for state in PENDING])
    rows = session.exec(
        select(models.ModelRun.image_id)
        .join(models.Submission, col(models.Submission.id) == col(models.ModelRun.submission_id))
        .where(models.ModelRun.image_id != "")
        .where(is_pending | (col(models.ModelRun.started_at) >= since))
        .distinct()
    )
    return frozenset(rows)
