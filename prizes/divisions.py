"""Which teams belong to a division: declared by the team before it submits, or found by itself."""

from datetime import datetime

from sqlmodel import Session, select

from palio.accounts import newcomers
from palio.accounts import service as accounts_service
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import FIRST_TIMERS, PrizeKind
from palio.core import audit
from palio.core.errors import ConflictError, NotAllowedError
from palio.prizes.models import DivisionRow


class UnknownDivisionError(ConflictError):
    """The challenge has no such division to declare."""

    code = "division_unknown"


class DivisionFixedError(ConflictError):
    """The team has submitted; its division stays."""

    code = "division_fixed"


class NotCaptainOfTeamError(NotAllowedError):
    """Only the captain speaks for the team."""

    code = "division_not_yours"


def declare(
    session: Session, *, challenge: Challenge, team_id: str, division: str, by: str, now: datetime
) -> None:
    """Say to which division a team belongs, empty for none; only before its first submission.

    Raises:
        UnknownDivisionError: Not one that is declared.
        NotCaptainOfTeamError: Somebody else speaks for the team.
        DivisionFixedError: The team has submitted.

    """
    if division and division not in challenge.plan.divisions:
        raise UnknownDivisionError(f'This challenge has no division "{division}" to declare.')
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    team = accounts_service.lock_team(session, team_id=team_id)
    if team.captain_id != by:
        raise NotCaptainOfTeamError("Only the captain of the team declares its division.")
    if team.first_submission_at is not None:
        raise DivisionFixedError("Your team has submitted, so its division stays as it is.")
    session.merge(
        DivisionRow(
            team_id=team_id, challenge_id=challenge.id, division=division, declared_by=by, at=now
        )
    )
    session.flush()
    audit.record(
        session,
        actor_id=by,
        action="prizes.division",
        subject_id=team_id,
        challenge_id=challenge.id,
        detail={"division": division},
        now=now,
    )


def of_team(session: Session, team_id: str) -> str:
    """Return the division a team declared, empty for none."""
    row = session.get(DivisionRow, team_id, populate_existing=True)
    return "" if row is None else row.division


def members(session: Session, *, challenge: Challenge) -> dict[str, frozenset[str]]:
    """Return the ids of the teams of each division, first-timers only where a prize is for them."""
    found: dict[str, set[str]] = {division: set() for division in challenge.plan.divisions}
    rows = session.exec(select(DivisionRow).where(DivisionRow.challenge_id == challenge.id))
    for row in rows:
        if row.division in found:
            found[row.division].add(row.team_id)
    of_teams = {division: frozenset(teams) for division, teams in found.items()}
    is_wanted = any(
        prize.kind is PrizeKind.DIVISION and prize.division == FIRST_TIMERS
        for prize in challenge.plan.prizes
    )
    if is_wanted:
        of_teams[FIRST_TIMERS] = newcomers.first_time_teams(session, challenge_id=challenge.id)
    return of_teams
