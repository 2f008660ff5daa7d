"""Pages of reputation: a person's profile, what to say after a challenge, invitations."""

from typing import TypeVar

from fastapi import APIRouter, Response
from pydantic import ValidationError
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.db import reading
from palio.core.errors import AppError, BadRequestError
from palio.reputation.contracts import Tier
from palio.web.api import reputation
from palio.web.api.schemas import Order
from palio.web.api.schemas_reputation import (
    InvitationOrder,
    InvitedView,
    ProfileOrder,
    RatingOrder,
    ThanksOrder,
)
from palio.web.deps import CallerDep, ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import Form, FormDep, carry_out, see_other
from palio.web.pages.frame import challenge_page, page
from palio.web.state import WebState
from palio.web.units import run_unit
from palio.web.visits import enter

router = APIRouter()
O = TypeVar("O", bound=Order)  # noqa: E741 (an order)
SHOWN_MAX = 50  # people on one page; beyond, they are thanked by handle
QUESTIONS = {
    "paid_on_time": "paid on time",
    "rules_clear": "rules were clear",
    "reproducible": "reproducible",
    "well_documented": "well documented",
}


@router.get("/people/{handle}")
def show_profile(session: ReadDep, state: StateDep, caller: CallerDep, handle: str) -> Response:
    """Show a person's public record."""
    profile = reputation.profile_of(session, caller, handle)
    is_own = caller is not None and caller.person.handle == profile.handle
    context = {"profile": profile, "is_own": is_own, "questions": QUESTIONS}
    return page(session, state, caller, "reputation/profile.html", context)


@router.post("/me/profile")
def choose(state: StateDep, caller: SignedInDep, form: FormDep) -> Response:
    """Set what the own profile shows."""
    order = ProfileOrder(
        is_hidden="is_hidden" in form, takes_invitations="takes_invitations" in form
    )
    run_unit(state, lambda session: reputation.choose(session, caller, order))
    return see_other(f"/people/{caller.person.handle}")


@router.get("/challenges/{slug}/feedback")
def show_feedback(session: ReadDep, state: StateDep, caller: SignedInDep, slug: str) -> Response:
    """Show whom the caller may still rate or thank."""
    return _feedback(session, state, caller, slug)


@router.post("/challenges/{slug}/feedback")
def say(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Rate or thank, as the form's button says."""
    return carry_out(
        state,
        lambda session: _say(session, caller, slug, form),
        show_again=lambda session, error: _feedback(session, state, caller, slug, error=error),
        then=f"/challenges/{slug}/feedback",
    )


@router.get("/challenges/{slug}/invitations")
def show_invitations(session: ReadDep, state: StateDep, caller: SignedInDep, slug: str) -> Response:
    """Show the host the form that invites people."""
    return _invitations(session, state, caller, slug)


@router.post("/challenges/{slug}/invitations")
def invite(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Invite people, and say how many."""
    fields = {name: form[name] for name in ("tier", "finishes", "tag", "words") if form.get(name)}
    if form.get("top_percent"):
        fields["top_percent"] = form["top_percent"]
    try:
        order = _order(InvitationOrder, fields)
        done = run_unit(
            state,
            lambda session: reputation.invite(session, enter(session, slug, caller), caller, order),
        )
    except AppError as error:
        with reading(state.engine) as session:
            return _invitations(session, state, caller, slug, error=error)
    with reading(state.engine) as session:
        return _invitations(session, state, caller, slug, done=done)


def _say(session: Session, caller: Caller, slug: str, form: Form) -> None:
    visit = enter(session, slug, caller)
    if form.get("deed") == "thank":
        order = _order(ThanksOrder, {"handle": form.get("handle", "")})
        reputation.thank(session, visit, caller, order)
        return
    fields = {name: form.get(name, "") for name in ("handle", "question", "stars")}
    reputation.rate(session, visit, caller, _order(RatingOrder, fields))


def _order(kind: type[O], fields: dict[str, str]) -> O:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise BadRequestError("Fill in every field of the form.") from error


def _feedback(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    *,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    items = reputation.feedback_of(session, visit, caller).items
    context = {
        "items": items[:SHOWN_MAX],
        "more": len(items[SHOWN_MAX:]),
        "questions": QUESTIONS,
    }
    return challenge_page(
        session, state, visit, "reputation/feedback.html", context, tab="feedback", error=error
    )


def _invitations(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    *,
    done: InvitedView | None = None,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    visit.require(Action.EDIT_CHALLENGE)
    context = {"done": done, "tiers": [tier.value for tier in Tier]}
    return challenge_page(
        session, state, visit, "reputation/invitations.html", context, tab="host", error=error
    )
