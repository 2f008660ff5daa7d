"""Teams that merge, for tests of everything a merger touches."""

from typing import Any

from sqlmodel import Session
from tests.factories import submissions as make

from palio.accounts.contracts import Merger, Team
from palio.challenges.contracts import Challenge
from palio.core.clock import database_now
from palio.submissions import (
    mergers,
    queries,
)


def propose(
    session: Session,
    challenge: Challenge,
    ours: Team,
    theirs: Team,
    *,
    keeps_our_name: bool = True,
    keeps_our_captain: bool = True,
) -> Merger:
    return mergers.propose(
        session,
        challenge=challenge,
        team_id=ours.id,
        other_team_id=theirs.id,
        keeps_our_name=keeps_our_name,
        keeps_our_captain=keeps_our_captain,
        by=ours.captain_id,
        now=database_now(session),
    )


def accept(session: Session, challenge: Challenge, merger: Merger, *, by: str) -> Team:
    return mergers.accept(
        session, merger_id=merger.id, challenge=challenge, by=by, now=database_now(session)
    )


def merge(session: Session, challenge: Challenge, ours: Team, theirs: Team) -> Team:
    made = propose(session, challenge, ours, theirs)
    return accept(session, challenge, made, by=theirs.captain_id)


def used(session: Session, challenge: Challenge, team: Team) -> tuple[int, int, int | None]:
    status = queries.quota(session, challenge=challenge, team_id=team.id, now=database_now(session))
    return status.used_today, status.used_total, status.remaining


def pair(session: Session, **changes: Any) -> tuple[Challenge, Team, Team]:
    """A challenge that opened yesterday, and the teams of ada (the older one) and bob."""
    challenge = make.challenge(session, **changes)
    ada = make.team(session, of=challenge, handle="ada")
    return challenge, ada, make.team(session, of=challenge, handle="bob")
