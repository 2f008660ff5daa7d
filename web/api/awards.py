"""Awards: the prizes, whom they are offered to, and where each stands; for everybody."""

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges.board_contracts import Audience, Release
from palio.challenges.prize_contracts import PrizeKind
from palio.core.errors import NotFoundError
from palio.leaderboard.contracts import Board
from palio.leaderboard.rules import frozen_since, is_anonymous
from palio.prizes import queries as prizes
from palio.prizes import rules, service
from palio.prizes.contracts import Award
from palio.web.api.schemas import problems
from palio.web.api.schemas_awards import (
    AwardsView,
    AwardView,
    PrizesView,
    award_view,
    last_call_view,
)
from palio.web.api.schemas_prizes import prize_view
from palio.web.deps import CallerDep, ReadDep, SignedInDep, WriteDep
from palio.web.visits import Visit, enter, enter_by_id

router = APIRouter(prefix="/api/v1", tags=["prizes"])
MISSING = NotFoundError("There is no such award.")


@router.get("/challenges/{slug}/awards", responses=problems(404))
def list_awards(session: ReadDep, caller: CallerDep, slug: str) -> AwardsView:
    """List the awards; before the reveal only those of progress prizes."""
    return awards_of(session, enter(session, slug, caller))


@router.get("/challenges/{slug}/prizes", responses=problems(404))
def read_prizes(session: ReadDep, caller: CallerDep, slug: str) -> PrizesView:
    """Say where the prizes stand: the last call, and every award with its steps so far."""
    return prizes_of(session, enter(session, slug, caller))


def prizes_of(session: Session, visit: Visit) -> PrizesView:
    """Return where the prizes of the visited challenge stand."""
    challenge = visit.challenge
    call = prizes.last_call(session, challenge_id=challenge.id, round=challenge.round)
    return PrizesView(
        prizes=tuple(prize_view(prize) for prize in challenge.plan.prizes),
        last_call=(
            None if call is None else last_call_view(call, has_score=are_scores_told(visit))
        ),
        awards=awards_of(session, visit).items,
    )


def awards_of(session: Session, visit: Visit) -> AwardsView:
    """Return the awards of the visited challenge that may be told."""
    awards = [
        award
        for award in prizes.awards(session, challenge_id=visit.challenge.id)
        if is_told(visit, award)
    ]
    steps = prizes.steps(session, award_ids=[award.id for award in awards])
    is_named = not is_anonymous(visit.challenge, board=Board.PUBLIC)
    own = visit.team(session)
    return AwardsView(
        items=tuple(
            award_view(
                award,
                steps=steps.get(award.id, ()),
                is_named=is_named or (own is not None and own.id == award.team_id),
                has_score=are_scores_told(visit),
                waiting_since=rules.waiting_since(award, plan=visit.challenge.plan, now=visit.now),
            )
            for award in awards
        )
    )


def are_scores_told(visit: Visit) -> bool:
    """Say whether everybody may see the scores that an award or a last call rests on."""
    plan = visit.challenge.plan.board
    if frozen_since(visit.challenge, now=visit.now) is not None:
        return False
    is_open = plan.audience is Audience.EVERYBODY
    is_at_once = plan.release.kind not in (Release.HIDDEN, Release.DAILY)
    return visit.challenge.revealed_at is not None or (is_open and is_at_once)


def is_told(visit: Visit, award: Award) -> bool:
    """Say whether everybody may know of an award: its score is private until the reveal."""
    return award.kind is PrizeKind.PROGRESS or visit.may(Action.READ_PRIVATE_SCORE)


@router.post("/awards/{award_id}/confirmation", responses=problems(401, 403, 404, 409))
def confirm_award(session: WriteDep, caller: SignedInDep, award_id: str) -> AwardView:
    """Make a provisional award final, where nobody is verified; for the host."""
    return _decided(session, caller, confirm(session, caller, award_id=award_id))


@router.post("/awards/{award_id}/decline", responses=problems(401, 403, 404, 409))
def decline_award(session: WriteDep, caller: SignedInDep, award_id: str) -> AwardView:
    """Turn an undecided award down; the next in rank is offered it. For the host."""
    return _decided(session, caller, decline(session, caller, award_id=award_id))


def _decided(session: Session, caller: Caller, award: Award) -> AwardView:
    visit = visit_of(session, caller, award.id)
    return award_view(award, has_score=are_scores_told(visit))


def confirm(session: Session, caller: Caller, *, award_id: str) -> Award:
    """Make a provisional award final."""
    visit = host_visit(session, caller, award_id)
    return service.confirm(session, award_id=award_id, by=caller.person.id, now=visit.now)


def decline(session: Session, caller: Caller, *, award_id: str) -> Award:
    """Turn an undecided award down, before its team was told where winners are verified."""
    visit = host_visit(session, caller, award_id)
    gates = visit.challenge.plan.verification.gates
    rules.check_not_told(prizes.award(session, award_id), gates=gates)
    return service.decline(session, award_id=award_id, by=caller.person.id, now=visit.now)


def visit_of(session: Session, caller: Caller, award_id: str) -> Visit:
    """Begin a visit at the challenge of an award that the caller may know of.

    Raises:
        NotFoundError: There is no such award, or it is not told yet.

    """
    award = prizes.award(session, award_id)
    visit = enter_by_id(session, award.challenge_id, caller)
    if not is_told(visit, award):
        raise MISSING
    return visit


def team_visit(session: Session, caller: Caller, award_id: str) -> Visit:
    """Begin a visit of somebody with a token that may act for a team; raises as `visit_of`.

    Whether it is the winning team is for the award to say.
    """
    visit = visit_of(session, caller, award_id)
    visit.require(Action.TAKE_AWARD)
    return visit


def host_visit(session: Session, caller: Caller, award_id: str) -> Visit:
    """Begin a visit of somebody who decides about awards; raises as `visit_of`."""
    visit = visit_of(session, caller, award_id)
    visit.require(Action.JUDGE_RESULTS)
    return visit
