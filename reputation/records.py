"""What a person did, read from final boards, awards and exclusions; nothing here is stored."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.contracts import Team
from palio.cases import queries as cases
from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.prize_contracts import Gate
from palio.challenges.rules import is_decided
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board
from palio.prizes import queries as prizes
from palio.prizes.states import GIVEN
from palio.reputation import rules
from palio.reputation.contracts import Disqualification, Finish, PrizeWon
from palio.submissions import exclusions

_REVEALED = (ChallengeState.REVEALED, ChallengeState.AWARDED, ChallengeState.ARCHIVED)
_DAY_SECONDS = 86_400


def finishes(session: Session, *, person_id: str, now: datetime) -> tuple[Finish, ...]:
    """Return every ranked place of a person on a final board, the latest first."""
    found = (
        _finish(challenge, team, _places(session, challenge.id), now=now)
        for challenge, team in _taken_part(session, person_id)
        if challenge.revealed_at is not None
    )
    return tuple(finish for finish in found if finish is not None)


def finishes_of_all(session: Session, *, now: datetime) -> Mapping[str, Sequence[Finish]]:
    """Return the ranked places of everybody by person, reading each final board once."""
    found: dict[str, list[Finish]] = defaultdict(list)
    for state in _REVEALED:
        for challenge_id in challenges.ids_in_state(session, state):
            challenge = challenges.by_id(session, challenge_id)
            places = _places(session, challenge_id)
            for team in accounts.teams(session, challenge_id=challenge_id).values():
                finish = _finish(challenge, team, places, now=now)
                if finish is not None:
                    for member in team.members:
                        found[member.person_id].append(finish)
    return found


def prizes_won(session: Session, *, person_id: str) -> tuple[PrizeWon, ...]:
    """Return the prizes given to a person's teams, the latest challenge first."""
    return tuple(
        PrizeWon(
            slug=challenge.slug,
            title=award.title,
            place=award.place,
            money=award.money,
            is_reproduced=_is_reproduced(session, award.id),
        )
        for challenge, team in _taken_part(session, person_id)
        if challenge.revealed_at is not None
        for award in prizes.awards(session, challenge_id=challenge.id)
        if award.team_id == team.id and award.state in GIVEN
    )


def disqualifications(
    session: Session, *, person_id: str, now: datetime
) -> tuple[Disqualification, ...]:
    """Return the disqualifications of a person's teams that stand and are not forgotten.

    Only of challenges that are decided, and while no case of the team is open: an appeal may lift
    it.
    """
    return tuple(
        Disqualification(
            slug=challenge.slug,
            title=challenge.plan.title,
            at=found.made_at,
            expires_at=found.made_at + rules.FORGOTTEN_AFTER,
        )
        for challenge, team in _taken_part(session, person_id)
        if is_decided(challenge)
        for found in exclusions.of_team(session, team_id=team.id)
        if found.submission_id is None
        and found.lifted_at is None
        and team.id not in cases.open_case_team_ids(session, challenge_id=challenge.id)
        and not rules.is_forgotten(found.made_at, now=now)
    )


def finisher_ids(session: Session, *, challenge_id: str) -> frozenset[str]:
    """Return everybody who is ranked on the final board of a challenge."""
    board = boards.latest(session, challenge_id=challenge_id, board=Board.PRIVATE)
    ranked = {line.team_id for line in board.standings if line.rank is not None} if board else ()
    teams = accounts.teams(session, challenge_id=challenge_id)
    return frozenset(
        member.person_id
        for team_id in ranked
        if team_id in teams
        for member in teams[team_id].members
    )


def winner_ids(session: Session, *, challenge_id: str) -> frozenset[str]:
    """Return the members of the teams that were given a prize."""
    return frozenset(
        member.person_id
        for award in prizes.awards(session, challenge_id=challenge_id)
        if award.state in GIVEN
        for member in accounts.team(session, award.team_id).members
    )


def _taken_part(session: Session, person_id: str) -> list[tuple[Challenge, Team]]:
    return [
        (challenges.by_id(session, team.challenge_id), team)
        for team in accounts.teams_of_person(session, person_id=person_id)
    ]


def _places(session: Session, challenge_id: str) -> Mapping[str, int]:
    """Return the place of every ranked team on a final board; each team counts once."""
    board = boards.latest(session, challenge_id=challenge_id, board=Board.PRIVATE)
    best: dict[str, int] = {}  # where every submission has a row, a team has several
    for line in board.standings if board else ():
        if line.rank is not None:
            best[line.team_id] = min(line.rank, best.get(line.team_id, line.rank))
    in_order = sorted(best.values())
    return {team_id: 1 + bisect_left(in_order, rank) for team_id, rank in best.items()}


def _finish(
    challenge: Challenge, team: Team, places: Mapping[str, int], *, now: datetime
) -> Finish | None:
    if team.id not in places or challenge.revealed_at is None:
        return None
    rank, size = places[team.id], len(places)
    days = max(0.0, (now - challenge.revealed_at).total_seconds() / _DAY_SECONDS)
    return Finish(
        challenge_id=challenge.id,
        slug=challenge.slug,
        title=challenge.plan.title,
        tags=challenge.plan.tags,
        at=challenge.revealed_at,
        rank=rank,
        teams=size,
        members=len(team.members),
        medal=rules.medal(rank=rank, teams=size),
        points=rules.points(rank=rank, teams=size, members=len(team.members), days=days),
    )


def _is_reproduced(session: Session, award_id: str) -> bool:
    looks = [look for look in prizes.gates(session, award_id=award_id) if look.gate is Gate.CODE]
    return bool(looks) and looks[-1].has_passed
