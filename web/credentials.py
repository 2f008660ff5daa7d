"""From a request to its caller: bearer token first, session cookie else."""

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from fastapi import Request
from sqlmodel import Session

from palio.accounts import service as accounts
from palio.accounts.contracts import Caller
from palio.cases import sightings
from palio.core.clock import database_now
from palio.core.db import reading, unit_of_work
from palio.core.errors import NotSignedInError
from palio.web.state import WebState, address_of

_NOTE_SECONDS = 60.0
_CREDENTIALS_KEPT = 10_000


class Notes:
    """When this process last let a credential's use be written down.

    Looks take no write lock; without this, either every GET would write or "last used" would
    stand still for people who only read.
    """

    def __init__(self) -> None:
        self._noted: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def is_due(self, secret: str, *, at: float) -> bool:
        """Say whether this use is to be written down; saying yes counts as done."""
        key = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            last = self._noted.get(key)
            if last is not None and at - last < _NOTE_SECONDS:
                return False
            self._noted[key] = at
            self._noted.move_to_end(key)
            if len(self._noted) > _CREDENTIALS_KEPT:
                self._noted.popitem(last=False)
            return True


def caller_of(request: Request, state: WebState, notes: Notes) -> Caller | None:
    """Return who asks, None when no credential came or the session has ended.

    Raises:
        NotSignedInError: A token came that is not (or no longer) good.

    """
    authorization = request.headers.get("authorization")
    if authorization is None:
        secret = request.cookies.get(state.cookie_name, "")
        return _look_up(request, state, notes, secret, _of_session) if secret else None
    kind, _, secret = authorization.partition(" ")
    caller = None
    if kind.lower() == "bearer":
        caller = _look_up(request, state, notes, secret.strip(), _of_token)
    if caller is None:
        raise NotSignedInError(
            "This token is not known, has expired or was revoked. Log in again: palio login"
        )
    return caller


def _look_up(
    request: Request,
    state: WebState,
    notes: Notes,
    secret: str,
    find: Callable[[Session, str], Caller | None],
) -> Caller | None:
    with reading(state.engine) as session:
        caller = find(session, secret)
    if caller is not None and notes.is_due(secret, at=time.monotonic()):
        with unit_of_work(state.engine, send=state.send) as session:
            person_id, now = caller.person.id, database_now(session)
            sightings.note(session, person_id=person_id, address=address_of(request), now=now)
            return find(session, secret)
    return caller


def _of_session(session: Session, secret: str) -> Caller | None:
    return accounts.caller_of_session(session, secret=secret, now=database_now(session))


def _of_token(session: Session, secret: str) -> Caller | None:
    return accounts.caller_of_token(session, secret=secret, now=database_now(session))
