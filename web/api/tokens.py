"""API tokens: made by password or in a session, shown once, listed, revoked."""

from fastapi import APIRouter, Request
from sqlmodel import Session

from palio.accounts import access, service
from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.accounts.contracts import Caller, NewSecret, Scope
from palio.challenges import queries as challenges
from palio.challenges.contracts import ChallengeState
from palio.challenges.errors import ChallengeNotFoundError
from palio.core.clock import database_now
from palio.core.db import unit_of_work
from palio.core.errors import NotAllowedError, NotSignedInError
from palio.web.api.schemas import problems
from palio.web.api.schemas_people import NewTokenView, TokenOrder, TokensView, TokenView
from palio.web.buckets import Group
from palio.web.deps import CallerDep, ReadDep, SignedInDep, StateDep, WriteDep
from palio.web.state import WebState, address_of, limit

router = APIRouter(prefix="/api/v1/tokens", tags=["accounts"])
_REACH = {Scope.READ: 0, Scope.SUBMIT: 1, Scope.ORGANIZE: 2}


@router.post("", status_code=201, responses=problems(401, 403, 404))
def create_token(
    request: Request, state: StateDep, caller: CallerDep, order: TokenOrder
) -> NewTokenView:
    """Make an API token, with handle and password, or in a session without them."""
    person_id = _owner_id(request, state, caller, order)
    with unit_of_work(state.engine, send=state.send) as session:
        secret = make_token(session, state, person_id=person_id, order=order)
    return NewTokenView(id=secret.id, token=secret.secret, expires_at=secret.expires_at)


def make_token(
    session: Session, state: WebState, *, person_id: str, order: TokenOrder
) -> NewSecret:
    """Make a token as ordered; raises `ChallengeNotFoundError` also for somebody else's draft."""
    challenge = challenges.by_slug(session, order.challenge) if order.challenge else None
    if (
        challenge
        and challenge.state is ChallengeState.DRAFT
        and challenge.organizer_id != person_id
    ):
        raise ChallengeNotFoundError(f"There is no challenge called {order.challenge!r}.")
    return service.make_token(
        session,
        person_id=person_id,
        name=order.name,
        scope=order.scope,
        challenge_id=challenge.id if challenge else None,
        days=order.days or state.settings.token_days,
        now=database_now(session),
    )


def _owner_id(request: Request, state: WebState, caller: Caller | None, order: TokenOrder) -> str:
    if order.handle is not None and order.password is not None:
        limit(request, Group.LOG_IN)
        return service.check_password(
            lambda: unit_of_work(state.engine, send=state.send),
            passwords=state.passwords,
            handle=order.handle,
            password=order.password,
            address=address_of(request),
        ).id
    if caller is None:
        raise NotSignedInError("Send handle and password, or log in first.")
    if caller.challenge_id is not None or _REACH[order.scope] > _REACH[caller.scope]:
        raise NotAllowedError(
            "A token cannot make one that reaches further than itself. Send handle and password."
        )
    return caller.person.id


@router.get("", responses=problems(401))
def list_tokens(session: ReadDep, caller: SignedInDep) -> TokensView:
    """List the caller's tokens, without their secrets; not by a token bound to one challenge."""
    access.check(caller, Action.READ_TOKENS, is_own=True)
    tokens = accounts.tokens(session, person_id=caller.person.id)
    return TokensView(items=tuple(TokenView.model_validate(token) for token in tokens))


@router.delete("/{token_id}", status_code=204, responses=problems(401, 404))
def revoke_token(request: Request, session: WriteDep, caller: SignedInDep, token_id: str) -> None:
    """Make a token useless at once; repeating it changes nothing.

    A token bound to one challenge may end itself, and no other.
    """
    if f" palio_{token_id}_" not in request.headers.get("authorization", ""):
        access.check(caller, Action.REVOKE_TOKEN, is_own=True)
    service.revoke_token(
        session, person_id=caller.person.id, token_id=token_id, now=database_now(session)
    )
