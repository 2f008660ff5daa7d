"""Accounts of the server on this machine: made, listed, shut out, given a password or a token."""

from pathlib import Path

from palio.accounts import api_tokens, queries, rules
from palio.accounts import people as accounts
from palio.accounts.contracts import Person, Scope
from palio.accounts.passwords import Passwords
from palio.cli.client import asking, show
from palio.cli.client.errors import ClientError
from palio.cli.operate.here import here
from palio.core.clock import database_now
from palio.core.settings import Settings

OPERATOR = "system"  # who acts in the audit log: whoever may run commands on this machine


def create(
    handle: str, *, name: str, email: str, admin: bool, from_stdin: bool, data: Path | None
) -> object:
    """Make an account."""
    with here(data) as server:
        password_hash = _new_password(handle, server.settings, from_stdin=from_stdin)
        with server.work() as session:
            now = database_now(session)
            person = accounts.sign_up(
                session,
                handle=handle,
                display_name=name,
                email=email or None,
                password_hash=password_hash,
                now=now,
            )
            if admin:
                person = accounts.set_admin(
                    session, person_id=person.id, is_admin=True, by=OPERATOR, now=now
                )
    show.line(f"Made the account {person.handle}{' (admin)' if admin else ''}.")
    return _document(person)


def set_password(handle: str, *, from_stdin: bool, data: Path | None) -> object:
    """Give somebody a new password."""
    with here(data) as server:
        with server.reading() as session:
            person = queries.person_by_handle(session, handle)
        password_hash = _new_password(person.handle, server.settings, from_stdin=from_stdin)
        with server.work() as session:
            accounts.set_password(
                session,
                person_id=person.id,
                password_hash=password_hash,
                by=OPERATOR,
                now=database_now(session),
            )
    show.line(
        f"{person.handle} has a new password and is logged out everywhere; tokens are revoked."
    )
    return _document(person)


def set_disabled(handle: str, *, is_disabled: bool, data: Path | None) -> object:
    """Shut somebody out, or let them in again."""
    with here(data) as server, server.work() as session:
        found = queries.person_by_handle(session, handle)
        person = accounts.set_disabled(
            session,
            person_id=found.id,
            is_disabled=is_disabled,
            by=OPERATOR,
            now=database_now(session),
        )
    show.line(
        f"{person.handle} is shut out: no log-in, no token works. What they sent stays."
        if is_disabled
        else f"{person.handle} may log in again; tokens that are still valid work again."
    )
    return _document(person)


def make_token(
    handle: str, *, name: str, scope: str, days: int | None, data: Path | None
) -> object:
    """Make an API token for somebody."""
    if scope not in tuple(Scope):
        raise ClientError(f"There is no scope “{scope}”.", hint="There is: " + ", ".join(Scope))
    with here(data) as server, server.work() as session:
        person = queries.person_by_handle(session, handle)
        made = api_tokens.make_token(
            session,
            person_id=person.id,
            name=name,
            scope=Scope(scope),
            challenge_id=None,
            days=days or server.settings.token_days,
            now=database_now(session),
        )
    expires_at = made.expires_at.isoformat()
    show.line(made.secret, bold=True)
    show.line(f"Shown this once. Valid until {show.time_of(expires_at)}.")
    return {"id": made.id, "token": made.secret, "expires_at": expires_at, "handle": person.handle}


def list_all(data: Path | None) -> object:
    """List every account."""
    people: list[Person] = []
    with here(data) as server, server.reading() as session:
        page = queries.people(session)
        people += page.items
        while page.next_cursor:
            page = queries.people(session, cursor=page.next_cursor)
            people += page.items
    show.table(
        ["handle", "name<", "", "id"],
        [(person.handle, person.display_name, _marks(person), person.id) for person in people],
        empty="Nobody yet. Make the first account with: palio user create HANDLE --admin",
    )
    return [_document(person) for person in people]


def _new_password(handle: str, settings: Settings, *, from_stdin: bool) -> str:
    """Ask for a password and return its hash; made outside any transaction, it is slow."""
    text = asking.password(from_stdin=from_stdin, twice=True)
    rules.check_new_password(text, handle=handle, min_chars=settings.password_min_chars)
    return Passwords(threads=1).hash_password(text)


def _marks(person: Person) -> str:
    marks = {"admin": person.is_admin, "disabled": person.is_disabled}
    return ", ".join(name for name, is_on in marks.items() if is_on)


def _document(person: Person) -> dict[str, object]:
    return {
        "id": person.id,
        "handle": person.handle,
        "display_name": person.display_name,
        "is_admin": person.is_admin,
        "is_disabled": person.is_disabled,
    }
