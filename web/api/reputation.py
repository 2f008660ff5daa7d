"""Reputation: profiles for everybody, ratings and thanks after a challenge, invitations."""

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts import access
from palio.accounts.access import Action
from palio.accounts.contracts import Caller
from palio.core.clock import database_now
from palio.reputation import queries, service
from palio.reputation.contracts import Wanted
from palio.web.api.schemas import problems
from palio.web.api.schemas_reputation import (
    FeedbackView,
    InvitationOrder,
    InvitedView,
    ProfileOrder,
    ProfileView,
    RatingOrder,
    ThanksOrder,
    feedback_view,
    profile_view,
)
from palio.web.deps import CallerDep, ReadDep, SignedInDep, WriteDep
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1", tags=["reputation"])
_FAILURES = problems(401, 403, 404, 409, 422)


@router.get("/people/{handle}", responses=problems(404))
def read_profile(session: ReadDep, caller: CallerDep, handle: str) -> ProfileView:
    """Show a person's public record; a hidden one only to the person."""
    return profile_of(session, caller, handle)


@router.put("/me/profile", status_code=204, responses=problems(401))
def choose_profile(session: WriteDep, caller: SignedInDep, order: ProfileOrder) -> None:
    """Hide or show the own profile, and take invitations or not."""
    choose(session, caller, order)


@router.get("/challenges/{slug}/feedback", responses=problems(401, 404, 409))
def read_feedback(session: ReadDep, caller: SignedInDep, slug: str) -> FeedbackView:
    """List whom the caller may still rate or thank, once the challenge is awarded."""
    return feedback_of(session, enter(session, slug, caller), caller)


@router.post("/challenges/{slug}/ratings", status_code=204, responses=_FAILURES)
def make_rating(session: WriteDep, caller: SignedInDep, slug: str, order: RatingOrder) -> None:
    """Give one to five stars on one question, once."""
    rate(session, enter(session, slug, caller), caller, order)


@router.post("/challenges/{slug}/thanks", status_code=204, responses=_FAILURES)
def make_thanks(session: WriteDep, caller: SignedInDep, slug: str, order: ThanksOrder) -> None:
    """Say thank you, once."""
    thank(session, enter(session, slug, caller), caller, order)


@router.post("/challenges/{slug}/invitations", responses=_FAILURES)
def make_invitations(
    session: WriteDep, caller: SignedInDep, slug: str, order: InvitationOrder
) -> InvitedView:
    """Invite people who opted in, by tier or past results; for the host."""
    return invite(session, enter(session, slug, caller), caller, order)


def profile_of(session: Session, caller: Caller | None, handle: str) -> ProfileView:
    """Return a person's public record."""
    viewer_id = caller.person.id if caller else None
    now = database_now(session)
    return profile_view(queries.profile(session, handle=handle, viewer_id=viewer_id, now=now))


def choose(session: Session, caller: Caller, order: ProfileOrder) -> None:
    """Set what the caller's profile shows."""
    access.check(caller, Action.EDIT_PROFILE, is_own=True)
    service.choose(
        session,
        person_id=caller.person.id,
        is_hidden=order.is_hidden,
        takes_invitations=order.takes_invitations,
        now=database_now(session),
    )


def feedback_of(session: Session, visit: Visit, caller: Caller) -> FeedbackView:
    """Return what the caller may still say."""
    found = queries.feedback(session, challenge=visit.challenge, person_id=caller.person.id)
    return feedback_view(found)


def rate(session: Session, visit: Visit, caller: Caller, order: RatingOrder) -> None:
    """Rate somebody."""
    visit.require(Action.SPEAK)
    service.rate(
        session,
        challenge_id=visit.challenge.id,
        from_id=caller.person.id,
        to_id=queries.person(session, order.handle).id,
        question=order.question,
        stars=order.stars,
        now=visit.now,
    )


def thank(session: Session, visit: Visit, caller: Caller, order: ThanksOrder) -> None:
    """Thank somebody."""
    visit.require(Action.SPEAK)
    service.thank(
        session,
        challenge_id=visit.challenge.id,
        from_id=caller.person.id,
        to_id=queries.person(session, order.handle).id,
        now=visit.now,
    )


def invite(session: Session, visit: Visit, caller: Caller, order: InvitationOrder) -> InvitedView:
    """Invite people by their results."""
    visit.require(Action.EDIT_CHALLENGE)
    wanted = Wanted(
        tier=order.tier,
        finishes=order.finishes,
        top_percent=order.top_percent,
        tag=order.tag.strip(),
    )
    invited = service.invite(
        session,
        challenge_id=visit.challenge.id,
        wanted=wanted,
        words=order.words,
        by=caller.person.id,
        now=visit.now,
    )
    return InvitedView(invited=invited)
