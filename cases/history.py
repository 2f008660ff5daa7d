"""What every step of a case shares: the locks, the row's move, the history, the messages."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from palio.accounts import messages
from palio.accounts import queries as accounts
from palio.cases import models, queries, rules
from palio.cases.contracts import Case, CaseState, NewFinding, Outcome, StepKind
from palio.cases.errors import CaseNotFoundError
from palio.challenges import service as challenges
from palio.core import audit

SYSTEM = "system"


def locked(session: Session, case_id: str) -> tuple[models.CaseRow, Case]:
    """Lock a case after its challenge; raises `CaseNotFoundError`."""
    row = session.get(models.CaseRow, case_id)
    if row is None:
        raise CaseNotFoundError("There is no such case.")
    challenges.lock_challenge(session, row.challenge_id)
    row = session.get_one(models.CaseRow, case_id, with_for_update=True, populate_existing=True)
    return row, queries.case(session, case_id)


def locked_in_time(session: Session, case_id: str, *, now: datetime) -> tuple[models.CaseRow, Case]:
    """Lock a case for somebody's step; raises `CaseLateError` too when its clock has run out."""
    row, before = locked(session, case_id)
    rules.check_in_time(before.state, due=row.due_at, now=now)
    return row, before


def parties(session: Session, evidence: Sequence[NewFinding]) -> frozenset[str]:
    """Return everybody in a team that the evidence names."""
    teams = {team_id for found in evidence for team_id in found.team_ids}
    return frozenset(
        member.person_id for team_id in teams for member in accounts.team(session, team_id).members
    )


def move(row: models.CaseRow, to: CaseState, *, now: datetime) -> None:
    """Enter a state and start its clock; raises `CaseMoveError`."""
    rules.check_move(CaseState(row.state), to)
    row.state, row.due_at, row.reminded_at = to.value, rules.due_at(to, now=now), None


def close(row: models.CaseRow, outcome: Outcome) -> None:
    """End a case and its clock."""
    row.state, row.outcome, row.due_at = CaseState.CLOSED.value, outcome.value, None


def step(
    session: Session,
    row: models.CaseRow,
    kind: StepKind,
    *,
    by: str,
    now: datetime,
    words: str = "",
    is_team: bool = False,
    file: tuple[str, str] = ("", ""),
) -> None:
    """Add to the case's history and to the audit log, which gets no words: they are personal."""
    before = session.exec(
        select(models.CaseStepRow.ordinal).where(models.CaseStepRow.case_id == row.id)
    ).all()
    session.add(row)
    session.add(
        models.CaseStepRow(
            case_id=row.id,
            ordinal=max(before, default=0) + 1,
            kind=kind.value,
            actor_id=by,
            is_team=is_team,
            at=now,
            words=words,
            file_name=file[0],
            file_sha256=file[1],
        )
    )
    session.flush()
    audit.record(
        session,
        actor_id=by,
        action=f"cases.{kind.value}",
        subject_id=row.id,
        challenge_id=row.challenge_id,
        detail={"state": row.state, "decision": row.decision, "outcome": row.outcome},
        now=now,
    )


def tell_team(session: Session, row: models.CaseRow, text: str, *, now: datetime) -> None:
    """Send a message to every member of the accused team."""
    team = accounts.team(session, accounts.current_team_id(session, row.team_id))
    _send(session, row, [member.person_id for member in team.members], text, now=now)


def tell_hosts(session: Session, row: models.CaseRow, text: str, *, now: datetime) -> None:
    """Send a message to the organizers and judges of the challenge."""
    holders = accounts.role_holders(session, challenge_id=row.challenge_id)
    founder = challenges.lock_challenge(session, row.challenge_id).organizer_id
    people = {founder, *(person.id for _, person in holders)}
    known = accounts.people_by_id(session, person_ids=sorted(people))
    _send(session, row, sorted(known), text, now=now)


def _send(
    session: Session, row: models.CaseRow, people: Sequence[str], text: str, *, now: datetime
) -> None:
    slug = challenges.lock_challenge(session, row.challenge_id).slug
    messages.send(
        session,
        person_ids=people,
        challenge_id=row.challenge_id,
        kind="cases.news",
        text=f"{text} See /challenges/{slug}/cases/{row.id}",
        now=now,
    )
