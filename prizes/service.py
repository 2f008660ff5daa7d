"""Prizes are offered at the reveal and follow the final board; every step audited.

The challenge row is locked first, exclusively: one decision at a time. What a team or an organizer
does with one award is in `workflow`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session

from palio.accounts import messages
from palio.accounts import queries as accounts
from palio.cases import queries as cases
from palio.challenges import schedule
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.prize_contracts import PrizeKind
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board, Column, Standing
from palio.prizes import (
    facts,
    gates,
    ledger,
    moves,
    offers,
    progress,
    queries,
    rules,
    splits,
    states,
)
from palio.prizes.contracts import Award, AwardState
from palio.prizes.models import AwardRow
from palio.submissions import exclusions

SYSTEM = moves.SYSTEM

_S = AwardState
_OVER = (ChallengeState.REVEALED, ChallengeState.AWARDED, ChallengeState.ARCHIVED)


def propose(
    session: Session,
    *,
    challenge: Challenge,
    standings: Sequence[Standing],
    now: datetime,
    columns: Sequence[Column] = (),
) -> tuple[Award, ...]:
    """Offer the prizes by the final board and return the awards; done once, repeats change nothing.

    Where the rules say so and nobody can win anything, the challenge opens again instead.

    Args:
        session: The caller's transaction.
        challenge: Already revealed in this transaction or before.
        standings: The private board, in board order.
        now: The database's time.
        columns: Of that board; those after the first decide statistical ties.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    rows = offers.rows_now(session, challenge)
    if not any(row.kind != PrizeKind.PROGRESS.value for row in rows):
        board = offers.ranked(session, challenge, standings=standings, columns=columns)
        offers.bring_in_line(session, challenge, board, by=SYSTEM, now=now)
        _close_when_decided(session, challenge, now=now)
    return queries.awards(session, challenge_id=challenge.id)


def confirm(session: Session, *, award_id: str, by: str, now: datetime) -> Award:
    """Settle by the organizer's word that a team gets its prize, where no gates are declared.

    The last decision makes the challenge awarded. With money deposited the award is payable then.

    Raises:
        AwardNotFoundError, AwardDecidedError, AwardStateError: In words.
        BetterPlaceOpenError: Places are confirmed best first.

    """
    challenge, row = lock(session, award_id)
    awards = queries.awards(session, challenge_id=challenge.id)
    gates = challenge.plan.verification.gates
    rules.check_confirm(queries.award_of(row), awards=awards, gates=gates)
    moves.enter(session, row, _S.CONFIRMED, challenge=challenge, by=by, now=now)
    _close_when_decided(session, challenge, now=now)
    return queries.award(session, award_id)


def decline(session: Session, *, award_id: str, by: str, now: datetime) -> Award:
    """Settle that a team does not take part in the prizes; the teams behind it move up.

    All undecided awards of that team are declined with it, as far as the same people share them.

    Raises:
        AwardNotFoundError, AwardDecidedError: In words.

    """
    challenge, row = lock(session, award_id)
    rules.check_open(queries.award_of(row))
    holders = set(splits.holders(session, row))
    for own in offers.rows_now(session, challenge):
        is_theirs = own.team_id == row.team_id and AwardState(own.state) in states.UNDECIDED
        if is_theirs and set(splits.holders(session, own)) == holders:
            moves.enter(session, own, _S.DECLINED, challenge=challenge, by=by, now=now)
    settle(session, challenge, by=by, now=now)
    return queries.award(session, award_id)


def is_settled(session: Session, *, challenge_id: str) -> bool:
    """Tell whether no award waits for a decision, and no case that could change one is open."""
    awards = queries.awards(session, challenge_id=challenge_id)
    return not any(award.state in states.UNDECIDED for award in awards) and not (
        cases.open_case_team_ids(session, challenge_id=challenge_id)
    )


def archive(session: Session, *, challenge_id: str, by: str, now: datetime) -> bool:
    """Put a challenge away once every award is decided; False when it was before.

    Raises:
        AwardsUndecidedError: An award is undecided.
        CasesOpenError: A case is open; nothing of an archived challenge could follow it.
        IllegalMoveError: The private board is not revealed.

    """
    challenges.lock_challenge(session, challenge_id)
    awards = queries.awards(session, challenge_id=challenge_id)
    undecided = [award for award in awards if award.state in states.UNDECIDED]
    if undecided:
        named = ", ".join(f"{award.title} ({award.team_name})" for award in undecided)
        raise rules.AwardsUndecidedError(f"Every award has to be decided first. Open: {named}.")
    if cases.open_case_team_ids(session, challenge_id=challenge_id):
        raise rules.CasesOpenError("A case is open. It is to be decided, and its appeal, first.")
    return challenges.archive(session, challenge_id=challenge_id, by=by, now=now)


def follow_board(
    session: Session, challenge: Challenge, *, now: datetime, by: str = SYSTEM
) -> tuple[Award, ...]:
    """Bring the awards in line with the newest private board and the disqualifications in force.

    A disqualified team loses what is not paid yet, a team let in again is offered its prize anew,
    and teams move up or down with the board. What is given for good stays: taking back money that
    was sent is a decision of its own, `workflow.claw_back`.
    """
    challenge = challenges.lock_challenge(session, challenge.id)
    out = exclusions.disqualified_team_ids(session, challenge_id=challenge.id)
    for row in offers.rows_now(session, challenge):
        if row.team_id in out:
            _disqualify(session, row, challenge=challenge, by=by, now=now)
    progress.follow(session, challenge, by=by, now=now)
    settle(session, challenge, by=by, now=now)
    return queries.awards(session, challenge_id=challenge.id)


def run_clocks(session: Session, *, challenge_id: str, now: datetime) -> None:
    """Do what time alone asks for: remind, forfeit, offer to the next in rank, go on.

    Doing it twice changes nothing; it may be interrupted anywhere.
    """
    challenge = challenges.lock_challenge(session, challenge_id)
    for row in offers.rows_now(session, challenge):
        if row.remind_at is not None and row.remind_at <= now:
            moves.remind(session, row, challenge=challenge, now=now)
        gates.pass_by_silence(session, row, challenge=challenge, now=now)
    settle(session, challenge, by=SYSTEM, now=now)


def settle(session: Session, challenge: Challenge, *, by: str, now: datetime) -> None:
    """Move every award as far as it goes by itself, and offer what was lost to the next in rank."""
    # What was lost is offered first: who moves up must not be paid for the place below.
    while _offer_again(session, challenge, by=by, now=now) or _advance(session, challenge, now=now):
        pass
    _close_when_decided(session, challenge, now=now)


def lock(session: Session, award_id: str) -> tuple[Challenge, AwardRow]:
    """Return an award as it stands under its challenge's lock, and the challenge.

    Raises:
        AwardNotFoundError: There is none of this id.

    """
    found = queries.award(session, award_id)
    challenge = challenges.lock_challenge(session, found.challenge_id)
    return challenge, queries.row_of(session, award_id)


def _advance(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    """Make the first move that an award makes by itself; tell whether there was one.

    Shares of one place are given in one move: what is given is never pooled again.
    """
    going = [
        (row, to)
        for row in offers.rows_now(session, challenge)
        if (to := _next_state(session, row, challenge=challenge, now=now)) is not None
    ]
    for row, to in going:
        is_first = row is going[0][0]
        is_beside = offers.place_of(row) == offers.place_of(going[0][0])
        if is_first or (is_beside and {to, going[0][1]} <= states.GIVEN):
            moves.enter(session, row, to, challenge=challenge, by=SYSTEM, now=now)
    return bool(going)


def _next_state(
    session: Session, row: AwardRow, *, challenge: Challenge, now: datetime
) -> AwardState | None:
    return rules.next_state(
        queries.award_of(row),
        plan=challenge.plan,
        facts=facts.of_award(session, row, challenge=challenge, now=now),
        now=now,
    )


def _offer_again(session: Session, challenge: Challenge, *, by: str, now: datetime) -> bool:
    """Bring the awards in line with the board; tell whether something changed."""
    has_changed = progress.offer_again(session, challenge, now=now)
    if challenge.state not in _OVER:
        return has_changed
    board = boards.latest(session, challenge_id=challenge.id, board=Board.PRIVATE)
    if board is None:
        return has_changed
    found = offers.ranked(session, challenge, standings=board.standings, columns=board.columns)
    return offers.bring_in_line(session, challenge, found, by=by, now=now) or has_changed


def _disqualify(
    session: Session, row: AwardRow, *, challenge: Challenge, by: str, now: datetime
) -> None:
    state = AwardState(row.state)
    is_unpaid = state in (_S.PAYABLE, _S.RETURNED) and not ledger.has_left(session, row)
    is_by_word = state is _S.CONFIRMED and offers.is_movable(session, row, challenge)
    if is_unpaid or is_by_word or state in states.UNDECIDED:
        moves.enter(session, row, _S.DISQUALIFIED, challenge=challenge, by=by, now=now)


def _close_when_decided(session: Session, challenge: Challenge, *, now: datetime) -> None:
    """Call the challenge awarded, or open it again, once no award is undecided."""
    rows = offers.rows_now(session, challenge)
    if challenge.state is not ChallengeState.REVEALED:
        return
    if any(AwardState(row.state) in states.UNDECIDED for row in rows):
        return
    if progress.has_unjudged(session, challenge, now=now):
        return
    kinds = {prize.kind for prize in challenge.plan.prizes}
    has_final_prizes = bool(kinds - {PrizeKind.PROGRESS})
    final = [row for row in rows if row.kind != PrizeKind.PROGRESS.value]
    is_won = any(AwardState(row.state) in states.GIVEN for row in final)
    days = challenge.plan.verification.reopen_days
    if not is_won and days is not None and has_final_prizes:
        if cases.open_case_team_ids(session, challenge_id=challenge.id):
            return  # an appeal may bring the winner back; the sweep asks again
        _reopen(session, challenge, days=days, now=now)
    elif challenge.plan.prizes:
        challenges.mark_awarded(session, challenge_id=challenge.id, now=now)


def _reopen(session: Session, challenge: Challenge, *, days: int, now: datetime) -> None:
    closes_at = now + timedelta(days=days)
    reason = "Nobody verified, so the challenge is open again, as its rules say."
    schedule.reopen(session, challenge_id=challenge.id, closes_at=closes_at, reason=reason, now=now)
    teams = accounts.teams(session, challenge_id=challenge.id).values()
    messages.send(
        session,
        person_ids=[member.person_id for team in teams for member in team.members],
        challenge_id=challenge.id,
        kind="prizes.reopened",
        text=f"{challenge.plan.title}: {reason}",
        now=now,
    )
