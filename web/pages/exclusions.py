"""The host's page of disqualifications, and the forms by which submissions are withdrawn."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.errors import AppError, BadRequestError
from palio.submissions.exclusion_contracts import TITLES, ReasonCode
from palio.web.api import exclusions
from palio.web.deps import ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import Form, FormDep, carry_out, see_other
from palio.web.pages.frame import challenge_page
from palio.web.state import WebState
from palio.web.units import run_unit
from palio.web.visits import enter

router = APIRouter()


@router.get("/challenges/{slug}/host/exclusions")
def show_exclusions(
    session: ReadDep,
    state: StateDep,
    caller: SignedInDep,
    slug: str,
    team: str = "",
    submission: str = "",
) -> Response:
    """Show every disqualification, and the form for the next; the query fills it in."""
    return _show(session, state, caller, slug, team=team, submission=submission)


@router.post("/challenges/{slug}/host/exclusions")
def change_exclusions(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Disqualify or lift, as the form's button says."""
    said = {name: form.get(name, "") for name in ("team", "submission")}
    return carry_out(
        state,
        lambda session: _do(session, caller, slug, form),
        show_again=lambda session, error: _show(session, state, caller, slug, **said, error=error),
        then=f"/challenges/{slug}/host/exclusions",
    )


@router.post("/challenges/{slug}/withdrawals")
def withdraw(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Withdraw a submission, or let it count again; with words as organizer."""
    submission_id = form.get("submission", "")
    run_unit(
        state,
        lambda session: exclusions.withdraw(
            session,
            caller,
            submission_id=submission_id,
            is_withdrawn=form.get("deed") == "withdraw",
            words=form.get("words", ""),
        ),
    )
    return see_other(f"/challenges/{slug}/submissions/{submission_id}")


def _do(session: Session, caller: Caller, slug: str, form: Form) -> None:
    visit = enter(session, slug, caller)
    match form.get("deed"):
        case "disqualify":
            exclusions.disqualify(
                session,
                visit,
                caller,
                team=form.get("team", ""),
                submission_id=form.get("submission", "").strip() or None,
                reason=_reason(form),
                words=form.get("words", ""),
            )
        case "lift":
            exclusions.lift(
                session,
                visit,
                caller,
                exclusion_id=form.get("exclusion", ""),
                words=form.get("words", ""),
            )
        case _:
            raise BadRequestError("The form asks for nothing this page knows.")


def _reason(form: Form) -> ReasonCode:
    try:
        return ReasonCode(form.get("reason", ""))
    except ValueError as error:
        raise BadRequestError("Choose a reason from the list.") from error


def _show(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    *,
    team: str,
    submission: str,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    items = exclusions.exclusions_of(session, visit).items
    teams = accounts.teams(session, challenge_id=visit.challenge.id).values()
    context = {
        "items": items,
        "teams": sorted(teams, key=lambda each: each.name),
        "reasons": {code.value: title for code, title in TITLES.items()},
        "may_decide": visit.may(Action.JUDGE_RESULTS),
        "for_team": team,
        "for_submission": submission,
    }
    return challenge_page(
        session, state, visit, "host/exclusions.html", context, tab="host", error=error
    )
