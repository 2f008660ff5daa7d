"""Verbs on log-ins: a try is counted before the password is looked at, in its own transaction.

Checking a password takes long on purpose. No transaction stays open meanwhile (on SQLite it would
hold the only write lock), and a wrong password stays counted although the request fails.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import and_, func
from sqlmodel import Session, col, select, update

from palio.accounts import queries, rules, tokens
from palio.accounts.contracts import Caller, NewSecret, Person, Scope
from palio.accounts.errors import ServerBusyError, WrongLoginError
from palio.accounts.models import LogInTryRow, PersonRow, SessionRow
from palio.accounts.passwords import Passwords
from palio.accounts.races import delete_unlocked
from palio.core import clock

Work = Callable[[], AbstractContextManager[Session]]  # opens one unit of work
SEEN_EVERY = timedelta(minutes=1)  # how exact last_seen_at and last_used_at are


@dataclass(frozen=True, slots=True)
class _Try:
    handle_key: str
    address_key: str
    id: str
    person_id: str
    password_hash: str | None  # None = nobody has the handle, or is shut out
    new_hash: str | None = None


def log_in(
    work: Work,
    *,
    passwords: Passwords,
    handle: str,
    password: str,
    address: str,
    idle_hours: int,
    days: int,
) -> NewSecret:
    """Check a password and start a browser session.

    Args:
        work: Opens a unit of work; called twice. Call this while no other one is open.
        passwords: The process's password checker.
        handle: As typed; upper case is the same.
        password: As typed.
        address: Network address of the request.
        idle_hours: The session ends when it is not used for so long.
        days: The session ends after so long in any case.

    Returns:
        The session's id and the secret for the cookie.

    Raises:
        WrongLoginError: Handle and password do not belong together.
        TooManyTriesError: Too many wrong ones before, for the handle or from the address.
        ServerBusyError: Too many people log in at this moment.

    """
    proof = _prove(work, passwords=passwords, handle=handle, password=password, address=address)
    with work() as session:
        now = clock.database_now(session)
        person = _accept(session, proof)
        delete_unlocked(session, SessionRow, col(SessionRow.expires_at) < now)
        secret = tokens.new_secret()
        row = SessionRow(
            id=tokens.digest(secret),
            person_id=person.id,
            idle_seconds=idle_hours * 3600,
            created_at=now,
            last_seen_at=now,
            expires_at=now + timedelta(days=days),
        )
        session.add(row)
        session.flush()
        return NewSecret(id=row.id, secret=secret, expires_at=row.expires_at)


def check_password(
    work: Work, *, passwords: Passwords, handle: str, password: str, address: str
) -> Person:
    """Check a password without starting a session; arguments and errors as for `log_in`."""
    proof = _prove(work, passwords=passwords, handle=handle, password=password, address=address)
    with work() as session:
        return _accept(session, proof)


def log_out(session: Session, *, session_id: str) -> None:
    """End one browser session; ending it twice changes nothing."""
    row = session.get(SessionRow, session_id)
    if row is not None:
        session.delete(row)
        session.flush()


def caller_of_session(session: Session, *, secret: str, now: datetime) -> Caller | None:
    """Return who holds the secret of a cookie, None when it is unknown or over.

    Notes the use, at most once a minute and only where the session may write.
    """
    if not tokens.is_secret(secret):
        return None
    found = session.exec(
        select(SessionRow, PersonRow)
        .join(PersonRow, col(PersonRow.id) == col(SessionRow.person_id))
        .where(SessionRow.id == tokens.digest(secret), col(PersonRow.disabled_at).is_(None))
    ).first()
    if found is None:
        return None
    row, person = found
    idle_end = row.last_seen_at + timedelta(seconds=row.idle_seconds)
    if now >= min(row.expires_at, idle_end):
        return None
    if is_due(row.last_seen_at, now=now) and may_write(session):
        session.exec(
            update(SessionRow)
            .where(col(SessionRow.id) == row.id, col(SessionRow.last_seen_at) == row.last_seen_at)
            .values(last_seen_at=now)
        )
    return Caller(person=queries.person_of(person), scope=Scope.ORGANIZE, session_id=row.id)


def is_due(last: datetime | None, *, now: datetime) -> bool:
    """Say whether a use is to be noted again."""
    return last is None or now - last >= SEEN_EVERY


def may_write(session: Session) -> bool:
    """Say whether the session is a unit of work rather than a look."""
    options = session.connection().get_execution_options()
    return not options.get("palio_read_only", False)


def _prove(work: Work, *, passwords: Passwords, handle: str, password: str, address: str) -> _Try:
    with work() as session:
        attempt = _count(session, handle=handle.strip().lower(), address=address)
    try:
        is_right, is_old = passwords.verify_password(password, attempt.password_hash)
        new_hash = passwords.hash_password(password) if is_old else None
    except ServerBusyError:
        with work() as session:
            delete_unlocked(session, LogInTryRow, col(LogInTryRow.id) == attempt.id)
        raise
    if not is_right:
        raise _wrong()
    return replace(attempt, new_hash=new_hash)


def _wrong() -> WrongLoginError:
    return WrongLoginError("Handle and password do not belong together. Try again.")


def _count(session: Session, *, handle: str, address: str) -> _Try:
    """Write the try down as if it were wrong, unless too many stand there already."""
    now = clock.database_now(session)
    row = LogInTryRow(handle_key=tokens.digest(handle), address_key=tokens.digest(address), at=now)
    _lock_keys(session, row.handle_key, row.address_key)
    delete_unlocked(session, LogInTryRow, col(LogInTryRow.at) <= now - rules.TRIES_WINDOW)
    by_handle = col(LogInTryRow.handle_key) == row.handle_key
    by_address = col(LogInTryRow.address_key) == row.address_key
    for limit, condition in (
        (rules.TRIES_BY_BOTH, and_(by_handle, by_address)),
        (rules.TRIES_BY_HANDLE, by_handle),
        (rules.TRIES_BY_ADDRESS, by_address),
    ):
        newest = select(LogInTryRow.at).where(condition).order_by(col(LogInTryRow.at).desc())
        rules.check_tries(session.exec(newest.limit(limit)).all(), limit=limit, now=now)
    session.add(row)
    session.flush()
    person = _person_by_handle(session, handle)
    return _Try(
        handle_key=row.handle_key,
        address_key=row.address_key,
        id=row.id,
        person_id=person.id if person else "",
        password_hash=person.password_hash if person else None,
    )


def _lock_keys(session: Session, *keys: str) -> None:
    # Counting and writing must be one step. SQLite holds its write lock already.
    if session.get_bind().dialect.name != "postgresql":
        return
    for number in sorted(int(key[:15], 16) for key in keys):
        session.execute(select(func.pg_advisory_xact_lock(number)))


def _person_by_handle(session: Session, handle: str) -> PersonRow | None:
    if not rules.HANDLE.fullmatch(handle):
        return None
    return session.exec(
        select(PersonRow).where(PersonRow.handle == handle, col(PersonRow.disabled_at).is_(None))
    ).first()


def _accept(session: Session, proof: _Try) -> Person:
    """Forget the wrong tries before this right one, and return the person it proves."""
    delete_unlocked(
        session,
        LogInTryRow,
        col(LogInTryRow.handle_key) == proof.handle_key,
        col(LogInTryRow.address_key) == proof.address_key,
    )
    row = session.get(PersonRow, proof.person_id, with_for_update=True)
    if row is None or row.password_hash != proof.password_hash or row.disabled_at is not None:
        raise _wrong()  # changed while we looked
    if proof.new_hash is not None:
        row.password_hash = proof.new_hash
        session.add(row)
    return queries.person_of(row)
