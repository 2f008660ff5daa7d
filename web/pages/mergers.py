"""The page on which teams merge: what they would be together, proposals, the captains' words."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.rules import merge_deadline
from palio.core.errors import AppError, BadRequestError
from palio.web.api import mergers
from palio.web.api.schemas_mergers import Decision, MergerOrder, Side
from palio.web.api.teams import own_team
from palio.web.deps import ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import Form, FormDep, carry_out
from palio.web.pages.frame import challenge_page
from palio.web.state import WebState
from palio.web.visits import enter

router = APIRouter()
_NAME_CHARS = 200


@router.get("/challenges/{slug}/team/mergers")
def show_mergers(
    session: ReadDep,
    state: StateDep,
    caller: SignedInDep,
    slug: str,
    team: Annotated[str, Query(max_length=_NAME_CHARS)] = "",
) -> Response:
    """Show proposals, and what the own team and a named one would be together."""
    try:
        return _show(session, state, caller, slug, other=team)
    except AppError as error:
        if not team:
            raise
        return _show(session, state, caller, slug, error=error)


@router.post("/challenges/{slug}/team/mergers")
def change_mergers(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Propose, or say a captain's word to a proposal, as the form's button says."""
    return carry_out(
        state,
        lambda session: _do(session, caller, slug, form),
        show_again=lambda session, error: _show(session, state, caller, slug, error=error),
        then=f"/challenges/{slug}/team/mergers",
    )


def _do(session: Session, caller: Caller, slug: str, form: Form) -> None:
    visit = enter(session, slug, caller)
    deed = form.get("deed", "")
    if deed == "propose":
        order = MergerOrder(
            team=form.get("team", "")[:_NAME_CHARS] or "-",
            name=_side(form, "name"),
            captain=_side(form, "captain"),
        )
        mergers.propose(session, visit, caller, order)
    elif deed in set(Decision):
        mergers.decide(
            session,
            visit,
            caller,
            merger_id=form.get("merger", ""),
            decision=Decision(deed),
        )
    else:
        raise BadRequestError("The form asks for nothing this page knows.")


def _side(form: Form, name: str) -> Side:
    return Side.THEIRS if form.get(name) == Side.THEIRS.value else Side.OURS


def _show(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    *,
    other: str = "",
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    visit.require(Action.SUBMIT)
    team = own_team(session, visit)
    context = {
        "team": team,
        "is_captain": team.captain_id == caller.person.id,
        "items": mergers.mergers_of(session, visit, team).items,
        "preview": mergers.preview_of(session, visit, other=other) if other else None,
        "until": merge_deadline(visit.challenge),
        "is_over": visit.now >= merge_deadline(visit.challenge),
    }
    return challenge_page(
        session, state, visit, "teams/mergers.html", context, tab="team", error=error
    )
