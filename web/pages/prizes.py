"""Pages of prizes: where each award stands, for everybody; one award, for its team and hosts."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.prize_contracts import Gate
from palio.core.errors import AppError, BadRequestError
from palio.prizes.states import GIVEN, LOST, WAY
from palio.web.api import award_steps, awards
from palio.web.api.schemas_awards import GateOrder, Move, MoveOrder, PaymentOrder, TaxOrder
from palio.web.deps import CallerDep, ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import Form, FormDep, carry_out, whole_number
from palio.web.pages.frame import challenge_page
from palio.web.state import WebState
from palio.web.visits import enter

router = APIRouter()
GATES = {
    Gate.IDENTITY: "who you are",
    Gate.AGE: "age",
    Gate.RESIDENCE: "residence and sanctions lists",
    Gate.TAX_FORM: "tax form",
    Gate.LICENCE: "licence signed",
    Gate.CODE: "code gives the result again",
}
STRIP = {"way": WAY, "lost": LOST, "given": GIVEN, "gate_words": GATES}


@router.get("/challenges/{slug}/prizes")
def show_prizes(session: ReadDep, state: StateDep, caller: CallerDep, slug: str) -> Response:
    """Show what there is to win, and where every award stands."""
    return _prizes(session, state, caller, slug)


@router.post("/challenges/{slug}/prizes")
def declare_division(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Say to which division the caller's team belongs."""
    return carry_out(
        state,
        lambda session: _declare(session, caller, slug, form),
        show_again=lambda session, error: _prizes(session, state, caller, slug, error=error),
        then=f"/challenges/{slug}/prizes",
    )


def _declare(session: Session, caller: Caller, slug: str, form: Form) -> None:
    visit = enter(session, slug, caller)
    award_steps.declare(session, visit, caller, form.get("division", ""))


def _prizes(
    session: Session,
    state: WebState,
    caller: Caller | None,
    slug: str,
    *,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    team = visit.team(session)
    context = {
        **STRIP,
        "prizes": awards.prizes_of(session, visit),
        "plan": visit.challenge.plan,
        "own_team": team.id if team else "",
        "may_host": visit.may(Action.READ_HOST),
        "division": award_steps.division_of(session, visit).division,
        "may_declare": team is not None and team.first_submission_at is None,
    }
    return challenge_page(
        session, state, visit, "prizes/show.html", context, tab="prizes", error=error
    )


@router.get("/challenges/{slug}/awards/{award_id}")
def show_award(
    session: ReadDep, state: StateDep, caller: SignedInDep, slug: str, award_id: str
) -> Response:
    """Show one award to its team or the hosts: what is done, what is to be done, until when."""
    return _award(session, state, caller, slug, award_id)


@router.post("/challenges/{slug}/awards/{award_id}")
def step_award(
    state: StateDep, caller: SignedInDep, slug: str, award_id: str, form: FormDep
) -> Response:
    """Take the step the form's button says."""
    return carry_out(
        state,
        lambda session: _step(session, caller, award_id, form),
        show_again=lambda session, error: _award(
            session, state, caller, slug, award_id, error=error
        ),
        then=f"/challenges/{slug}/awards/{award_id}",
    )


def _step(session: Session, caller: Caller, award_id: str, form: Form) -> None:
    deed = form.get("deed", "")
    if deed in set(Move):
        order = MoveOrder(move=Move(deed), words=form.get("words", "")[:2000])
        award_steps.move(session, caller, award_id, order)
        return
    do = _DEEDS.get(deed)
    if do is None:
        raise BadRequestError("The form asks for nothing this page knows.")
    do(session, caller, award_id, form)


def _confirm(session: Session, caller: Caller, award_id: str, _form: Form) -> None:
    awards.confirm(session, caller, award_id=award_id)


def _decline(session: Session, caller: Caller, award_id: str, _form: Form) -> None:
    awards.decline(session, caller, award_id=award_id)


def _split(session: Session, caller: Caller, award_id: str, form: Form) -> None:
    award_steps.split(session, caller, award_id, _parts(form))


def _sign(session: Session, caller: Caller, award_id: str, form: Form) -> None:
    award_steps.sign(session, caller, award_id, whole_number(form, "split"))


def _pay(session: Session, caller: Caller, award_id: str, form: Form) -> None:
    order = PaymentOrder(
        withheld=form.get("withheld", "").strip()[:24] or "0",
        receipt_sha256=form.get("receipt", ""),
    )
    award_steps.pay(session, caller, award_id, form.get("handle", ""), order)


def _tax(session: Session, caller: Caller, award_id: str, form: Form) -> None:
    order = TaxOrder(receipt_sha256=form.get("receipt", ""))
    award_steps.tax_paid(session, caller, award_id, form.get("handle", ""), order)


def _arrived(session: Session, caller: Caller, award_id: str, form: Form) -> None:
    award_steps.arrived(session, caller, award_id, form.get("handle", ""))


def _returned(session: Session, caller: Caller, award_id: str, form: Form) -> None:
    award_steps.returned(session, caller, award_id, form.get("handle", ""))


def _gate(session: Session, caller: Caller, award_id: str, form: Form) -> None:
    name = form.get("gate", "")
    if name not in set(Gate):
        raise BadRequestError("The form names no gate.")
    order = GateOrder(
        has_passed=form.get("deed") == "gate-passed",
        evidence_sha256=form.get("evidence", ""),
        words=form.get("words", "")[:2000],
    )
    award_steps.pass_gate(session, caller, award_id, Gate(name), order)


def _parts(form: Form) -> dict[str, int]:
    """Read percents with up to two decimals, one field for each member."""
    parts: dict[str, int] = {}
    for name in form:
        if name.startswith("part-"):
            whole, _, rest = form[name].strip().rstrip("%").strip().partition(".")
            digits = f"{whole}{rest:0<2}"
            if not digits.isdecimal() or len(rest) > 2 or len(whole) > 3:  # noqa: PLR2004 (percents)
                raise BadRequestError("Write each part in percent, such as 33.34.")
            parts[name.removeprefix("part-")] = int(digits)
    return parts


_DEEDS: dict[str, Callable[[Session, Caller, str, Form], None]] = {
    "confirm": _confirm,
    "decline": _decline,
    "gate-passed": _gate,
    "gate-failed": _gate,
    "split": _split,
    "tax": _tax,
    "sign": _sign,
    "pay": _pay,
    "arrived": _arrived,
    "returned": _returned,
}


def _award(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    award_id: str,
    *,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    found = award_steps.file_of(session, caller, award_id)
    team = visit.team(session)
    context = {
        **STRIP,
        "file": found,
        "award": found.award,
        "is_own": team is not None and team.id == found.award.team_id,
        "is_captain": team is not None and team.captain_id == caller.person.id,
        "handle": caller.person.handle,
        "may_decide": visit.may(Action.JUDGE_RESULTS),
        "has_gates": bool(visit.challenge.plan.verification.gates),
    }
    return challenge_page(
        session, state, visit, "prizes/award.html", context, tab="prizes", error=error
    )
