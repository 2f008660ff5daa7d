"""Named reads of evidence and cases; which of it a caller may see, `web` decides."""

import json
from collections.abc import Sequence

from sqlmodel import Session, col, select

from palio.accounts import queries as accounts
from palio.cases import models
from palio.cases.columns import found_of
from palio.cases.contracts import (
    Case,
    CaseState,
    Decision,
    Finding,
    Outcome,
    Scan,
    ScanState,
    Step,
    StepKind,
)
from palio.cases.errors import CaseNotFoundError, FindingNotFoundError
from palio.submissions.exclusion_contracts import ReasonCode

FINDINGS_MAX = 500


def last_scan(session: Session, *, challenge_id: str) -> Scan | None:
    """Return the scan asked for last."""
    row = session.exec(
        select(models.ScanRow)
        .where(models.ScanRow.challenge_id == challenge_id)
        .order_by(col(models.ScanRow.asked_at).desc(), col(models.ScanRow.id).desc())
        .limit(1)
    ).first()
    return None if row is None else scan_of(row)


def findings(session: Session, *, challenge_id: str) -> tuple[Finding, ...]:
    """Return what scans found, strong ones first, dismissed ones last; FINDINGS_MAX at most."""
    row = models.FindingRow
    rows = session.exec(
        select(row)
        .where(row.challenge_id == challenge_id)
        .order_by(
            col(row.dismissed_at).is_not(None),
            col(row.strength).desc(),  # strong before review
            col(row.rate_as_high),
            col(row.value).desc(),
            col(row.id),
        )
        .limit(FINDINGS_MAX)
        .execution_options(populate_existing=True)
    ).all()
    found = _findings(session, rows)
    # Two teams that merged are one: nothing stands between them any more.
    return tuple(each for each in found if len({*each.found.team_ids}) == len(each.found.team_ids))


def finding(session: Session, *, challenge_id: str, finding_id: str) -> Finding:
    """Return one finding of a challenge; raises `FindingNotFoundError`."""
    row = session.get(models.FindingRow, finding_id, populate_existing=True)
    if row is None or row.challenge_id != challenge_id:
        raise FindingNotFoundError("This challenge has no such finding.")
    return _findings(session, [row])[0]


def case(session: Session, case_id: str) -> Case:
    """Return a case with its evidence and steps; raises `CaseNotFoundError`."""
    row = session.get(models.CaseRow, case_id, populate_existing=True)
    if row is None:
        raise CaseNotFoundError("There is no such case.")
    return _cases(session, [row])[0]


def cases(session: Session, *, challenge_id: str) -> tuple[Case, ...]:
    """Return the cases of a challenge, open ones first, then by the clock that runs out first."""
    row = models.CaseRow
    rows = session.exec(
        select(row)
        .where(row.challenge_id == challenge_id)
        .order_by(col(row.due_at).is_(None), col(row.due_at), col(row.id))
        .execution_options(populate_existing=True)
    ).all()
    return _cases(session, rows)


def cases_of_team(session: Session, *, team_id: str) -> tuple[Case, ...]:
    """Return the cases a team has been told of, newest first."""
    row = models.CaseRow
    rows = session.exec(
        select(row)
        .where(col(row.team_id).in_(accounts.lineage(session, team_id)))
        .order_by(col(row.id).desc())
        .execution_options(populate_existing=True)
    ).all()
    return tuple(found for found in _cases(session, rows) if found.is_known_to_team)


def open_case_team_ids(session: Session, *, challenge_id: str) -> frozenset[str]:
    """Return the teams against which a case is open: no prize of theirs is paid meanwhile."""
    found = session.exec(
        select(models.CaseRow.team_id).where(
            models.CaseRow.challenge_id == challenge_id,
            models.CaseRow.state != CaseState.CLOSED.value,
        )
    )
    current = _current(session, challenge_id)
    return frozenset(current.get(team_id, team_id) for team_id in found)


def scan_of(row: models.ScanRow) -> Scan:
    """Return a stored scan as a value."""
    return Scan(
        id=row.id,
        challenge_id=row.challenge_id,
        state=ScanState(row.state),
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        notes=tuple(json.loads(row.notes)),
    )


def _current(session: Session, challenge_id: str) -> dict[str, str]:
    """Return for each team that merged into another the team that goes on."""
    gone = accounts.absorbed_teams(session, challenge_id=challenge_id)
    return {team.id: team.merged_into_id for team in gone}


def _findings(session: Session, rows: Sequence[models.FindingRow]) -> tuple[Finding, ...]:
    if not rows:
        return ()
    current = _current(session, rows[0].challenge_id)
    cases_of: dict[str, list[str]] = {}
    kept = models.CaseEvidenceRow
    for finding_id, case_id in session.exec(
        select(kept.finding_id, kept.case_id)
        .where(col(kept.finding_id).in_([row.id for row in rows]))
        .order_by(col(kept.case_id))
    ):
        cases_of.setdefault(finding_id, []).append(case_id)
    return tuple(
        Finding(
            id=row.id,
            challenge_id=row.challenge_id,
            found=found_of(row, current=current),
            found_at=row.found_at,
            seen_at=row.seen_at,
            case_ids=tuple(cases_of.get(row.id, ())),
            dismissed_reason=row.dismissed_reason,
        )
        for row in rows
    )


def _cases(session: Session, rows: Sequence[models.CaseRow]) -> tuple[Case, ...]:
    if not rows:
        return ()
    current = _current(session, rows[0].challenge_id)
    ids = [row.id for row in rows]
    steps: dict[str, list[Step]] = {}
    for step in session.exec(
        select(models.CaseStepRow)
        .where(col(models.CaseStepRow.case_id).in_(ids))
        .order_by(col(models.CaseStepRow.ordinal))
    ):
        steps.setdefault(step.case_id, []).append(_step(step))
    evidence: dict[str, list[models.CaseEvidenceRow]] = {}
    for kept in session.exec(
        select(models.CaseEvidenceRow)
        .where(col(models.CaseEvidenceRow.case_id).in_(ids))
        .order_by(col(models.CaseEvidenceRow.position))
    ):
        evidence.setdefault(kept.case_id, []).append(kept)
    return tuple(
        Case(
            id=row.id,
            challenge_id=row.challenge_id,
            team_id=current.get(row.team_id, row.team_id),
            state=CaseState(row.state),
            opened_at=row.opened_at,
            due_at=row.due_at,
            decision=Decision(row.decision) if row.decision else None,
            reason=ReasonCode(row.reason) if row.reason else None,
            decided_by=row.decided_by,
            outcome=Outcome(row.outcome) if row.outcome else None,
            exclusion_id=row.exclusion_id,
            evidence=tuple(found_of(kept, current=current) for kept in evidence.get(row.id, ())),
            steps=tuple(steps.get(row.id, ())),
        )
        for row in rows
    )


def _step(row: models.CaseStepRow) -> Step:
    return Step(
        kind=StepKind(row.kind),
        actor_id=row.actor_id,
        is_team=row.is_team,
        at=row.at,
        words=row.words,
        file_name=row.file_name,
        file_sha256=row.file_sha256,
    )
