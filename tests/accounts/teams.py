"""What tests of teams ask of the service, with what they seldom care about filled in."""

from datetime import datetime

from sqlmodel import Session

from palio.accounts import service
from palio.accounts.contracts import Person, Team


def solo(session: Session, person: Person, now: datetime, challenge_id: str = "c") -> Team:
    return service.solo_team(session, challenge_id=challenge_id, person=person, now=now)


def create(session: Session, person: Person, now: datetime, name: str = "The Owls") -> Team:
    return service.create_team(session, challenge_id="c", person=person, name=name, now=now)


def invite(session: Session, team: Team, now: datetime, *, uses: int = 10) -> str:
    new = service.invite(
        session,
        team_id=team.id,
        by=team.captain_id,
        now=now,
        days=7,
        merge_deadline=None,
        uses=uses,
    )
    return new.secret


def accept(
    session: Session,
    code: str,
    person: Person,
    now: datetime,
    *,
    max_members: int = 5,
    merge_deadline: datetime | None = None,
) -> Team:
    return service.accept_invite(
        session,
        code=code,
        person=person,
        max_members=max_members,
        merge_deadline=merge_deadline,
        now=now,
    )


def handles(team: Team) -> list[str]:
    return [member.handle for member in team.members]
