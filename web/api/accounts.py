"""Accounts: sign up, and who am I."""

from fastapi import APIRouter, Request
from sqlmodel import Session

from palio.accounts import rules
from palio.accounts import service as accounts
from palio.accounts.contracts import Person
from palio.cases import sightings
from palio.core.clock import database_now
from palio.web.api.schemas import problems
from palio.web.api.schemas_people import MeView, PersonView, SignUp
from palio.web.buckets import Group
from palio.web.deps import SignedInDep, StateDep
from palio.web.state import WebState, address_of, limit
from palio.web.units import run_unit

router = APIRouter(prefix="/api/v1", tags=["accounts"])


@router.post("/accounts", status_code=201, responses=problems(403, 404, 409))
def create_account(request: Request, state: StateDep, order: SignUp) -> PersonView:
    """Make an account. With a join code this works also where sign-up is closed."""
    limit(request, Group.SIGN_UP)
    made = sign_up(state, order, address=address_of(request))
    return PersonView.model_validate(made)


def sign_up(state: WebState, order: SignUp, *, address: str) -> Person:
    """Make an account; the password is hashed before any transaction is open.

    Raises:
        AppError: Whatever `accounts.service.sign_up` and the password rules raise.

    """
    rules.check_new_password(
        order.password,
        handle=rules.clean_handle(order.handle),
        min_chars=state.settings.password_min_chars,
    )
    password_hash = state.passwords.hash_password(order.password)

    def make(session: Session) -> Person:
        now = database_now(session)
        made = accounts.sign_up(
            session,
            handle=order.handle,
            display_name=order.display_name,
            email=order.email,
            password_hash=password_hash,
            now=now,
            join_code=order.join_code,
            is_open=state.settings.sign_up_open,
        )
        sightings.note(session, person_id=made.id, address=address, now=now, is_sign_up=True)
        return made

    return run_unit(state, make)


@router.get("/me", responses=problems(401))
def read_me(caller: SignedInDep) -> MeView:
    """Say who the credential belongs to, and how far it reaches."""
    return MeView.model_validate(caller)
