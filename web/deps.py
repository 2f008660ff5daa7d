"""What endpoints ask for: sessions, the caller, a page's frame, an entered challenge."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Query, Request
from sqlmodel import Session

from palio.accounts.contracts import Caller, Scope
from palio.accounts.errors import ScopeTooLowError
from palio.core.db import reading, unit_of_work
from palio.core.errors import NotSignedInError
from palio.core.paging import LIMIT_DEFAULT, LIMIT_MAX
from palio.web import credentials
from palio.web.errors import FormProofError
from palio.web.origin import SAFE_METHODS
from palio.web.proof import is_proof
from palio.web.state import WebState, state_of

StateDep = Annotated[WebState, Depends(state_of)]


def read_session(state: StateDep) -> Iterator[Session]:
    """Open one read-only look."""
    with reading(state.engine) as session:
        yield session


def write_session(state: StateDep) -> Iterator[Session]:
    """Open the request's unit of work, committed before the answer leaves."""
    with unit_of_work(state.engine, send=state.send) as session:
        yield session


# scope="function": with the default the commit would come after the answer (architecture §2.5).
ReadDep = Annotated[Session, Depends(read_session, scope="function")]
WriteDep = Annotated[Session, Depends(write_session, scope="function")]


def find_caller(request: Request, state: StateDep) -> Caller | None:
    """Return who asks, from the bearer token or the session cookie; None = nobody known.

    Raises:
        NotSignedInError: A token came, and it is not (or no longer) good.
        ScopeTooLowError: A token for reading was used to change something.
        FormProofError: A cookie request to the API would change something without proof.

    """
    caller = credentials.caller_of(request, state, request.app.state.palio_notes)
    if caller is None or request.method in SAFE_METHODS:
        return caller
    if caller.scope is Scope.READ:
        raise ScopeTooLowError("This token is for reading only. Use one with the scope submit.")
    if caller.session_id is not None and request.url.path.startswith("/api/"):
        check_proof(state, caller, request.headers.get("x-form-proof", ""))
    return caller


def check_proof(state: WebState, caller: Caller, proof: str) -> None:
    """Refuse a form that was not made for the caller's session."""
    if caller.session_id is None or not is_proof(
        proof, key=state.key, session_id=caller.session_id
    ):
        raise FormProofError("This form is out of date. Load the page again and send it once more.")


CallerDep = Annotated[Caller | None, Depends(find_caller)]


def find_signed_in(caller: CallerDep) -> Caller:
    """Return who asks; raises `NotSignedInError` when nobody is signed in."""
    if caller is None:
        raise NotSignedInError("Log in first.")
    return caller


SignedInDep = Annotated[Caller, Depends(find_signed_in)]
CursorDep = Annotated[str | None, Query(max_length=500, description="from `next_cursor`")]
LimitDep = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="items on a page")]
LIMIT = LIMIT_DEFAULT
