"""Named reads of awards."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from sqlmodel import Session, col, select

from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import Gate, PrizeKind
from palio.core.money import Money
from palio.escrow.contracts import PaymentState
from palio.prizes import ledger, splits
from palio.prizes.contracts import (
    Award,
    AwardFile,
    AwardState,
    GateRecord,
    LastCall,
    Rerun,
    Step,
)
from palio.prizes.models import (
    AwardGateRow,
    AwardRerunRow,
    AwardRow,
    AwardStepRow,
    LastCallRow,
)
from palio.prizes.rules import AwardNotFoundError


def awards(session: Session, *, challenge_id: str) -> tuple[Award, ...]:
    """Return every award of a challenge, best place first, lost ones too."""
    return tuple(award_of(row) for row in rows_of(session, challenge_id=challenge_id))


def rows_of(session: Session, *, challenge_id: str) -> tuple[AwardRow, ...]:
    """Return the same as rows of the table, for the verbs of this folder."""
    rows = session.exec(
        select(AwardRow)
        .where(AwardRow.challenge_id == challenge_id)
        .order_by(
            col(AwardRow.round),
            col(AwardRow.pot) != PrizeKind.RANK.value,
            col(AwardRow.pot),
            col(AwardRow.place),
            col(AwardRow.made_at),
            col(AwardRow.id),
        )
        .execution_options(populate_existing=True)
    )
    return tuple(rows)


def award(session: Session, award_id: str) -> Award:
    """Return one award.

    Raises:
        AwardNotFoundError: There is none of this id.

    """
    return award_of(row_of(session, award_id))


def row_of(session: Session, award_id: str) -> AwardRow:
    """Return the same as a row of the table; raises as `award`."""
    row = session.get(AwardRow, award_id, populate_existing=True)
    if row is None:
        raise AwardNotFoundError("There is no such award.")
    return row


def award_file(session: Session, award_id: str) -> AwardFile:
    """Return everything about one award, for its team and its organizers; raises as `award`."""
    row = row_of(session, award_id)
    return AwardFile(
        award=award_of(row),
        steps=steps(session, award_ids=[row.id]).get(row.id, ()),
        gates=gates(session, award_id=row.id),
        split=splits.current(session, row),
        reruns=reruns(session, award_id=row.id),
    )


def payments(session: Session, award_id: str) -> dict[str, PaymentState]:
    """Return where every member's share of the money stands, by person; raises as `award`."""
    return ledger.payments(session, row_of(session, award_id))


def held_tax(session: Session, award_id: str) -> dict[str, int]:
    """Return the tax withheld and not passed on yet, by person; raises as `award`."""
    return ledger.held_tax(session, row_of(session, award_id))


def lacks_deposit(session: Session, award: Award, *, challenge: Challenge, now: datetime) -> bool:
    """Tell whether an award would be given by now, were there the deposit that the rules demand."""
    is_last = award.state is AwardState.SPLIT_SIGNED or (
        award.state is AwardState.PROVISIONAL and not challenge.plan.verification.gates
    )
    is_due = award.due_at is not None and now >= award.due_at
    return (
        is_last
        and is_due
        and ledger.is_short(session, row_of(session, award.id), challenge=challenge)
    )


def steps(session: Session, *, award_ids: Iterable[str]) -> dict[str, tuple[Step, ...]]:
    """Return by award the states it came into, in order; public."""
    rows = session.exec(
        select(AwardStepRow)
        .where(col(AwardStepRow.award_id).in_(tuple(award_ids)))
        .order_by(col(AwardStepRow.award_id), col(AwardStepRow.number))
    )
    found: dict[str, tuple[Step, ...]] = {}
    for row in rows:
        step = Step(state=AwardState(row.state), at=row.at)
        found[row.award_id] = (*found.get(row.award_id, ()), step)
    return found


def gates(session: Session, *, award_id: str) -> tuple[GateRecord, ...]:
    """Return every record of an award's gates, oldest first; the last of a gate counts."""
    rows = session.exec(
        select(AwardGateRow)
        .where(AwardGateRow.award_id == award_id)
        .order_by(col(AwardGateRow.at), col(AwardGateRow.id))
    )
    return tuple(
        GateRecord(
            gate=Gate(row.gate),
            has_passed=row.has_passed,
            evidence_sha256=row.evidence_sha256,
            words=row.words,
            by=row.by,
            at=row.at,
        )
        for row in rows
    )


def reruns(session: Session, *, award_id: str) -> tuple[Rerun, ...]:
    """Return every run of the winner's code and every verification by a person, oldest first."""
    rows = session.exec(
        select(AwardRerunRow)
        .where(AwardRerunRow.award_id == award_id)
        .order_by(col(AwardRerunRow.at), col(AwardRerunRow.id))
        .execution_options(populate_existing=True)
    )
    return tuple(
        Rerun(
            id=row.id,
            submission_id=row.submission_id or "",
            has_passed=row.has_passed,
            words=row.words,
            difference=row.difference,
            allowed=row.allowed,
            agreement=row.agreement,
            evidence_sha256=row.evidence_sha256,
            by=row.by,
            at=row.at,
        )
        for row in rows
    )


def last_call(session: Session, *, challenge_id: str, round: int) -> LastCall | None:  # noqa: A002 (the word of the challenge)
    """Return the last call of this round, None before one."""
    row = session.get(LastCallRow, (challenge_id, round), populate_existing=True)
    if row is None:
        return None
    return LastCall(
        challenge_id=row.challenge_id,
        round=row.round,
        prize_title=row.prize_title,
        team_id=row.team_id,
        submission_id=row.submission_id,
        line=Decimal(row.line),
        score=Decimal(row.score),
        reached_at=row.reached_at,
        closes_at=row.closes_at,
    )


def due_challenge_ids(session: Session, *, now: datetime) -> tuple[str, ...]:
    """Return the challenges with an award whose clock or reminder has come."""
    is_due = (col(AwardRow.due_at) <= now) | (col(AwardRow.remind_at) <= now)
    return tuple(session.exec(select(AwardRow.challenge_id).where(is_due).distinct()))


def award_of(row: AwardRow) -> Award:
    """Return a stored award as a value."""
    return Award(
        id=row.id,
        challenge_id=row.challenge_id,
        team_id=row.team_id,
        team_name=row.team_name,
        place=row.place,
        title=row.title,
        money=Money(row.minor, row.currency),
        score=Decimal(row.score),
        submission_id=row.submission_id,
        state=AwardState(row.state),
        made_at=row.made_at,
        decided_at=row.decided_at,
        kind=PrizeKind(row.kind),
        pot=row.pot,
        round=row.round,
        entered_at=row.entered_at,
        due_at=row.due_at,
    )
