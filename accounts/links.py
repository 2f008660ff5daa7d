"""Verbs on roles and on join links, by which a host adds people without any mail."""

from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select

from palio.accounts import queries, rules, tokens
from palio.accounts.contracts import JoinLink, NewSecret, Role
from palio.accounts.errors import BadLinkError
from palio.accounts.models import JoinLinkRow, JoinUseRow, RoleRow
from palio.accounts.races import add_unless_taken
from palio.core import audit

USES_MAX = 10_000
DAYS_MAX = 365


def grant_role(
    session: Session, *, person_id: str, challenge_id: str, role: Role, by: str, now: datetime
) -> None:
    """Give a person a role on a challenge; giving it again changes nothing."""
    row = RoleRow(
        person_id=person_id,
        challenge_id=challenge_id,
        role=role.value,
        granted_by=by,
        granted_at=now,
    )
    if add_unless_taken(session, row):
        _record_role(session, "accounts.grant_role", row, by=by, now=now)


def revoke_role(
    session: Session, *, person_id: str, challenge_id: str, role: Role, by: str, now: datetime
) -> None:
    """Take a role back; taking one that is not held changes nothing."""
    row = session.get(RoleRow, (person_id, challenge_id, role.value))
    if row is not None:
        session.delete(row)
        session.flush()
        _record_role(session, "accounts.revoke_role", row, by=by, now=now)


def _record_role(session: Session, action: str, row: RoleRow, *, by: str, now: datetime) -> None:
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=row.person_id,
        challenge_id=row.challenge_id,
        now=now,
        detail={"role": row.role},
    )


def make_join_link(
    session: Session,
    *,
    challenge_id: str | None,
    role: Role | None,
    uses: int,
    days: int,
    by: str,
    now: datetime,
) -> NewSecret:
    """Make a link that lets `uses` people sign up (also when sign-up is closed) or take a role.

    Args:
        session: Open unit of work.
        challenge_id: Where the link leads; None = just to an account.
        role: Given to everybody who uses it; needs a challenge.
        uses: How many people, 1 to 10,000.
        days: How long it is good, 1 to 365.
        by: Person id of who makes it.
        now: The database's time.

    Raises:
        BadTermError: Uses or days out of range.
        ValueError: A role without a challenge.

    """
    if role is not None and challenge_id is None:
        raise ValueError("a role is a role on one challenge")
    rules.check_term(uses, what="The number of uses", maximum=USES_MAX)
    rules.check_term(days, what="The number of days", maximum=DAYS_MAX)
    code = tokens.new_secret()
    row = JoinLinkRow(
        code_sha256=tokens.digest(code),
        challenge_id=challenge_id,
        role=role.value if role else None,
        uses_left=uses,
        made_by=by,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor_id=by,
        action="accounts.make_join_link",
        subject_id=row.id,
        challenge_id=challenge_id,
        now=now,
        detail={"role": row.role, "uses": uses, "days": days},
    )
    return NewSecret(id=row.id, secret=code, expires_at=row.expires_at)


def use_join_link(session: Session, *, code: str, person_id: str, now: datetime) -> JoinLink:
    """Take what a join link gives; a second time by the same person costs no use.

    Raises:
        BadLinkError: Unknown, expired or used up.

    """
    row = session.exec(
        select(JoinLinkRow)
        .where(JoinLinkRow.code_sha256 == tokens.digest(code))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise BadLinkError(queries.UNKNOWN_LINK)
    link = queries.join_link_of(row)
    if session.get(JoinUseRow, (row.id, person_id)) is not None:
        return link
    rules.check_link(expires_at=row.expires_at, uses_left=row.uses_left, now=now)
    row.uses_left -= 1
    session.add(row)
    session.add(JoinUseRow(link_id=row.id, person_id=person_id, used_at=now))
    session.flush()
    if link.role is not None and link.challenge_id is not None:
        grant_role(
            session,
            person_id=person_id,
            challenge_id=link.challenge_id,
            role=link.role,
            by=row.made_by,
            now=now,
        )
    return link


def revoke_join_links(session: Session, *, challenge_id: str, by: str, now: datetime) -> None:
    """Make every join link of a challenge useless, for when one went astray."""
    rows = select(JoinLinkRow.id).where(JoinLinkRow.challenge_id == challenge_id)
    session.exec(delete(JoinUseRow).where(col(JoinUseRow.link_id).in_(rows)))
    session.exec(delete(JoinLinkRow).where(col(JoinLinkRow.challenge_id) == challenge_id))
    audit.record(
        session,
        actor_id=by,
        action="accounts.revoke_join_links",
        subject_id=challenge_id,
        challenge_id=challenge_id,
        now=now,
    )
