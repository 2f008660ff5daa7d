"""Brings awards in line with a final board: offers them, changes open ones, ends what fell away."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import PrizeKind, RefundPolicy
from palio.escrow.facts import is_beaten
from palio.leaderboard.contracts import Column, Standing
from palio.prizes import divisions, ledger, moves, queries, splits, states, thresholds
from palio.prizes.allocation import Allocation, Before, Ranked, allocate_all
from palio.prizes.contracts import AwardState
from palio.prizes.models import AwardRow
from palio.submissions import exclusions

_S = AwardState
_BY_WORD = (_S.CONFIRMED, _S.PAYABLE)


def rows_now(session: Session, challenge: Challenge) -> tuple[AwardRow, ...]:
    """Return the awards that still move: of this round, and progress prizes of any."""
    rows = queries.rows_of(session, challenge_id=challenge.id)
    progress = PrizeKind.PROGRESS.value
    return tuple(row for row in rows if row.round == challenge.round or row.kind == progress)


def ranked(
    session: Session,
    challenge: Challenge,
    *,
    standings: Sequence[Standing],
    columns: Sequence[Column],
) -> Ranked:
    """Return a private board with all that prizes depend on.

    Where the deposit goes back because no entry beats the baseline, no row of it wins anything.
    """
    goes_back = challenge.plan.escrow.refund is RefundPolicy.UNBEATEN and not is_beaten(
        challenge.plan, standings=standings, columns=columns
    )
    return Ranked(
        standings=() if goes_back else tuple(standings),
        columns=tuple(columns),
        reaches=thresholds.teams_beyond(challenge.plan, standings),
        divisions=divisions.members(session, challenge=challenge),
    )


def bring_in_line(
    session: Session, challenge: Challenge, board: Ranked, *, by: str, now: datetime
) -> bool:
    """Make the awards of a revealed board those it gives; tell whether something changed."""
    rows = [row for row in rows_now(session, challenge) if row.kind != PrizeKind.PROGRESS.value]
    allocations = allocate_all(
        board,
        prizes=challenge.plan.prizes,
        tie_rule=challenge.plan.tie_rule,
        before=_before(session, rows, challenge),
    )
    movable = {_key(row): row for row in rows if is_movable(session, row, challenge)}
    has_changed = False
    for each in allocations:
        row = movable.pop((each.pot, each.money.currency, each.team_id), None)
        has_changed |= offer(session, row, each, challenge=challenge, by=by, now=now)
    for row in movable.values():  # moved up to a place without a prize, or down from one
        if AwardState(row.state) not in (_S.DISQUALIFIED, _S.SUPERSEDED):
            moves.enter(session, row, _S.SUPERSEDED, challenge=challenge, by=by, now=now)
            has_changed = True
    return has_changed


def place_of(row: AwardRow) -> tuple[str, int, int]:
    """Return what awards have in common that share a place."""
    return row.pot, row.round, row.place


def _key(row: AwardRow) -> tuple[str, str, str]:
    return row.pot, row.currency, row.team_id


def is_movable(session: Session, row: AwardRow, challenge: Challenge) -> bool:
    """Tell whether a correction of the board may still change an award.

    What the organizer's word alone has given may change until money is sent.
    """
    state = AwardState(row.state)
    is_by_word = state in _BY_WORD and not challenge.plan.verification.gates
    is_out = state in (_S.DISQUALIFIED, _S.SUPERSEDED)
    return state in states.UNDECIDED or is_out or (is_by_word and not ledger.has_left(session, row))


def _before(
    session: Session, rows: Sequence[AwardRow], challenge: Challenge
) -> Mapping[str, Before]:
    out = exclusions.disqualified_team_ids(session, challenge_id=challenge.id)
    found: dict[str, Before] = {}
    for pot in {row.pot for row in rows}:
        own = [row for row in rows if row.pot == pot]
        found[pot] = Before(
            passed_over=passed_over(own, out=out),
            kept={
                row.team_id: row.place
                for row in own
                if AwardState(row.state) in states.GIVEN and not is_movable(session, row, challenge)
            },
        )
    return found


def passed_over(rows: Iterable[AwardRow], *, out: Collection[str]) -> frozenset[str]:
    """Return the ids of teams that take no prize of a pot: they lost it, or are disqualified now.

    A team that lost it by a disqualification which was lifted takes it again.
    """
    lost = (row for row in rows if AwardState(row.state) in states.PASSED_OVER)
    return frozenset(out) | {row.team_id for row in lost if row.state != _S.DISQUALIFIED.value}


def offer(
    session: Session,
    row: AwardRow | None,
    allocation: Allocation,
    *,
    challenge: Challenge,
    by: str,
    now: datetime,
) -> bool:
    """Write an award, or make an open one another; False, and nothing said, when nothing changes.

    One that was lost by a disqualification or a correction begins anew, and so does one for
    another entry of the team, and one given by word alone: that is confirmed anew.
    """
    is_new = row is None
    if row is None:
        row = _blank(allocation, challenge=challenge, now=now)
    before = AwardState(row.state)
    is_other_entry = row.submission_id != allocation.submission_id
    is_out = before in (_S.DISQUALIFIED, _S.SUPERSEDED)
    if not _write(row, allocation) and not is_out:
        return False
    session.add(row)
    session.flush()
    if before in states.GIVEN:
        ledger.take_back(session, row, by=by, now=now)
    if is_out or before in states.GIVEN or (is_other_entry and before is not _S.PROVISIONAL):
        splits.thaw(session, row)
        row.state = _S.PROVISIONAL.value
        is_new = True
    if is_new:
        moves.mark(session, row, challenge=challenge, by=by, now=now)
    elif before is not _S.PROVISIONAL:
        words = "The final board of {title} was corrected. Your prize is now {what}."
        moves.send(session, row, challenge=challenge, words=words, now=now)
    moves.audit_award(session, row, action="prizes.offer", by=by, now=now)
    return True


def _blank(allocation: Allocation, *, challenge: Challenge, now: datetime) -> AwardRow:
    """Return a new award on which nothing of the allocation is written yet that may change."""
    return AwardRow(
        challenge_id=challenge.id,
        team_id=allocation.team_id,
        team_name=allocation.team_name,
        place=0,
        title="",
        minor=0,
        currency=allocation.money.currency,
        score="",
        submission_id=allocation.submission_id,
        state=_S.PROVISIONAL.value,
        made_at=now,
        kind=allocation.kind.value,
        pot=allocation.pot,
        round=challenge.round,
    )


def _write(row: AwardRow, allocation: Allocation) -> bool:
    """Write what an allocation says; tell whether it said something new."""
    values = {
        "place": allocation.place,
        "title": allocation.title,
        "minor": allocation.money.minor,
        "score": str(allocation.score),
        "submission_id": allocation.submission_id,
        "team_name": allocation.team_name,
    }
    has_changed = any(getattr(row, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(row, name, value)
    return has_changed
