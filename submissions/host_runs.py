"""The one reader of what runs on hidden data said; for a challenge's organizers alone."""

from sqlmodel import Session, col, select

from palio.sandbox.outcome import Killer, Outcome
from palio.submissions.contracts import HostRun
from palio.submissions.host_models import HostRun as HostRunRow


def of_submission(session: Session, submission_id: str) -> tuple[HostRun, ...]:
    """Return a submission's runs on hidden data, oldest first."""
    rows = session.exec(
        select(HostRunRow)
        .where(HostRunRow.submission_id == submission_id)
        .order_by(col(HostRunRow.id))
    )
    return tuple(
        HostRun(
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
        for row in rows
    )
