"""The team's page: create, rename, invite, leave, and accepting an invite."""

from fastapi import APIRouter, Response
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.rules import merge_deadline
from palio.core.errors import AppError, BadRequestError
from palio.web.api import mergers, teams
from palio.web.api.exclusions import team_exclusions
from palio.web.api.schemas_people import LinkView
from palio.web.deps import ReadDep, SignedInDep, StateDep
from palio.web.pages.forms import Form, FormDep, carry_out, carry_out_and_show, see_other
from palio.web.pages.frame import challenge_page, page
from palio.web.state import WebState
from palio.web.visits import enter

router = APIRouter()


@router.get("/challenges/{slug}/team")
def show_team(session: ReadDep, state: StateDep, caller: SignedInDep, slug: str) -> Response:
    """Show the caller's team."""
    return _show(session, state, caller, slug)


@router.post("/challenges/{slug}/team")
def change_team(state: StateDep, caller: SignedInDep, slug: str, form: FormDep) -> Response:
    """Create, rename, invite or leave, as the form's button says."""
    return carry_out_and_show(
        state,
        lambda session: _do(session, state, caller, slug, form),
        show_again=lambda session, error: _show(session, state, caller, slug, error=error),
        show=lambda session, link: _show(session, state, caller, slug, link=link),
        otherwise=f"/challenges/{slug}/team",
    )


def _do(
    session: Session, state: WebState, caller: Caller, slug: str, form: Form
) -> LinkView | None:
    visit = enter(session, slug, caller)
    name = form.get("name", "")
    match form.get("deed"):
        case "create":
            teams.found(session, visit, caller, name=name)
        case "rename":
            teams.rename(session, visit, caller, name=name)
        case "invite":
            return teams.invite_view(state, teams.invite(session, visit, caller))
        case "leave":
            teams.leave(session, visit, caller)
        case _:
            raise BadRequestError("The form asks for nothing this page knows.")
    return None


def _show(
    session: Session,
    state: WebState,
    caller: Caller,
    slug: str,
    *,
    link: LinkView | None = None,
    error: AppError | None = None,
) -> Response:
    visit = enter(session, slug, caller)
    visit.require(Action.SUBMIT)
    team = visit.team(session)
    context = {
        "team": team,
        "invite": link,
        "is_captain": team is not None and team.captain_id == caller.person.id,
        "may_grow": visit.now < merge_deadline(visit.challenge),
        "has_accepted": visit.has_accepted(session),
        "exclusions": team_exclusions(session, team) if team else (),
        "waiting": team is not None and mergers.has_open(session, team),
    }
    return challenge_page(
        session, state, visit, "teams/show.html", context, tab="team", error=error
    )


@router.get("/team-invites/{code}")
def show_invite(session: ReadDep, state: StateDep, caller: SignedInDep, code: str) -> Response:
    """Ask whether the caller wants to join."""
    return _show_invite(session, state, caller, code)


@router.post("/team-invites/{code}")
def accept_invite(state: StateDep, caller: SignedInDep, code: str, form: FormDep) -> Response:  # noqa: ARG001 (the proof is checked in it)
    """Join the team."""
    return carry_out(
        state,
        lambda session: teams.accept(session, caller, code=code)[0],
        show_again=lambda session, error: _show_invite(session, state, caller, code, error=error),
        then=lambda visit: see_other(f"/challenges/{visit.challenge.slug}/team"),
    )


def _show_invite(
    session: Session,
    state: WebState,
    caller: Caller,
    code: str,
    *,
    error: AppError | None = None,
) -> Response:
    visit, team = teams.invited(session, caller, code=code)
    context = {"code": code, "team": team, "challenge": visit.challenge}
    return page(session, state, caller, "teams/invite.html", context, error=error)
