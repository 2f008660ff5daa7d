"""The one reader of what runs on hidden data said; for a challenge's organizers alone."""

from sqlmodel import Session, col, select

from palio.sandbox.outcome import Killer, Outcome
from palio.submissions.contracts import HostRun
from palio.submissions.host_models import HostRun as HostRunRow
from palio.submissions.models import Submission


def of_submission(session: Session, submission_id: str) -> tuple[HostRun, ...]:
    """Return a submission's runs on hidden data, oldest first."""
    rows = session.exec(
        select(HostRunRow)
        .where(HostRunRow.submission_id == submission_id)
        .order_by(col(HostRunRow.id))
    )
    return tuple(_run(row) for row in rows)


def metric_failures(
    session: Session, *, challenge_id: str, limit: int
) -> tuple[tuple[str, HostRun], ...]:
    """Return the latest failures of a challenge's own metric, each with its submission's id."""
    has_failed = col(HostRunRow.outcome).is_distinct_from(Outcome.FINISHED.value)
    rows = session.exec(
        select(HostRunRow)
        .join(Submission, col(Submission.id) == col(HostRunRow.submission_id))
        .where(col(Submission.challenge_id) == challenge_id)
        .where(col(HostRunRow.box).startswith("metric-"))
        .where(has_failed | (col(HostRunRow.words) != ""))
        .order_by(col(HostRunRow.id).desc())
        .limit(limit)
    )
    return tuple((row.submission_id, _run(row)) for row in rows)


def _run(row: HostRunRow) -> HostRun:
    return HostRun(
        box=row.box,
        attempt=row.attempt,
        outcome=None if row.outcome is None else Outcome(row.outcome),
        exit_code=row.exit_code,
        killed_by=Killer(row.killed_by),
        wall_seconds=row.wall_seconds,
        cpu_seconds=row.cpu_seconds,
        peak_memory_bytes=row.peak_memory_bytes,
        log=row.log,
        is_log_cut=row.is_log_cut,
        reason=row.reason,
        words=row.words,
        ended_at=row.ended_at,
    )
