"""Teams of one challenge: the caller's own, its name, its invites."""

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts import service
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, NewSecret, Team
from palio.accounts.errors import TeamFrozenError, TeamNotFoundError
from palio.accounts.rules import check_teams_change
from palio.challenges import service as challenges
from palio.challenges.rules import check_entry_deadline, merge_deadline
from palio.core.clock import database_now
from palio.pipeline import board_steps
from palio.submissions import exclusions
from palio.web.api.schemas import problems
from palio.web.api.schemas_people import LinkView, TeamName, TeamView, team_view
from palio.web.deps import ReadDep, SignedInDep, StateDep, WriteDep
from palio.web.state import WebState
from palio.web.visits import Visit, enter, enter_by_id

router = APIRouter(prefix="/api/v1", tags=["teams"])
INVITE_DAYS = 14


@router.get("/challenges/{slug}/team", responses=problems(401, 404))
def read_team(session: ReadDep, caller: SignedInDep, slug: str) -> TeamView:
    """Show the caller's team."""
    return team_view(own_team(session, enter(session, slug, caller)))


@router.post("/challenges/{slug}/team", status_code=201, responses=problems(401, 403, 404, 409))
def create_team(session: WriteDep, caller: SignedInDep, slug: str, order: TeamName) -> TeamView:
    """Found a team with the caller as its captain."""
    return team_view(found(session, enter(session, slug, caller), caller, name=order.name))


def found(session: Session, visit: Visit, caller: Caller, *, name: str) -> Team:
    """Found a team; until the entry deadline, and with a team already until the merge deadline."""
    visit.require_participant(session)
    check_entry_deadline(visit.challenge, now=visit.now)
    check_in_force(session, visit)
    if visit.team(session) is not None:
        check_teams_change(merge_deadline=merge_deadline(visit.challenge), now=visit.now)
    return service.create_team(
        session,
        challenge_id=visit.challenge.id,
        person=caller.person,
        name=name,
        now=visit.now,
    )


@router.patch("/challenges/{slug}/team", responses=problems(401, 403, 404, 409))
def rename_team(session: WriteDep, caller: SignedInDep, slug: str, order: TeamName) -> TeamView:
    """Rename the caller's team; its captain may."""
    return team_view(rename(session, enter(session, slug, caller), caller, name=order.name))


def rename(session: Session, visit: Visit, caller: Caller, *, name: str) -> Team:
    """Rename the caller's team."""
    team = own_team(session, visit)
    visit.require(Action.MANAGE_TEAM, team=team)
    renamed = service.rename_team(
        session, team_id=team.id, name=name, by=caller.person.id, now=visit.now
    )
    board_steps.note_change(session, visit.challenge.id)
    return renamed


@router.post(
    "/challenges/{slug}/team/invites", status_code=201, responses=problems(401, 403, 404, 409)
)
def create_invite(session: WriteDep, state: StateDep, caller: SignedInDep, slug: str) -> LinkView:
    """Make a link into the caller's team; its captain may."""
    visit = enter(session, slug, caller)
    return invite_view(state, invite(session, visit, caller))


def invite(session: Session, visit: Visit, caller: Caller) -> NewSecret:
    """Make a link into the caller's team."""
    team = own_team(session, visit)
    visit.require(Action.MANAGE_TEAM, team=team)
    return service.invite(
        session,
        team_id=team.id,
        by=caller.person.id,
        now=visit.now,
        days=INVITE_DAYS,
        merge_deadline=merge_deadline(visit.challenge),
    )


def invite_view(state: WebState, secret: NewSecret) -> LinkView:
    """Show the link, this once."""
    return LinkView(
        code=secret.secret,
        url=f"{state.settings.url}/team-invites/{secret.secret}",
        expires_at=secret.expires_at,
    )


@router.post("/team-invites/{code}", responses=problems(401, 403, 404, 409))
def accept_invite(session: WriteDep, caller: SignedInDep, code: str) -> TeamView:
    """Join the team an invite leads into."""
    return team_view(accept(session, caller, code=code)[1])


def invited(session: Session, caller: Caller, *, code: str) -> tuple[Visit, Team]:
    """Return where an invite leads, without using it; raises `BadLinkError`."""
    team = accounts.team_of_invite(session, code=code, now=database_now(session))
    return enter_by_id(session, team.challenge_id, caller), team


def accept(session: Session, caller: Caller, *, code: str) -> tuple[Visit, Team]:
    """Join the team an invite leads into; the rules must be accepted."""
    visit, theirs = invited(session, caller, code=code)
    visit.require_participant(session)
    if visit.team(session) is None:
        check_entry_deadline(visit.challenge, now=visit.now)
    check_in_force(session, visit)
    if theirs.id in exclusions.disqualified_team_ids(session, challenge_id=visit.challenge.id):
        raise TeamFrozenError(f"{theirs.name} takes nobody in now. Ask its captain.")
    team = service.accept_invite(
        session,
        code=code,
        person=caller.person,
        max_members=visit.challenge.plan.teams.max_members,
        merge_deadline=merge_deadline(visit.challenge),
        now=visit.now,
    )
    board_steps.note_change(session, visit.challenge.id)  # its members stand on the board
    return visit, team


@router.delete(
    "/challenges/{slug}/team/membership", status_code=204, responses=problems(401, 404, 409)
)
def leave_team(session: WriteDep, caller: SignedInDep, slug: str) -> None:
    """Leave the team; possible before its first submission."""
    leave(session, enter(session, slug, caller), caller)


def leave(session: Session, visit: Visit, caller: Caller) -> None:
    """Leave the caller's team; until the merge deadline."""
    team = own_team(session, visit)
    visit.require(Action.SUBMIT)
    check_teams_change(merge_deadline=merge_deadline(visit.challenge), now=visit.now)
    check_in_force(session, visit)
    service.leave_team(session, person_id=caller.person.id, team_id=team.id, now=visit.now)


def check_in_force(session: Session, visit: Visit) -> None:
    """Keep the members of a disqualified team in it; raises `TeamExcludedError`.

    Holds the challenge, so that no team is disqualified between this and what follows.
    """
    challenges.lock_challenge_shared(session, visit.challenge.id)
    team = visit.team(session)
    if team is not None:
        exclusions.check_team_in_force(session, team_id=team.id)


def own_team(session: Session, visit: Visit) -> Team:
    """Return the caller's team; raises `TeamNotFoundError`."""
    team = visit.team(session)
    if team is None:
        raise TeamNotFoundError(
            "You have no team here yet. Create one, accept an invite, or just submit: you are "
            "then a team of one."
        )
    visit.require(Action.READ_QUOTA, team=team)  # what every member sees, by a token that reaches
    return team
