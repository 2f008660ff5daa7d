"""Awards: the prizes, whom they are offered to, and the host's decision."""

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.errors import NotFoundError
from palio.prizes import queries as prizes
from palio.prizes import service
from palio.prizes.contracts import Award
from palio.web.api.schemas import problems
from palio.web.api.schemas_boards import AwardsView, AwardView, award_view
from palio.web.deps import CallerDep, ReadDep, SignedInDep, WriteDep
from palio.web.visits import Visit, enter, enter_by_id

router = APIRouter(prefix="/api/v1", tags=["prizes"])


@router.get("/challenges/{slug}/awards", responses=problems(404))
def list_awards(session: ReadDep, caller: CallerDep, slug: str) -> AwardsView:
    """List the awards; there are none before the reveal."""
    return awards_of(session, enter(session, slug, caller))


def awards_of(session: Session, visit: Visit) -> AwardsView:
    """Return the awards of the visited challenge; none before the reveal."""
    if not visit.may(Action.READ_PRIVATE_SCORE):
        return AwardsView(items=())
    awards = prizes.awards(session, challenge_id=visit.challenge.id)
    return AwardsView(items=tuple(award_view(award) for award in awards))


@router.post("/awards/{award_id}/confirmation", responses=problems(401, 403, 404, 409))
def confirm_award(session: WriteDep, caller: SignedInDep, award_id: str) -> AwardView:
    """Make a provisional award final; for the host."""
    return award_view(confirm(session, caller, award_id=award_id))


@router.post("/awards/{award_id}/decline", responses=problems(401, 403, 404, 409))
def decline_award(session: WriteDep, caller: SignedInDep, award_id: str) -> AwardView:
    """Turn a provisional award down; the next in rank is offered it. For the host."""
    return award_view(decline(session, caller, award_id=award_id))


def confirm(session: Session, caller: Caller, *, award_id: str) -> Award:
    """Make a provisional award final."""
    visit = _host_visit(session, caller, award_id)
    return service.confirm(session, award_id=award_id, by=caller.person.id, now=visit.now)


def decline(session: Session, caller: Caller, *, award_id: str) -> Award:
    """Turn a provisional award down."""
    visit = _host_visit(session, caller, award_id)
    return service.decline(session, award_id=award_id, by=caller.person.id, now=visit.now)


def _host_visit(session: Session, caller: Caller, award_id: str) -> Visit:
    award = prizes.award(session, award_id)
    visit = enter_by_id(session, award.challenge_id, caller)
    if not visit.may(Action.READ_PRIVATE_SCORE):
        raise NotFoundError("There is no such award.")
    visit.require(Action.JUDGE_RESULTS)
    return visit
