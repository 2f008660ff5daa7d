"""Named looks at people, tokens, roles, links and teams."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from palio.accounts import rules
from palio.accounts.contracts import (
    AbsorbedTeam,
    JoinLink,
    Member,
    Person,
    Role,
    Scope,
    Team,
    TokenInfo,
)
from palio.accounts.errors import BadLinkError, PersonNotFoundError, TeamNotFoundError
from palio.accounts.models import (
    InviteRow,
    JoinLinkRow,
    MemberRow,
    PersonRow,
    RoleRow,
    TeamRow,
    TokenRow,
)
from palio.accounts.tokens import digest
from palio.core.paging import LIMIT_DEFAULT, Page, cut_page, decode_cursor

_AT_ONCE = 10_000  # ids in one statement: databases take some 30,000
UNKNOWN_LINK = "This link is not known here. Copy it again, or ask for a new one."


def person(session: Session, person_id: str) -> Person:
    """Return a person; raises `PersonNotFoundError`."""
    row = session.get(PersonRow, person_id)
    if row is None:
        raise PersonNotFoundError("There is no such person.")
    return person_of(row)


def person_by_handle(session: Session, handle: str) -> Person:
    """Return the person with this handle, upper or lower case; raises `PersonNotFoundError`."""
    lower = handle.strip().lower()
    row = None
    if rules.HANDLE.fullmatch(lower):
        row = session.exec(select(PersonRow).where(PersonRow.handle == lower)).first()
    if row is None:
        raise PersonNotFoundError(f"Nobody here has the handle {handle!r}.")
    return person_of(row)


def people(
    session: Session, *, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[Person]:
    """Return people by handle; raises `BadCursorError`."""
    statement = select(PersonRow).order_by(col(PersonRow.handle)).limit(limit + 1)
    if cursor is not None:
        statement = statement.where(col(PersonRow.handle) > decode_cursor(cursor))
    rows = session.exec(statement).all()
    return cut_page([person_of(row) for row in rows], [row.handle for row in rows], limit=limit)


def people_by_id(session: Session, *, person_ids: Sequence[str]) -> dict[str, Person]:
    """Return the people with these ids; unknown ids are left out."""
    wanted = list(dict.fromkeys(person_ids))
    found: dict[str, Person] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        part = col(PersonRow.id).in_(wanted[start : start + _AT_ONCE])
        found |= {row.id: person_of(row) for row in session.exec(select(PersonRow).where(part))}
    return found


def tokens(session: Session, person_id: str) -> tuple[TokenInfo, ...]:
    """Return a person's API tokens, newest first, revoked and expired ones among them."""
    rows = session.exec(
        select(TokenRow).where(TokenRow.person_id == person_id).order_by(col(TokenRow.id).desc())
    )
    return tuple(
        TokenInfo(
            id=row.id,
            name=row.name,
            scope=Scope(row.scope),
            challenge_id=row.challenge_id,
            created_at=row.created_at,
            expires_at=row.expires_at,
            last_used_at=row.last_used_at,
            revoked_at=row.revoked_at,
        )
        for row in rows
    )


def roles(session: Session, *, person_id: str, challenge_id: str) -> frozenset[Role]:
    """Return what a person is on a challenge beside being a participant."""
    held = select(RoleRow.role).where(
        RoleRow.person_id == person_id, RoleRow.challenge_id == challenge_id
    )
    return frozenset(Role(role) for role in session.exec(held))


def has_role(session: Session, *, person_id: str, challenge_id: str, role: Role) -> bool:
    """Say whether a person has a role on a challenge."""
    return session.get(RoleRow, (person_id, challenge_id, role.value)) is not None


def role_holders(session: Session, *, challenge_id: str) -> tuple[tuple[Role, Person], ...]:
    """Return who has which role on a challenge, by role and handle."""
    found = session.exec(
        select(RoleRow.role, PersonRow)
        .join(PersonRow, col(PersonRow.id) == col(RoleRow.person_id))
        .where(RoleRow.challenge_id == challenge_id)
        .order_by(col(RoleRow.role), col(PersonRow.handle))
    )
    return tuple((Role(role), person_of(row)) for role, row in found)


def host_team_ids(session: Session, *, challenge_id: str) -> frozenset[str]:
    """Return the teams of a challenge with an organizer or a judge of it among their members."""
    found = session.exec(
        select(MemberRow.team_id)
        .join(
            RoleRow,
            (col(RoleRow.person_id) == col(MemberRow.person_id))
            & (col(RoleRow.challenge_id) == col(MemberRow.challenge_id)),
        )
        .where(MemberRow.challenge_id == challenge_id)
    )
    return frozenset(found)


def join_link(session: Session, *, code: str, now: datetime) -> JoinLink:
    """Return where a join link leads, without using it; raises `BadLinkError`."""
    row = session.exec(select(JoinLinkRow).where(JoinLinkRow.code_sha256 == digest(code))).first()
    if row is None:
        raise BadLinkError(UNKNOWN_LINK)
    rules.check_link(expires_at=row.expires_at, uses_left=row.uses_left, now=now)
    return join_link_of(row)


def team_of_invite(session: Session, *, code: str, now: datetime) -> Team:
    """Return the team an invite leads into, without using it; raises `BadLinkError`."""
    row = session.exec(select(InviteRow).where(InviteRow.code_sha256 == digest(code))).first()
    if row is None:
        raise BadLinkError(UNKNOWN_LINK)
    rules.check_link(expires_at=row.expires_at, uses_left=row.uses_left, now=now)
    return team(session, row.team_id)


def team(session: Session, team_id: str) -> Team:
    """Return a team; raises `TeamNotFoundError`."""
    row = session.get(TeamRow, team_id)
    if row is None:
        raise TeamNotFoundError("There is no such team.")
    return teams_of(session, [row])[team_id]


def team_named(session: Session, *, challenge_id: str, id_or_name: str) -> Team:
    """Return the team of a challenge with this id, else with a name that looks like this one.

    Raises:
        TeamNotFoundError: There is none.

    """
    row = session.get(TeamRow, id_or_name)
    if row is None or row.challenge_id != challenge_id:
        row = session.exec(
            select(TeamRow).where(
                TeamRow.challenge_id == challenge_id,
                TeamRow.name_key == rules.name_key(id_or_name),
            )
        ).first()
    if row is not None and row.merged_into_id is not None:
        row = session.get_one(TeamRow, row.merged_into_id)
    if row is None:
        raise TeamNotFoundError(f"No team of this challenge is called {id_or_name!r}.")
    return teams_of(session, [row])[row.id]


def current_team_id(session: Session, team_id: str) -> str:
    """Return the team that goes on for this one after every merger; the same id without one."""
    found = session.exec(select(TeamRow.merged_into_id).where(TeamRow.id == team_id)).first()
    return found or team_id


def lineage(session: Session, team_id: str) -> tuple[str, ...]:
    """Return a team's id and those of every team that merged into it, oldest merger first."""
    absorbed = session.exec(
        select(TeamRow.id)
        .where(TeamRow.merged_into_id == team_id)
        .order_by(col(TeamRow.merged_at), col(TeamRow.id))
    )
    return team_id, *absorbed


def absorbed_teams(session: Session, *, challenge_id: str) -> tuple[AbsorbedTeam, ...]:
    """Return the teams of a challenge that merged into others, in the order they did."""
    rows = session.exec(
        select(TeamRow)
        .where(TeamRow.challenge_id == challenge_id, col(TeamRow.merged_into_id).is_not(None))
        .order_by(col(TeamRow.merged_at), col(TeamRow.id))
    )
    return tuple(
        AbsorbedTeam(
            id=row.id,
            name=row.name,
            merged_into_id=row.merged_into_id or "",
            merged_at=row.merged_at or row.created_at,
        )
        for row in rows
    )


def team_of(session: Session, *, challenge_id: str, person_id: str) -> Team | None:
    """Return a person's team in a challenge, None without one."""
    row = session.exec(
        select(TeamRow)
        .join(MemberRow, col(MemberRow.team_id) == col(TeamRow.id))
        .where(MemberRow.challenge_id == challenge_id, MemberRow.person_id == person_id)
    ).first()
    return teams_of(session, [row])[row.id] if row else None


def teams_of_person(session: Session, *, person_id: str) -> tuple[Team, ...]:
    """Return every team a person is in, the latest first."""
    rows = session.exec(
        select(TeamRow)
        .join(MemberRow, col(MemberRow.team_id) == col(TeamRow.id))
        .where(MemberRow.person_id == person_id)
        .order_by(col(TeamRow.id).desc())
    ).all()
    found = teams_of(session, rows)
    return tuple(found[row.id] for row in rows)


def team_counts(session: Session, *, challenge_ids: Sequence[str]) -> dict[str, int]:
    """Return how many teams with people in them these challenges have; 0 is left out."""
    rows = session.exec(
        select(MemberRow.challenge_id, func.count(func.distinct(col(MemberRow.team_id))))
        .where(col(MemberRow.challenge_id).in_(set(challenge_ids)))
        .group_by(MemberRow.challenge_id)
    )
    return dict(rows.all())


def teams(session: Session, *, challenge_id: str) -> dict[str, Team]:
    """Return every team of a challenge by id, in two queries; merged ones are one team."""
    rows = session.exec(
        select(TeamRow).where(
            TeamRow.challenge_id == challenge_id, col(TeamRow.merged_into_id).is_(None)
        )
    ).all()
    members = _members(session, col(MemberRow.challenge_id) == challenge_id)
    return {row.id: _team(row, members.get(row.id, ())) for row in rows}


def team_names(session: Session, *, challenge_id: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return name and members' handles of every team by id: what a board of thousands shows."""
    rows = session.exec(
        select(TeamRow.id, TeamRow.name, PersonRow.handle)
        .join(MemberRow, col(MemberRow.team_id) == col(TeamRow.id))
        .join(PersonRow, col(PersonRow.id) == col(MemberRow.person_id))
        .where(TeamRow.challenge_id == challenge_id)
        .order_by(col(MemberRow.joined_at), col(MemberRow.person_id))
    )
    names: dict[str, tuple[str, tuple[str, ...]]] = {}
    for team_id, name, handle in rows:
        names[team_id] = (name, (*names.get(team_id, ("", ()))[1], handle))
    return names


def person_of(row: PersonRow) -> Person:
    """Return what others may know of a person."""
    return Person(
        id=row.id,
        handle=row.handle,
        display_name=row.display_name,
        is_admin=row.is_admin,
        is_disabled=row.disabled_at is not None,
    )


def join_link_of(row: JoinLinkRow) -> JoinLink:
    """Return where a join link leads."""
    return JoinLink(
        id=row.id,
        challenge_id=row.challenge_id,
        role=Role(row.role) if row.role else None,
        expires_at=row.expires_at,
    )


def teams_of(session: Session, rows: Sequence[TeamRow]) -> dict[str, Team]:
    """Return the teams of these rows by id, in one query."""
    members = _members(session, col(MemberRow.team_id).in_([row.id for row in rows]))
    return {row.id: _team(row, members.get(row.id, ())) for row in rows}


def _members(session: Session, condition: ColumnElement[bool]) -> dict[str, tuple[PersonRow, ...]]:
    found = session.exec(
        select(MemberRow.team_id, PersonRow)
        .join(PersonRow, col(PersonRow.id) == col(MemberRow.person_id))
        .where(condition)
        .order_by(col(MemberRow.joined_at), col(MemberRow.person_id))
    )
    members: dict[str, tuple[PersonRow, ...]] = {}
    for team_id, row in found:
        members[team_id] = (*members.get(team_id, ()), row)
    return members


def _team(row: TeamRow, members: Sequence[PersonRow]) -> Team:
    return Team(
        id=row.id,
        challenge_id=row.challenge_id,
        name=row.name,
        captain_id=row.captain_id,
        members=tuple(
            Member(
                person_id=member.id,
                handle=member.handle,
                display_name=member.display_name,
                is_captain=member.id == row.captain_id,
            )
            for member in members
        ),
        first_submission_at=row.first_submission_at,
    )
