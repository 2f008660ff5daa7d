"""Prizes are offered at the reveal, and confirmed or declined by people; every step audited.

The challenge row is locked first, exclusively: one decision at a time.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, select

from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board, Standing
from palio.prizes import queries, rules
from palio.prizes.contracts import Award, AwardState
from palio.prizes.models import AwardRow

SYSTEM = "system"


def propose(
    session: Session, *, challenge: Challenge, standings: Sequence[Standing], now: datetime
) -> tuple[Award, ...]:
    """Offer the prizes by the final board and return the awards; done once, repeats change nothing.

    Args:
        session: The caller's transaction.
        challenge: Already revealed in this transaction or before.
        standings: The private board, in board order.
        now: The database's time.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    before = queries.awards(session, challenge_id=challenge.id)
    if before:
        return before
    allocations = rules.allocate(
        standings, prizes=challenge.plan.prizes, tie_rule=challenge.plan.tie_rule
    )
    for allocation in allocations:
        _offer(session, None, allocation, challenge_id=challenge.id, by=SYSTEM, now=now)
    return queries.awards(session, challenge_id=challenge.id)


def confirm(session: Session, *, award_id: str, by: str, now: datetime) -> Award:
    """Settle that a team gets its prize; the last decision makes the challenge awarded.

    Raises:
        AwardNotFoundError, AwardDecidedError: In words.
        BetterPlaceOpenError: Places are confirmed best first.

    """
    award = _lock(session, award_id)
    rules.check_confirm(award, awards=queries.awards(session, challenge_id=award.challenge_id))
    _decide(session, award, AwardState.CONFIRMED, by=by, now=now)
    _close_when_decided(session, challenge_id=award.challenge_id, now=now)
    return queries.award(session, award_id)


def decline(session: Session, *, award_id: str, by: str, now: datetime) -> Award:
    """Settle that a team does not take part in the prizes; the teams behind it move up.

    All undecided awards of that team are declined with it.

    Raises:
        AwardNotFoundError, AwardDecidedError: In words.

    """
    award = _lock(session, award_id)
    rules.check_open(award)
    awards = queries.awards(session, challenge_id=award.challenge_id)
    for own in awards:
        if own.team_id == award.team_id and own.state is AwardState.PROVISIONAL:
            _decide(session, own, AwardState.DECLINED, by=by, now=now)
    _offer_again(session, challenge_id=award.challenge_id, by=by, now=now)
    _close_when_decided(session, challenge_id=award.challenge_id, now=now)
    return queries.award(session, award_id)


def archive(session: Session, *, challenge_id: str, by: str, now: datetime) -> bool:
    """Put a challenge away once every award is decided; False when it was before.

    Raises:
        AwardsUndecidedError: An award is provisional.
        IllegalMoveError: The private board is not revealed.

    """
    challenges.lock_challenge(session, challenge_id)
    awards = queries.awards(session, challenge_id=challenge_id)
    if any(award.state is AwardState.PROVISIONAL for award in awards):
        raise rules.AwardsUndecidedError("Confirm or decline every award first.")
    return challenges.archive(session, challenge_id=challenge_id, by=by, now=now)


def _lock(session: Session, award_id: str) -> Award:
    challenges.lock_challenge(session, queries.award(session, award_id).challenge_id)
    return queries.award(session, award_id)  # as it stands under the lock


def _decide(session: Session, award: Award, state: AwardState, *, by: str, now: datetime) -> None:
    row = session.get_one(AwardRow, award.id)
    row.state = state.value
    row.decided_at = now
    session.add(row)
    session.flush()
    _audit(session, row, action=f"prizes.{state.value}", by=by, now=now)


def _offer_again(session: Session, *, challenge_id: str, by: str, now: datetime) -> None:
    """Bring the awards in line with the board without the teams that declined."""
    challenge = challenges.lock_challenge(session, challenge_id)
    board = boards.latest(session, challenge_id=challenge_id, board=Board.PRIVATE)
    rows = session.exec(select(AwardRow).where(AwardRow.challenge_id == challenge_id)).all()
    standing = {
        (row.team_id, row.currency): row for row in rows if row.state != AwardState.DECLINED.value
    }
    allocations = rules.allocate(
        () if board is None else board.standings,
        prizes=challenge.plan.prizes,
        tie_rule=challenge.plan.tie_rule,
        passed_over={row.team_id for row in rows if row.state == AwardState.DECLINED.value},
    )
    for allocation in allocations:
        mine = standing.pop((allocation.team_id, allocation.money.currency), None)
        _offer(session, mine, allocation, challenge_id=challenge_id, by=by, now=now)
    for row in standing.values():  # moved up to a place without a prize
        _audit(session, row, action="prizes.withdraw", by=by, now=now)
        session.delete(row)
    session.flush()


def _offer(
    session: Session,
    row: AwardRow | None,
    allocation: rules.Allocation,
    *,
    challenge_id: str,
    by: str,
    now: datetime,
) -> None:
    """Write an award, or make one better; nothing is said when nothing changes.

    A confirmed award changes only when a team tied with it declines: it grows, and is
    confirmed anew.
    """
    money = allocation.money
    if row is None:
        row = AwardRow(
            challenge_id=challenge_id,
            team_id=allocation.team_id,
            team_name=allocation.team_name,
            place=allocation.place,
            title=allocation.title,
            minor=money.minor,
            currency=money.currency,
            score=str(allocation.score),
            submission_id=allocation.submission_id,
            state=AwardState.PROVISIONAL.value,
            made_at=now,
        )
    elif (row.place, row.title, row.minor) == (allocation.place, allocation.title, money.minor):
        return
    else:
        row.place, row.title, row.minor = allocation.place, allocation.title, money.minor
        row.state, row.decided_at = AwardState.PROVISIONAL.value, None
    session.add(row)
    session.flush()
    _audit(session, row, action="prizes.offer", by=by, now=now)


def _close_when_decided(session: Session, *, challenge_id: str, now: datetime) -> None:
    awards = queries.awards(session, challenge_id=challenge_id)
    if all(award.state is not AwardState.PROVISIONAL for award in awards):
        challenges.mark_awarded(session, challenge_id=challenge_id, now=now)


def _audit(session: Session, row: AwardRow, *, action: str, by: str, now: datetime) -> None:
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=row.id,
        challenge_id=row.challenge_id,
        detail={
            "team": row.team_id,
            "place": row.place,
            "minor": row.minor,
            "currency": row.currency,
        },
        now=now,
    )
