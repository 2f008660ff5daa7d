"""Verbs on teams. Every change of a team's members happens under the lock of its row.

Two rows are locked in the order of their ids, so that nobody waits in a circle.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, col, delete, select

from palio.accounts import mergers, queries, rules, tokens
from palio.accounts.contracts import NewSecret, Person, Team
from palio.accounts.errors import (
    AlreadyInTeamError,
    BadLinkError,
    NotCaptainError,
    TeamFrozenError,
    TeamNameTakenError,
    TeamNotFoundError,
)
from palio.accounts.models import InviteRow, MemberRow, TeamRow
from palio.accounts.races import add_unless_taken
from palio.accounts.words import RESERVED_HANDLES
from palio.core.db import lock_row

INVITE_USES = 10  # the challenge's maximum size is the real limit
INVITE_DAYS_MAX = 90
_NAMES_TRIED = 50


def solo_team(session: Session, *, challenge_id: str, person: Person, now: datetime) -> Team:
    """Return the person's team, making a team of one named after the person where there is none."""
    for name in _solo_names(person):
        team = queries.team_of(session, challenge_id=challenge_id, person_id=person.id)
        if team is None:
            team = _found(session, challenge_id=challenge_id, person=person, name=name, now=now)
        if team is not None:
            return team
    raise TeamNameTakenError("Every name like yours is taken here. Create a team with a name.")


def create_team(
    session: Session, *, challenge_id: str, person: Person, name: str, now: datetime
) -> Team:
    """Make a team with the person as captain, who leaves a team of one that has not submitted.

    Raises:
        BadNameError, TeamNameTakenError: The name.
        AlreadyInTeamError, TeamFrozenError: The person cannot leave the team of now.

    """
    clean = _clean_team_name(name)
    _leave_for_another(session, challenge_id=challenge_id, person_id=person.id, now=now)
    team = _found(session, challenge_id=challenge_id, person=person, name=clean, now=now)
    if team is None:
        if _own_team_id(session, challenge_id=challenge_id, person_id=person.id):
            raise AlreadyInTeamError("You have joined another team at this moment.")
        raise _name_taken(clean)
    return team


def rename_team(session: Session, *, team_id: str, name: str, by: str, now: datetime) -> Team:  # noqa: ARG001 (every verb takes the time)
    """Give the team another name; only its captain may.

    Raises:
        TeamNotFoundError, NotCaptainError: Not your team, or not its captain.
        BadNameError, TeamNameTakenError: The name.

    """
    clean = _clean_team_name(name)
    row = _captains_team(session, team_id=team_id, by=by)
    try:
        with session.begin_nested():
            row.name = clean
            row.name_key = rules.name_key(clean)
            session.flush()
    except IntegrityError as error:
        raise _name_taken(clean) from error
    return queries.team(session, team_id)


def invite(
    session: Session,
    *,
    team_id: str,
    by: str,
    now: datetime,
    days: int,
    merge_deadline: datetime | None,
    uses: int = INVITE_USES,
) -> NewSecret:
    """Make a link into the team; only its captain may. Places are counted when it is accepted.

    Raises:
        TeamNotFoundError, NotCaptainError: Not your team, or not its captain.
        BadTermError: Days (1 to 90) or uses (1 to 10) out of range.
        TeamFrozenError: After the merge deadline, when nobody could accept it.

    """
    rules.check_teams_change(merge_deadline=merge_deadline, now=now)
    rules.check_term(days, what="The number of days", maximum=INVITE_DAYS_MAX)
    rules.check_term(uses, what="The number of uses", maximum=INVITE_USES)
    _captains_team(session, team_id=team_id, by=by)
    code = tokens.new_secret()
    row = InviteRow(
        code_sha256=tokens.digest(code),
        team_id=team_id,
        uses_left=uses,
        made_by=by,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return NewSecret(id=row.id, secret=code, expires_at=row.expires_at)


def accept_invite(
    session: Session,
    *,
    code: str,
    person: Person,
    max_members: int,
    merge_deadline: datetime | None,
    now: datetime,
) -> Team:
    """Join the team an invite leads into, leaving a team of one that has not submitted.

    Accepting again as a member changes nothing and costs no use.

    Args:
        session: Open unit of work.
        code: The invite's code.
        person: Who joins.
        max_members: Of the challenge.
        merge_deadline: Of the challenge; None = as long as invites are good.
        now: The database's time.

    Raises:
        BadLinkError: Unknown, expired or used up.
        TeamFullError: Somebody else was faster, or the team was full.
        TeamFrozenError: After the merge deadline, or the person has submitted alone.
        AlreadyInTeamError: The person is in a team with others.

    """
    link = _invite_row(session, code)
    row = session.get(TeamRow, link.team_id)
    if row is None:
        raise BadLinkError(queries.UNKNOWN_LINK)
    _lock_with_own(session, row, person_id=person.id)
    link = _invite_row(session, code)  # as it stands under the lock
    members = _member_rows(session, row.id)
    if any(member.person_id == person.id for member in members):
        return queries.team(session, row.id)
    rules.check_link(expires_at=link.expires_at, uses_left=link.uses_left, now=now)
    rules.check_may_join(
        members=len(members), max_members=max_members, merge_deadline=merge_deadline, now=now
    )
    _leave_for_another(session, challenge_id=row.challenge_id, person_id=person.id, now=now)
    link.uses_left -= 1
    session.add(link)
    member = MemberRow(
        team_id=row.id, person_id=person.id, challenge_id=row.challenge_id, joined_at=now
    )
    if not add_unless_taken(session, member):
        raise AlreadyInTeamError("You have joined another team at this moment.")
    return queries.team(session, row.id)


def leave_team(session: Session, *, person_id: str, team_id: str, now: datetime) -> None:
    """Leave before the first submission; captaincy passes on, the last one out ends the team.

    Raises:
        TeamNotFoundError: The person is not in this team.
        TeamFrozenError: The team has submitted.

    """
    row = _locked(session, team_id)
    members = _member_rows(session, team_id)
    own = next((member for member in members if member.person_id == person_id), None)
    if own is None:
        raise TeamNotFoundError("You are not in this team.")
    rules.check_may_leave(first_submission_at=row.first_submission_at)
    session.delete(own)
    session.flush()
    stay = [(m.joined_at, m.person_id) for m in members if m.person_id != person_id]
    heir = rules.next_captain(stay)
    if heir is None:
        _delete_team(session, row, now=now)
    elif row.captain_id == person_id:
        row.captain_id = heir
        session.add(row)
        session.flush()


def mark_first_submission(session: Session, *, team_id: str, now: datetime) -> None:
    """Note that the team has submitted; later calls change nothing. Locks the team."""
    row = _locked(session, team_id)
    if row.first_submission_at is None:
        row.first_submission_at = now
        session.add(row)
        session.flush()


def lock_team(session: Session, *, team_id: str) -> Team:
    """Return the team as it will stay until the transaction ends; a merged one's is the one now.

    Raises:
        TeamNotFoundError: There is no such team.

    """
    row = _locked(session, team_id)
    if row.merged_into_id is not None:
        row = _locked(session, row.merged_into_id)
    return queries.teams_of(session, [row])[row.id]


def _solo_names(person: Person) -> Iterator[str]:
    """Yield names for a team of one, the plainest first; all fit into the limit of 60."""
    if rules.name_key(person.display_name) not in RESERVED_HANDLES:
        yield person.display_name
    shown = person.display_name[: rules.NAME_CHARS - len(person.handle) - 3].rstrip()
    yield f"{shown} ({person.handle})"
    yield person.handle
    for number in count(2):
        if number > _NAMES_TRIED:
            return
        yield f"{person.handle} {number}"


def _clean_team_name(name: str) -> str:
    clean = rules.clean_name(name, what="team name")
    if rules.name_key(clean) in RESERVED_HANDLES:
        raise _name_taken(clean)
    return clean


def _name_taken(name: str) -> TeamNameTakenError:
    return TeamNameTakenError(f"The team name {name!r} is taken in this challenge.")


def _found(
    session: Session, *, challenge_id: str, person: Person, name: str, now: datetime
) -> Team | None:
    """Make a team; None when the name is taken, or the person is in a team by now."""
    row = TeamRow(
        challenge_id=challenge_id,
        name=name,
        name_key=rules.name_key(name),
        captain_id=person.id,
        created_at=now,
    )
    member = MemberRow(
        team_id=row.id, person_id=person.id, challenge_id=challenge_id, joined_at=now
    )
    if not add_unless_taken(session, row, member):
        return None
    return queries.team(session, row.id)


def _locked(session: Session, team_id: str) -> TeamRow:
    row = session.get(TeamRow, team_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise TeamNotFoundError("There is no such team.")
    return row


def _captains_team(session: Session, *, team_id: str, by: str) -> TeamRow:
    row = _locked(session, team_id)
    if session.get(MemberRow, (team_id, by)) is None:
        raise TeamNotFoundError("You are not in this team.")
    if row.captain_id != by:
        raise NotCaptainError("Only the captain of the team may do this.")
    return row


def _member_rows(session: Session, team_id: str) -> list[MemberRow]:
    return list(session.exec(select(MemberRow).where(MemberRow.team_id == team_id)))


def _invite_row(session: Session, code: str) -> InviteRow:
    row = session.exec(
        select(InviteRow)
        .where(InviteRow.code_sha256 == tokens.digest(code))
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise BadLinkError(queries.UNKNOWN_LINK)
    return row


def _own_team_id(session: Session, *, challenge_id: str, person_id: str) -> str | None:
    return session.exec(
        select(MemberRow.team_id).where(
            MemberRow.challenge_id == challenge_id, MemberRow.person_id == person_id
        )
    ).first()


def _lock_with_own(session: Session, row: TeamRow, *, person_id: str) -> None:
    own = _own_team_id(session, challenge_id=row.challenge_id, person_id=person_id)
    for team_id in sorted({row.id, own or row.id}):
        lock_row(session, TeamRow, team_id)


def _leave_for_another(
    session: Session, *, challenge_id: str, person_id: str, now: datetime
) -> None:
    """Leave a team of one that has not submitted; no team at all is fine."""
    own = _own_team_id(session, challenge_id=challenge_id, person_id=person_id)
    if own is None:
        return
    row = _locked(session, own)
    if len(_member_rows(session, own)) > 1:
        raise _already_in(row)
    if row.first_submission_at is not None:
        raise TeamFrozenError(
            f"You have submitted as {row.name!r}, and its tries and scores stay with it, so you "
            "cannot leave it for another one. The captains of two teams can merge them."
        )
    _delete_team(session, row, now=now)


def _already_in(row: TeamRow) -> AlreadyInTeamError:
    return AlreadyInTeamError(
        f"You are in the team {row.name!r} already. Leave it first, while it has not submitted."
    )


def _delete_team(session: Session, row: TeamRow, *, now: datetime) -> None:
    session.exec(delete(InviteRow).where(col(InviteRow.team_id) == row.id))
    session.exec(delete(MemberRow).where(col(MemberRow.team_id) == row.id))
    mergers.void_open(session, row.id, now=now)
    try:
        with session.begin_nested():
            session.delete(row)
    except DBAPIError:  # a case or a disqualification names it: the row stays, nobody is in it
        session.refresh(row)
