"""Verbs of the evidence desk: a scan is asked for, its findings are kept, set aside, forgotten."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete
from sqlmodel import Session, col, select, update

from palio.cases import models, queries, rules
from palio.cases.columns import columns_of
from palio.cases.contracts import Finding, NewFinding, Scan, ScanState
from palio.cases.errors import FindingNotFoundError, ScanWaitsError
from palio.core import audit, db

FINDING_DAYS = 90  # after a scan last saw it; one that a case rests on is copied into the case
SCAN_DAYS = 30
NIGHTLY = timedelta(hours=24)
_MESSAGE = timedelta(seconds=5)
TAKEN_FOR = timedelta(minutes=15)  # then its worker counts as lost


def ask_scan(session: Session, *, challenge_id: str, by: str, now: datetime) -> Scan:
    """Ask for a look over all teams; a worker does it. Raises `ScanWaitsError`."""
    db.lock_name(session, f"evidence:{challenge_id}")
    before = queries.last_scan(session, challenge_id=challenge_id)
    if before is not None and before.state in (ScanState.ASKED, ScanState.RUNNING):
        raise ScanWaitsError("A scan was asked for already; its findings will stand here.")
    row = models.ScanRow(
        challenge_id=challenge_id, state=ScanState.ASKED.value, asked_by=by, asked_at=now
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor_id=by,
        action="cases.scan",
        subject_id=row.id,
        challenge_id=challenge_id,
        now=now,
    )
    return queries.scan_of(row)


def take_scan(session: Session, *, now: datetime) -> Scan | None:
    """Give the oldest scan that waits, or whose worker was lost, to the caller; None without."""
    row = models.ScanRow
    is_free = _is_free(now)
    found = session.exec(select(row.id).where(is_free).order_by(col(row.asked_at)).limit(1)).first()
    if found is None:
        return None
    taken = session.execute(
        update(row)
        .where(col(row.id) == found, is_free)
        .values(state=ScanState.RUNNING.value, started_at=now)
        .returning(col(row.id))
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    return queries.scan_of(session.get_one(row, found, populate_existing=True))


def end_scan(
    session: Session,
    *,
    scan: Scan,
    found: Sequence[NewFinding],
    notes: Sequence[str],
    now: datetime,
    is_failed: bool = False,
) -> None:
    """Keep what a scan found; a finding known before is brought up to date."""
    state = ScanState.FAILED if is_failed else ScanState.DONE
    row = models.ScanRow
    ended = session.execute(
        update(row)
        .where(col(row.id) == scan.id, col(row.state) == ScanState.RUNNING.value)
        .values(state=state.value, ended_at=now, notes=json.dumps(list(notes)))
        .returning(col(row.id))
        .execution_options(synchronize_session=False)
    ).first()
    if ended is None:
        return  # another worker took it over
    for each in found:
        _keep(session, each, challenge_id=scan.challenge_id, now=now)
    session.flush()


def nightly_due(session: Session, *, challenge_id: str, now: datetime) -> bool:
    """Say whether the last scan of a challenge is a day old, or there was none."""
    before = queries.last_scan(session, challenge_id=challenge_id)
    return before is None or now - before.asked_at >= NIGHTLY


def dismiss(
    session: Session, *, challenge_id: str, finding_id: str, reason: str, by: str, now: datetime
) -> Finding:
    """Set a finding aside with a reason, audited.

    Raises:
        FindingNotFoundError: Not in this challenge.
        BadWordsError: No reason.

    """
    said = rules.clean_words(reason, at_most=rules.SAID_MAX)
    row = session.get(models.FindingRow, finding_id, with_for_update=True, populate_existing=True)
    if row is None or row.challenge_id != challenge_id:
        raise FindingNotFoundError("This challenge has no such finding.")
    row.dismissed_by, row.dismissed_at, row.dismissed_reason = by, now, said
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor_id=by,
        action="cases.dismiss",
        subject_id=row.id,
        challenge_id=challenge_id,
        detail={"kind": row.kind},
        now=now,
    )
    return queries.finding(session, challenge_id=challenge_id, finding_id=finding_id)


def waiting(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Return the challenges whose scan waits for a worker longer than a message takes."""
    row = models.ScanRow
    return tuple(
        session.exec(
            select(row.challenge_id)
            .where(_is_free(now), col(row.asked_at) <= now - _MESSAGE)
            .order_by(col(row.asked_at))
        )
    )


def is_past_term(session: Session, *, now: datetime) -> bool:
    """Say whether there is something to forget."""
    row = models.FindingRow
    old = now - timedelta(days=FINDING_DAYS)
    return session.exec(select(row.id).where(col(row.seen_at) < old).limit(1)).first() is not None


def forget(session: Session, *, now: datetime) -> None:
    """Delete findings and scans past their term."""
    old = now - timedelta(days=FINDING_DAYS)
    session.execute(delete(models.FindingRow).where(col(models.FindingRow.seen_at) < old))
    ended = now - timedelta(days=SCAN_DAYS)
    session.execute(delete(models.ScanRow).where(col(models.ScanRow.ended_at) < ended))


def _is_free(now: datetime) -> ColumnElement[bool]:
    row = models.ScanRow
    return (col(row.state) == ScanState.ASKED.value) | (
        (col(row.state) == ScanState.RUNNING.value) & (col(row.started_at) <= now - TAKEN_FOR)
    )


def _keep(session: Session, found: NewFinding, *, challenge_id: str, now: datetime) -> None:
    columns = columns_of(found)
    row = session.exec(
        select(models.FindingRow).where(
            models.FindingRow.challenge_id == challenge_id,
            models.FindingRow.kind == columns["kind"],
            models.FindingRow.team_id == columns["team_id"],
            col(models.FindingRow.other_team_id).is_not_distinct_from(columns["other_team_id"]),
        )
    ).first()
    if row is None:
        row = models.FindingRow(challenge_id=challenge_id, found_at=now, seen_at=now, **columns)
    for name, value in columns.items():
        setattr(row, name, value)
    row.seen_at = now
    session.add(row)
