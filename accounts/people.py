"""Verbs on people: sign up, new password, disabled, made an administrator."""

from datetime import datetime

from sqlmodel import Session, col, delete, update

from palio.accounts import links, queries, rules
from palio.accounts.contracts import Person
from palio.accounts.errors import HandleTakenError, PersonNotFoundError, SignUpClosedError
from palio.accounts.models import PersonRow, SessionRow, TokenRow
from palio.accounts.races import add_unless_taken
from palio.core import audit


def sign_up(
    session: Session,
    *,
    handle: str,
    display_name: str,
    email: str | None,
    password_hash: str,
    now: datetime,
    join_code: str | None = None,
    is_open: bool = True,
) -> Person:
    """Make an account; nobody is an administrator by being first.

    Args:
        session: Open unit of work.
        handle: Lower-cased here.
        display_name: Empty = the handle.
        email: Optional; nothing is ever sent to it.
        password_hash: From `Passwords.hash_password`, after `rules.check_new_password`.
        now: The database's time.
        join_code: Of a join link; it is used up by one.
        is_open: Whether people without a join link may sign up.

    Raises:
        SignUpClosedError: No join code, and sign-up is closed.
        BadLinkError: The join code is not (or no longer) good.
        BadHandleError, HandleTakenError, BadNameError, BadEmailError: What was typed.

    """
    if not join_code and not is_open:
        raise SignUpClosedError("Sign-up is closed here. Ask the host for a join link.")
    clean = rules.clean_handle(handle)
    row = PersonRow(
        handle=clean,
        display_name=rules.clean_name(display_name.strip() or clean, what="display name"),
        email=rules.clean_email(email),
        password_hash=password_hash,
        created_at=now,
    )
    if not add_unless_taken(session, row):
        raise HandleTakenError(f"The handle {clean!r} is taken; choose another.")
    if join_code:
        links.use_join_link(session, code=join_code, person_id=row.id, now=now)
    return queries.person_of(row)


def set_password(
    session: Session, *, person_id: str, password_hash: str, by: str, now: datetime
) -> None:
    """Replace a password; every session of the person ends, and every token is revoked.

    It may be given because somebody else had the old one, and made tokens with it.

    Raises:
        PersonNotFoundError: There is no such person.

    """
    row = _row(session, person_id)
    row.password_hash = password_hash
    session.add(row)
    end_all_sessions(session, person_id=person_id)
    session.exec(
        update(TokenRow)
        .where(col(TokenRow.person_id) == person_id, col(TokenRow.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    _record(session, "accounts.set_password", person_id, by=by, now=now)


def set_admin(
    session: Session, *, person_id: str, is_admin: bool, by: str, now: datetime
) -> Person:
    """Make somebody an administrator or no longer one; sessions end, so that all is asked anew.

    Raises:
        PersonNotFoundError: There is no such person.

    """
    row = _row(session, person_id)
    row.is_admin = is_admin
    session.add(row)
    end_all_sessions(session, person_id=person_id)
    _record(session, "accounts.set_admin", person_id, by=by, now=now, is_on=is_admin)
    return queries.person_of(row)


def set_disabled(
    session: Session, *, person_id: str, is_disabled: bool, by: str, now: datetime
) -> Person:
    """Shut somebody out (sessions end, tokens rest) or let them in again.

    Raises:
        PersonNotFoundError: There is no such person.

    """
    row = _row(session, person_id)
    row.disabled_at = now if is_disabled else None
    session.add(row)
    end_all_sessions(session, person_id=person_id)
    _record(session, "accounts.set_disabled", person_id, by=by, now=now, is_on=is_disabled)
    return queries.person_of(row)


def end_all_sessions(session: Session, *, person_id: str) -> None:
    """Log a person out everywhere; tokens stay."""
    session.exec(delete(SessionRow).where(col(SessionRow.person_id) == person_id))


def _row(session: Session, person_id: str) -> PersonRow:
    row = session.get(PersonRow, person_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise PersonNotFoundError("There is no such person.")
    return row


def _record(
    session: Session,
    action: str,
    person_id: str,
    *,
    by: str,
    now: datetime,
    is_on: bool | None = None,
) -> None:
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=person_id,
        now=now,
        detail=None if is_on is None else {"is_on": is_on},
    )
