"""Pages of the evidence desk and of cases: one page for both sides, each with its own forms."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.cases import rules, words
from palio.cases.contracts import Decision, StepKind
from palio.core.errors import AppError, BadRequestError
from palio.submissions.exclusion_contracts import TITLES, ReasonCode
from palio.web.api import cases, evidence
from palio.web.api.cases import Seat
from palio.web.api.schemas_cases import ReplyOrder
from palio.web.deps import ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import Form, FormDep, carry_out, see_other
from palio.web.pages.frame import challenge_page
from palio.web.state import WebState
from palio.web.visits import enter

router = APIRouter()
_STEPS = {
    StepKind.OPENED: "opened",
    StepKind.NOTIFIED: "the team was told",
    StepKind.REPLIED: "reply",
    StepKind.TIME_UP: "the time was up",
    StepKind.DECIDED: "decision",
    StepKind.APPEALED: "appeal",
    StepKind.APPEAL_DECIDED: "decision on the appeal",
    StepKind.DROPPED: "dropped",
}
_TEXTS = {
    "kinds": words.KINDS,
    "states": words.STATES,
    "decisions": words.DECISIONS,
    "outcomes": words.OUTCOMES,
    "reasons": TITLES,
    "step_words": _STEPS,
    "to_accused": words.TO_ACCUSED,
    "until": words.UNTIL,
}


@router.get("/challenges/{slug}/evidence")
def show_desk(session: ReadDep, state: StateDep, caller: SignedInDep, slug: str) -> Response:
    """Show the evidence desk."""
    return _desk(session, state, caller, slug)


@router.post("/challenges/{slug}/evidence")
def work_desk(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Scan, open a case or set a finding aside, as the form's button says."""
    return carry_out(
        state,
        lambda session: _work(session, caller, slug, form),
        show_again=lambda session, error: _desk(session, state, caller, slug, error=error),
        then=see_other,
    )


def _work(session: Session, caller: Caller, slug: str, form: Form) -> str:
    visit = enter(session, slug, caller)
    said, finding = form.get("words", ""), form.get("finding", "")
    match form.get("deed"):
        case "scan":
            evidence.scan(session, visit, caller)
        case "dismiss":
            evidence.dismiss(session, visit, caller, finding_id=finding, reason=said)
        case "open":
            team = form.get("team", "")
            case = cases.begin(session, visit, caller, team=team, findings=(finding,), words=said)
            return f"/challenges/{slug}/cases/{case.id}"
        case _:
            raise BadRequestError("The form asks for nothing this page knows.")
    return f"/challenges/{slug}/evidence"


def _desk(
    session: Session, state: WebState, caller: Caller, slug: str, *, error: AppError | None = None
) -> Response:
    visit = enter(session, slug, caller)
    context = {
        **_TEXTS,
        "desk": evidence.desk_view(session, visit),
        "cases": cases.cases_view(session, visit, caller).items,
        "may_work": visit.may(Action.WORK_CASE),
    }
    return challenge_page(
        session, state, visit, "cases/desk.html", context, tab="evidence", error=error
    )


@router.get("/challenges/{slug}/cases")
def show_cases(session: ReadDep, state: StateDep, caller: SignedInDep, slug: str) -> Response:
    """Show the cases that are the caller's business."""
    visit = enter(session, slug, caller)
    context = {**_TEXTS, "items": cases.cases_view(session, visit, caller).items}
    return challenge_page(session, state, visit, "cases/list.html", context, tab="cases")


@router.get("/challenges/{slug}/cases/{case_id}")
def show_case(
    session: ReadDep, state: StateDep, caller: SignedInDep, slug: str, case_id: str
) -> Response:
    """Show one case to its hosts or to the accused team."""
    enter(session, slug, caller)
    return _case(session, state, cases.seat(session, caller, case_id))


@router.post("/challenges/{slug}/cases/{case_id}")
def step_case(
    state: StateDep, caller: SignedInDep, slug: str, case_id: str, form: FormDep
) -> Response:
    """Take the step the form's button says."""
    return carry_out(
        state,
        lambda session: _step(session, cases.seat(session, caller, case_id), form),
        show_again=lambda session, error: _case(
            session, state, cases.seat(session, caller, case_id), error=error
        ),
        then=f"/challenges/{slug}/cases/{case_id}",
    )


def _step(session: Session, at: Seat, form: Form) -> None:
    said = form.get("words", "")
    match form.get("deed"):
        case "notify":
            cases.notify(session, at)
        case "drop":
            cases.drop(session, at, said)
        case "reply":
            cases.reply(session, at, _reply(form, said))
        case "decide":
            decision, reason = _decision(form)
            cases.decide(session, at, decision=decision, reason=reason, words=said)
        case "appeal":
            cases.appeal(session, at, said)
        case "appeal-won" | "appeal-lost" as deed:
            cases.settle_appeal(session, at, is_won=deed == "appeal-won", words=said)
        case _:
            raise BadRequestError("The form asks for nothing this page knows.")


def _reply(form: Form, said: str) -> ReplyOrder:
    try:
        return ReplyOrder(
            words=said,
            file_name=form.get("file_name", ""),
            file_sha256=form.get("file_sha256", "").strip(),
        )
    except ValueError as error:
        raise BadRequestError(
            "The reply, or the name or digest of the file, is too long."
        ) from error


def _decision(form: Form) -> tuple[Decision, ReasonCode | None]:
    decision, reason = form.get("decision", ""), form.get("reason", "")
    if decision not in set(Decision) or (reason and reason not in set(ReasonCode)):
        raise BadRequestError("Choose a decision and a reason from the lists.")
    return Decision(decision), ReasonCode(reason) if reason else None


def _case(
    session: Session, state: WebState, at: Seat, *, error: AppError | None = None
) -> Response:
    case = at.case
    context = {
        **_TEXTS,
        "case": cases.case_view(session, at),
        "entry": rules.entry_in_question(case),
        "is_in_time": rules.is_in_time(case.state, due=case.due_at, now=at.now),
        "is_accused": at.is_accused,
        "may_work": at.visit.may(Action.WORK_CASE) and not at.is_accused,
        "may_judge_appeal": at.visit.may(Action.DECIDE_APPEAL) and not at.is_accused,
    }
    tab = "evidence" if at.visit.may(Action.READ_EVIDENCE) else "cases"
    return challenge_page(
        session, state, at.visit, "cases/show.html", context, tab=tab, error=error
    )
