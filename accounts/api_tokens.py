"""Verbs on API tokens: made, revoked, and asked whose they are."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from palio.accounts import queries, rules, tokens
from palio.accounts.contracts import Caller, NewSecret, Scope
from palio.accounts.errors import TokenNotFoundError
from palio.accounts.models import PersonRow, TokenRow
from palio.accounts.sessions import is_due, may_write
from palio.core import audit

DAYS_MAX = 366
_NOBODY = tokens.digest("")  # compared with when there is no such token


def make_token(
    session: Session,
    *,
    person_id: str,
    name: str,
    scope: Scope,
    challenge_id: str | None,
    days: int,
    now: datetime,
) -> NewSecret:
    """Make an API token; its text is in the answer and never again.

    Args:
        session: Open unit of work.
        person_id: Whose it is.
        name: For the owner's list, 1 to 60 characters.
        scope: How far it reaches.
        challenge_id: The one challenge it is good for; None = all.
        days: How long it is good, 1 to 366.
        now: The database's time.

    Raises:
        BadNameError, BadTermError: Name or days.

    """
    rules.check_term(days, what="The number of days", maximum=DAYS_MAX)
    secret = tokens.new_secret()
    row = TokenRow(
        person_id=person_id,
        secret_sha256=tokens.digest(secret),
        name=rules.clean_name(name, what="name of the token"),
        scope=scope.value,
        challenge_id=challenge_id,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor_id=person_id,
        action="accounts.make_token",
        subject_id=row.id,
        challenge_id=challenge_id,
        now=now,
        detail={"scope": scope.value, "days": days},
    )
    return NewSecret(id=row.id, secret=tokens.token_text(row.id, secret), expires_at=row.expires_at)


def revoke_token(session: Session, *, person_id: str, token_id: str, now: datetime) -> None:
    """Make a token useless from now on; revoking it twice changes nothing.

    Raises:
        TokenNotFoundError: The person has no such token.

    """
    row = session.get(TokenRow, token_id, with_for_update=True)
    if row is None or row.person_id != person_id:
        raise TokenNotFoundError("You have no such token.")
    if row.revoked_at is not None:
        return
    row.revoked_at = now
    session.add(row)
    audit.record(
        session, actor_id=person_id, action="accounts.revoke_token", subject_id=token_id, now=now
    )


def caller_of_token(session: Session, *, secret: str, now: datetime) -> Caller | None:
    """Return whom a token's text speaks for, None when it is unknown, expired or revoked.

    Notes the use, at most once a minute and only where the session may write.
    """
    parts = tokens.split_token(secret)
    if parts is None:
        return None
    found = session.exec(
        select(TokenRow, PersonRow)
        .join(PersonRow, col(PersonRow.id) == col(TokenRow.person_id))
        .where(TokenRow.id == parts[0], col(PersonRow.disabled_at).is_(None))
    ).first()
    row, person = found or (None, None)
    is_right = tokens.is_same(row.secret_sha256 if row else _NOBODY, tokens.digest(parts[1]))
    if row is None or person is None or not is_right:
        return None
    if row.revoked_at is not None or now >= row.expires_at:
        return None
    if is_due(row.last_used_at, now=now) and may_write(session):
        session.exec(
            update(TokenRow)
            .where(
                col(TokenRow.id) == row.id,
                col(TokenRow.last_used_at).is_not_distinct_from(row.last_used_at),
            )
            .values(last_used_at=now)
        )
    return Caller(
        person=queries.person_of(person), scope=Scope(row.scope), challenge_id=row.challenge_id
    )
