"""Cases: opened and decided by the people of a challenge, read and answered by the accused team."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, Team
from palio.cases import queries as cases
from palio.cases import rules, service
from palio.cases.contracts import Case, Decision, Step
from palio.cases.errors import CaseNotFoundError
from palio.cases.history import SYSTEM
from palio.pipeline import evidence_steps
from palio.submissions.exclusion_contracts import ReasonCode
from palio.web.api.evidence import evidence_view, names_of
from palio.web.api.schemas import problems
from palio.web.api.schemas_cases import (
    AppealOrder,
    CaseOrder,
    CasesView,
    CaseView,
    DecisionOrder,
    NamedTeam,
    ReplyOrder,
    StepView,
    WordsOrder,
)
from palio.web.deps import ReadDep, SignedInDep, WriteDep
from palio.web.visits import Visit, enter, enter_by_id

router = APIRouter(prefix="/api/v1", tags=["cases"])
_MISSING = CaseNotFoundError("There is no such case, or it is not for you.")
_DOCUMENTED = problems(401, 403, 404, 409)


@dataclass(frozen=True, slots=True)
class Seat:
    """A caller at a case.

    Attributes:
        is_accused: The caller is in the accused team, whatever else.

    """

    visit: Visit
    caller: Caller
    case: Case
    team: Team
    is_accused: bool

    @property
    def by(self) -> str:
        """Who does something."""
        return self.caller.person.id

    @property
    def now(self) -> datetime:
        """The database's time."""
        return self.visit.now


@router.get("/challenges/{slug}/cases", responses=problems(401, 403, 404))
def list_cases(session: ReadDep, caller: SignedInDep, slug: str) -> CasesView:
    """List the cases of a challenge for its hosts, those of the caller's team for others."""
    return cases_view(session, enter(session, slug, caller), caller)


def cases_view(session: Session, visit: Visit, caller: Caller) -> CasesView:
    """Return the cases of the visited challenge that are the caller's business."""
    if visit.may(Action.READ_EVIDENCE):
        found = cases.cases(session, challenge_id=visit.challenge.id)
    else:
        team = visit.team(session)
        visit.require(Action.READ_CASE, team=team, missing=_MISSING)
        found = cases.cases_of_team(session, team_id=team.id if team else "")
    names = names_of(session, visit.challenge.id)
    seats = [_seat(session, each, caller) for each in found]
    return CasesView(items=tuple(_case_view(session, at, names) for at in seats))


@router.post("/challenges/{slug}/cases", status_code=201, responses=_DOCUMENTED)
def open_case(session: WriteDep, caller: SignedInDep, slug: str, order: CaseOrder) -> CaseView:
    """Open a case against one team; the team is told by the notice, not before."""
    visit = enter(session, slug, caller)
    case = begin(
        session, visit, caller, team=order.team, findings=order.findings, words=order.words
    )
    return case_view(session, _seat(session, case, caller))


def begin(
    session: Session,
    visit: Visit,
    caller: Caller,
    *,
    team: str,
    findings: tuple[str, ...],
    words: str,
) -> Case:
    """Open a case in the visited challenge against a team, named by id or name."""
    visit.require(Action.WORK_CASE)
    named = accounts.team_named(session, challenge_id=visit.challenge.id, id_or_name=team)
    return service.open_case(
        session,
        challenge=visit.challenge,
        team_id=named.id,
        finding_ids=findings,
        words=words,
        by=caller.person.id,
        now=visit.now,
    )


@router.get("/cases/{case_id}", responses=problems(401, 404))
def read_case(session: ReadDep, caller: SignedInDep, case_id: str) -> CaseView:
    """Show a case; the accused sees the other team of the evidence without a name."""
    return case_view(session, seat(session, caller, case_id))


@router.post("/cases/{case_id}/notice", responses=_DOCUMENTED)
def notify_team(session: WriteDep, caller: SignedInDep, case_id: str) -> CaseView:
    """Tell the accused team; from now it sees the case, and its time to reply runs."""
    return _shown(session, caller, notify(session, seat(session, caller, case_id)))


def notify(session: Session, at: Seat) -> Case:
    """Tell the accused team."""
    at.visit.require(Action.WORK_CASE)
    return service.notify(session, case_id=at.case.id, by=at.by, now=at.now)


@router.post("/cases/{case_id}/withdrawal", responses=_DOCUMENTED)
def drop_case(session: WriteDep, caller: SignedInDep, case_id: str, order: WordsOrder) -> CaseView:
    """Drop a case before the team was told."""
    return _shown(session, caller, drop(session, seat(session, caller, case_id), order.words))


def drop(session: Session, at: Seat, words: str) -> Case:
    """Drop a case before the team was told."""
    at.visit.require(Action.WORK_CASE)
    return service.drop(session, case_id=at.case.id, words=words, by=at.by, now=at.now)


@router.post("/cases/{case_id}/reply", responses=_DOCUMENTED)
def reply_to_case(
    session: WriteDep, caller: SignedInDep, case_id: str, order: ReplyOrder
) -> CaseView:
    """Reply as a member of the accused team."""
    return _shown(session, caller, reply(session, seat(session, caller, case_id), order))


def reply(session: Session, at: Seat, order: ReplyOrder) -> Case:
    """Reply as a member of the accused team."""
    at.visit.require(Action.ANSWER_CASE, team=at.team, missing=_MISSING)
    return service.reply(
        session,
        case_id=at.case.id,
        words=order.words,
        file_name=order.file_name,
        file_sha256=order.file_sha256,
        by=at.by,
        now=at.now,
    )


@router.post("/cases/{case_id}/decision", responses=_DOCUMENTED)
def decide_case(
    session: WriteDep, caller: SignedInDep, case_id: str, order: DecisionOrder
) -> CaseView:
    """Decide a case; a disqualification takes effect at once, and the boards follow."""
    case = decide(
        session,
        seat(session, caller, case_id),
        decision=order.decision,
        reason=order.reason,
        words=order.words,
    )
    return _shown(session, caller, case)


def decide(
    session: Session, at: Seat, *, decision: Decision, reason: ReasonCode | None, words: str
) -> Case:
    """Decide a case."""
    at.visit.require(Action.WORK_CASE)
    case = service.decide(
        session,
        case_id=at.case.id,
        decision=decision,
        reason=reason,
        words=words,
        by=at.by,
        now=at.now,
    )
    evidence_steps.follow(session, case, by=at.by, now=at.now)
    return case


@router.post("/cases/{case_id}/appeal", responses=_DOCUMENTED)
def appeal_case(
    session: WriteDep, caller: SignedInDep, case_id: str, order: WordsOrder
) -> CaseView:
    """Appeal against the decision, as a member of the team."""
    return _shown(session, caller, appeal(session, seat(session, caller, case_id), order.words))


def appeal(session: Session, at: Seat, words: str) -> Case:
    """Appeal against the decision."""
    at.visit.require(Action.ANSWER_CASE, team=at.team, missing=_MISSING)
    return service.appeal(session, case_id=at.case.id, words=words, by=at.by, now=at.now)


@router.post("/cases/{case_id}/appeal/decision", responses=_DOCUMENTED)
def decide_appeal(
    session: WriteDep, caller: SignedInDep, case_id: str, order: AppealOrder
) -> CaseView:
    """Decide an appeal, as somebody else than who decided; a won one lifts the disqualification."""
    at = seat(session, caller, case_id)
    case = settle_appeal(session, at, is_won=order.is_won, words=order.words)
    return _shown(session, caller, case)


def settle_appeal(session: Session, at: Seat, *, is_won: bool, words: str) -> Case:
    """Decide an appeal."""
    at.visit.require(Action.DECIDE_APPEAL)
    case = service.decide_appeal(
        session, case_id=at.case.id, is_won=is_won, words=words, by=at.by, now=at.now
    )
    evidence_steps.follow(session, case, by=at.by, now=at.now)
    return case


def seat(session: Session, caller: Caller, case_id: str) -> Seat:
    """Let the caller see a case.

    Raises:
        CaseNotFoundError: It is not the caller's business, or the team was not told yet.

    """
    at = _seat(session, cases.case(session, case_id), caller)
    at.visit.require(Action.READ_CASE, team=at.team, missing=_MISSING)
    is_hidden = not at.case.is_known_to_team
    if is_hidden and (at.is_accused or not at.visit.may(Action.READ_EVIDENCE)):
        raise _MISSING
    return at


def case_view(session: Session, at: Seat) -> CaseView:
    """Show a case as the caller may see it."""
    return _case_view(session, at, names_of(session, at.case.challenge_id))


def _case_view(session: Session, at: Seat, names: Mapping[str, str]) -> CaseView:
    case, accused = at.case, at.is_accused
    people = accounts.people_by_id(session, person_ids=[step.actor_id for step in case.steps])
    handles = {person_id: person.handle for person_id, person in people.items()}
    return CaseView(
        id=case.id,
        challenge=at.visit.challenge.slug,
        team=NamedTeam(id=case.team_id, name=at.team.name),
        state=case.state,
        words=rules.next_words(case.state),
        opened_at=case.opened_at,
        due_at=case.due_at,
        decision=case.decision,
        reason=case.reason,
        outcome=case.outcome,
        evidence=tuple(
            evidence_view(found, names, only_team=case.team_id if accused else "")
            for found in case.evidence
        ),
        steps=tuple(_step_view(step, handles, is_for_team=accused) for step in case.steps),
        clock_days={state.value: days for state, days in rules.CLOCK_DAYS.items()},
    )


def _step_view(step: Step, handles: dict[str, str], *, is_for_team: bool) -> StepView:
    by = "clock" if step.actor_id == SYSTEM else "team" if step.is_team else "host"
    is_told = by == "team" or not is_for_team
    return StepView(
        kind=step.kind,
        by=by,
        handle=handles.get(step.actor_id, "") if is_told else "",
        at=step.at,
        words=step.words,
        file_name=step.file_name,
        file_sha256=step.file_sha256,
    )


def _seat(session: Session, case: Case, caller: Caller) -> Seat:
    team = accounts.team(session, case.team_id)
    return Seat(
        visit=enter_by_id(session, case.challenge_id, caller),
        caller=caller,
        case=case,
        team=team,
        is_accused=any(member.person_id == caller.person.id for member in team.members),
    )


def _shown(session: Session, caller: Caller, case: Case) -> CaseView:
    return case_view(session, _seat(session, case, caller))
