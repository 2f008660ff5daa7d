"""The quota ledger's three entries: a try charged, a try given back, tries granted.

Callers hold the team's lock where the sums decide (`charge`).
"""

from datetime import datetime

from sqlmodel import Session, select

from palio.challenges.contracts import Phase
from palio.challenges.rules import quota_window
from palio.submissions import models, queries, rules
from palio.submissions.contracts import QuotaCause, UploadLimits


def charge(session: Session, row: models.Submission, *, phase: Phase, limits: UploadLimits) -> None:
    """Check the team's tries and write the submission with its line in the ledger.

    Raises:
        QuotaUsedUpError, TooManyRefusedFilesError: Nothing was written.

    """
    team_id = row.team_id or ""
    window = quota_window(phase.quota.zone, now=row.received_at)
    rules.check_refused_files(
        queries.refused_files(session, team_id=team_id, day=window.day),
        limit=limits.refused_files_per_day,
        window=window,
        zone=phase.quota.zone,
    )
    use = queries.quota_use(session, team_id=team_id, phase_id=phase.id, day=window.day)
    rules.check_quota(phase, use=use, window=window)
    session.add(row)
    session.flush()
    session.add(
        models.QuotaLine(
            team_id=team_id,
            phase_id=phase.id,
            day=window.day,
            at=row.received_at,
            change=1,
            cause=QuotaCause.SUBMITTED.value,
            submission_id=row.id,
        )
    )
    session.flush()


def refund(session: Session, *, submission_id: str, cause: QuotaCause, now: datetime) -> None:
    """Take the charge of a submission back, on the day it was charged; baselines have none."""
    charge = session.exec(
        select(models.QuotaLine).where(
            models.QuotaLine.submission_id == submission_id, models.QuotaLine.change == 1
        )
    ).first()
    if charge is None:
        return
    session.add(
        models.QuotaLine(
            team_id=charge.team_id,
            phase_id=charge.phase_id,
            day=charge.day,
            at=now,
            change=-charge.change,
            cause=cause.value,
            submission_id=submission_id,
        )
    )
    session.flush()


def grant(
    session: Session, *, team_id: str, phase: Phase, tries: int, note: str, now: datetime
) -> None:
    """Give a team more tries, on this day and in total."""
    session.add(
        models.QuotaLine(
            team_id=team_id,
            phase_id=phase.id,
            day=quota_window(phase.quota.zone, now=now).day,
            at=now,
            change=-tries,
            cause=QuotaCause.HOST_GRANT.value,
            note=note,
        )
    )
    session.flush()
