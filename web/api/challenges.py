"""Challenges: the list, one in detail, its rules and their acceptance."""

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.challenges import queries as challenges
from palio.challenges import service
from palio.pipeline import queries as pipeline
from palio.web.api.schemas import problems
from palio.web.api.schemas_challenges import (
    ChallengesView,
    ChallengeView,
    RulesAcceptance,
    RulesView,
    challenge_item,
    challenge_view,
)
from palio.web.deliveries import limits_of
from palio.web.deps import (
    LIMIT,
    CallerDep,
    CursorDep,
    LimitDep,
    ReadDep,
    SignedInDep,
    StateDep,
    WriteDep,
)
from palio.web.state import WebState
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["challenges"])


@router.get("", responses=problems())
def list_challenges(
    session: ReadDep, caller: CallerDep, cursor: CursorDep = None, limit: LimitDep = LIMIT
) -> ChallengesView:
    """List challenges, newest first; drafts are shown to their organizer alone."""
    return challenge_page(session, caller, cursor=cursor, limit=limit)


def challenge_page(
    session: Session, caller: Caller | None, *, cursor: str | None, limit: int
) -> ChallengesView:
    """Return one page of challenges."""
    page = challenges.page(
        session,
        cursor=cursor,
        limit=limit,
        include_drafts_of=caller.person.id if caller else None,
    )
    counts = accounts.team_counts(session, challenge_ids=[item.id for item in page.items])
    items = tuple(challenge_item(item, teams=counts.get(item.id, 0)) for item in page.items)
    return ChallengesView(items=items, next_cursor=page.next_cursor)


@router.get("/{slug}", responses=problems(404))
def read_challenge(
    session: ReadDep, state: StateDep, caller: CallerDep, slug: str
) -> ChallengeView:
    """Show everything public about a challenge."""
    return challenge_detail(session, state, enter(session, slug, caller))


def challenge_detail(session: Session, state: WebState, visit: Visit) -> ChallengeView:
    """Return everything public about the visited challenge."""
    challenge = visit.challenge
    return challenge_view(
        challenge,
        teams=accounts.team_counts(session, challenge_ids=[challenge.id]).get(challenge.id, 0),
        now=visit.now,
        description=challenges.text(session, challenge_id=challenge.id, kind="description"),
        has_accepted=visit.has_accepted(session),
        changes=challenges.schedule_changes(session, challenge_id=challenge.id),
        uploads=limits_of(state.settings),
        offers=pipeline.offers(session, plan=challenge.plan, now=visit.now),
    )


@router.get("/{slug}/rules", responses=problems(404))
def read_rules(session: ReadDep, caller: CallerDep, slug: str) -> RulesView:
    """Show the rules in force."""
    visit = enter(session, slug, caller)
    text = challenges.text(session, challenge_id=visit.challenge.id, kind="rules")
    return RulesView(sha256=visit.challenge.rules_sha256, markdown=text)


@router.post("/{slug}/rules/acceptance", status_code=204, responses=problems(401, 404, 409))
def accept_rules(session: WriteDep, caller: SignedInDep, slug: str, order: RulesAcceptance) -> None:
    """Accept the rules in force, named by their digest; repeating it changes nothing."""
    visit = enter(session, slug, caller)
    visit.require(Action.SUBMIT)
    service.accept_rules(
        session,
        challenge_id=visit.challenge.id,
        person_id=caller.person.id,
        rules_sha256=order.sha256,
        now=visit.now,
    )
