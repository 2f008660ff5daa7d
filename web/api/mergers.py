"""Mergers of teams: looked at together, proposed by one captain, decided by the other."""

from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import Session

from palio.accounts import mergers as proposals
from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, Merger, MergerState, Team
from palio.accounts.errors import MergerNotFoundError, MergerRefusedError
from palio.cases import queries as cases
from palio.challenges import service as challenges
from palio.pipeline.corrections import merge_teams
from palio.prizes.mergers import divisions_that_end
from palio.submissions import mergers
from palio.web.api.schemas import problems
from palio.web.api.schemas_mergers import (
    Decision,
    MergerDecision,
    MergerOrder,
    MergerPreviewView,
    MergersView,
    MergerView,
    Side,
)
from palio.web.api.schemas_people import TeamView, team_view
from palio.web.api.teams import own_team
from palio.web.deps import ReadDep, SignedInDep, WriteDep
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["teams"])


@router.get("/{slug}/team/mergers", responses=problems(401, 404))
def list_mergers(session: ReadDep, caller: SignedInDep, slug: str) -> MergersView:
    """List the proposals from and to the caller's team; every member sees them."""
    visit = enter(session, slug, caller)
    return mergers_of(session, visit, own_team(session, visit))


def mergers_of(session: Session, visit: Visit, team: Team) -> MergersView:
    """Return the proposals from and to a team, open ones with what it would be together."""
    found = proposals.of_team(session, team_id=team.id)
    return MergersView(items=tuple(_view(session, visit, each, team) for each in found))


def has_open(session: Session, team: Team) -> bool:
    """Say whether a proposal from or to the team waits."""
    found = proposals.of_team(session, team_id=team.id)
    return any(each.state is MergerState.OPEN for each in found)


@router.get("/{slug}/team/mergers/preview", responses=problems(401, 404, 409))
def preview_merger(
    session: ReadDep,
    caller: SignedInDep,
    slug: str,
    team: Annotated[str, Query(max_length=200, description="id or name of the other team")],
) -> MergerPreviewView:
    """Show what the caller's team and another one would be together; nobody is told."""
    return preview_of(session, enter(session, slug, caller), other=team)


def preview_of(session: Session, visit: Visit, *, other: str) -> MergerPreviewView:
    """Return what the caller's team and another one would be together."""
    ours = own_team(session, visit)
    _check_named(visit)
    theirs = accounts.team_named(session, challenge_id=visit.challenge.id, id_or_name=other)
    return _preview(session, visit, ours, theirs)


@router.post("/{slug}/team/mergers", status_code=201, responses=problems(401, 403, 404, 409))
def propose_merger(
    session: WriteDep, caller: SignedInDep, slug: str, order: MergerOrder
) -> MergerView:
    """Propose to another team that the two become one; its captain decides, all are told."""
    visit = enter(session, slug, caller)
    made = propose(session, visit, caller, order)
    return _view(session, visit, made, own_team(session, visit))


def propose(session: Session, visit: Visit, caller: Caller, order: MergerOrder) -> Merger:
    """Propose a merger as captain of the caller's team."""
    visit.require_participant(session)
    ours = own_team(session, visit)
    theirs = accounts.team_named(session, challenge_id=visit.challenge.id, id_or_name=order.team)
    _check_no_case(session, visit, ours.id, theirs.id)
    return mergers.propose(
        session,
        challenge=visit.challenge,
        team_id=ours.id,
        other_team_id=theirs.id,
        keeps_our_name=order.name is Side.OURS,
        keeps_our_captain=order.captain is Side.OURS,
        by=caller.person.id,
        now=visit.now,
    )


@router.post("/{slug}/team/mergers/{merger_id}/decision", responses=problems(401, 403, 404, 409))
def decide_merger(
    session: WriteDep, caller: SignedInDep, slug: str, merger_id: str, order: MergerDecision
) -> TeamView:
    """Accept, decline or withdraw a proposal; answers with the caller's team as it is then."""
    visit = enter(session, slug, caller)
    decide(session, visit, caller, merger_id=merger_id, decision=order.decision)
    return team_view(own_team(session, visit))


def decide(
    session: Session, visit: Visit, caller: Caller, *, merger_id: str, decision: Decision
) -> None:
    """Say a captain's word to a proposal from or to the caller's team."""
    visit.require(Action.SUBMIT)
    team = own_team(session, visit)
    if merger_id not in {each.id for each in proposals.of_team(session, team_id=team.id)}:
        raise MergerNotFoundError("Your team has no such proposal of a merger.")
    if decision is Decision.ACCEPT:
        asked = proposals.merger(session, merger_id)
        _check_no_case(session, visit, asked.proposer_id, asked.other_id)
        merge_teams(
            session,
            merger_id=merger_id,
            challenge=visit.challenge,
            by=caller.person.id,
            now=visit.now,
        )
        return
    is_refused = decision is Decision.DECLINE
    mergers.end(
        session,
        merger_id=merger_id,
        challenge=visit.challenge,
        state=MergerState.DECLINED if is_refused else MergerState.WITHDRAWN,
        by=caller.person.id,
        now=visit.now,
    )


def _check_named(visit: Visit) -> None:
    """Show nobody's tries by name in secret where the board names nobody: rows have tries too."""
    if visit.challenge.plan.board.is_anonymous and visit.challenge.revealed_at is None:
        raise MergerRefusedError(
            "Teams have made-up names here until the reveal. Propose the merger: both teams then"
            " see what you would have together, and nothing is agreed before both captains say so."
        )


def _check_no_case(session: Session, visit: Visit, *team_ids: str) -> None:
    """Let no team merge away from an open case; which team has one is not said."""
    challenges.lock_challenge(session, visit.challenge.id)  # or one could be opened meanwhile
    if cases.open_case_team_ids(session, challenge_id=visit.challenge.id) & set(team_ids):
        raise MergerRefusedError("One of the teams cannot merge now: ask the organizer.")


def _view(session: Session, visit: Visit, merger: Merger, team: Team) -> MergerView:
    preview = None
    if merger.state is MergerState.OPEN:
        is_ours = merger.proposer_id == team.id
        other = accounts.team(session, merger.other_id if is_ours else merger.proposer_id)
        preview = _preview(session, visit, team, other)
    people = accounts.people_by_id(session, person_ids=[merger.captain_id])
    return MergerView(
        id=merger.id,
        proposer_name=merger.proposer_name,
        other_name=merger.other_name,
        is_ours=merger.proposer_id == team.id,
        name=merger.name,
        captain=people[merger.captain_id].handle,
        state=merger.state,
        is_current=merger.is_current,
        made_at=merger.made_at,
        decided_at=merger.decided_at,
        preview=preview,
    )


def _preview(session: Session, visit: Visit, ours: Team, theirs: Team) -> MergerPreviewView:
    found = mergers.preview(
        session, challenge=visit.challenge, ours=ours, theirs=theirs, now=visit.now
    )
    ends = divisions_that_end(session, team_ids=(ours.id, theirs.id))
    return MergerPreviewView.model_validate(found).model_copy(update={"divisions_end": ends})
