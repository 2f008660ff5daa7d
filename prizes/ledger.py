"""Where awards meet money: every deed on an award that the escrow ledger has to know of."""

from datetime import datetime

from sqlmodel import Session, col, func, select

from palio.challenges.contracts import Challenge
from palio.escrow import queries as funds
from palio.escrow import service as escrow
from palio.escrow.adapters import ManualTransfer
from palio.escrow.contracts import AccountKind, Deed, PaymentState, Share
from palio.prizes import splits, states
from palio.prizes.contracts import AwardState
from palio.prizes.models import AwardRow, AwardStepRow

_CLAIM = "the award was lost"


def award(
    session: Session,
    row: AwardRow,
    *,
    challenge: Challenge,
    to: AwardState,
    by: str,
    now: datetime,
) -> AwardState:
    """Set an award's money apart for its members, and return the state it comes into.

    Where no money was pledged or deposited and no winner is verified, the award is the organizer's
    word, and nothing is posted; nor where there is nothing to pay.

    Raises:
        NotEnoughMoneyError: The rules demand a deposit, and it does not suffice.

    """
    has_money = funds.funding_in(session, challenge.id, row.currency).total > 0
    shares = _shares(session, row)
    if not shares:
        return AwardState.CONFIRMED
    if not (has_money or challenge.plan.verification.gates):
        return to
    row.escrow_key = f"award:{row.id}:{_steps(session, row)}"
    escrow.award(
        session,
        key=row.escrow_key,
        challenge_id=challenge.id,
        award_id=row.id,
        shares=shares,
        currency=row.currency,
        by=by,
        now=now,
    )
    return AwardState.PAYABLE


def is_short(session: Session, row: AwardRow, *, challenge: Challenge) -> bool:
    """Tell whether the rules demand a deposit that no longer suffices for an award.

    Shares of one place are given together, so it has to suffice for all that are undecided.
    """
    if not challenge.plan.escrow.is_deposit_required:
        return False
    found = funds.funding_in(session, challenge.id, row.currency)
    asked = session.exec(
        select(func.sum(AwardRow.minor)).where(
            AwardRow.challenge_id == row.challenge_id,
            AwardRow.pot == row.pot,
            AwardRow.round == row.round,
            AwardRow.place == row.place,
            AwardRow.currency == row.currency,
            col(AwardRow.state).in_([state.value for state in states.UNDECIDED]),
        )
    ).one()
    return found.secured - found.fee - found.awarded < int(asked or 0)


def take_back(session: Session, row: AwardRow, *, by: str, now: datetime) -> None:
    """Give the money of a lost award back to the prizes; nothing where none was set apart.

    Raises:
        NothingToPayError: A payment is on its way: it is confirmed or returned first.

    """
    if not row.escrow_key:
        return
    for share in _shares(session, row):
        if payment(session, row, share.person_id) is not PaymentState.NONE:
            escrow.claw_back(
                session,
                key=f"claw_back:{row.escrow_key}:{share.person_id}",
                challenge_id=row.challenge_id,
                award_id=row.id,
                person_id=share.person_id,
                reason=_CLAIM,
                by=by,
                now=now,
            )
    row.escrow_key = ""


def pay(
    session: Session,
    row: AwardRow,
    *,
    person_id: str,
    withheld_minor: int,
    receipt_sha256: str,
    by: str,
    now: datetime,
) -> None:
    """Record that a member's share was sent; raises as `escrow.service.pay`."""
    escrow.pay(
        session,
        key=f"pay:{row.escrow_key}:{_count(session, row, person_id, Deed.RETURN)}:{person_id}",
        challenge_id=row.challenge_id,
        award_id=row.id,
        person_id=person_id,
        withheld_minor=withheld_minor,
        adapter=ManualTransfer(),
        receipt_sha256=receipt_sha256,
        by=by,
        now=now,
    )


def pass_on_tax(
    session: Session, row: AwardRow, *, person_id: str, receipt_sha256: str, by: str, now: datetime
) -> None:
    """Record that tax withheld went to the tax office; raises as `escrow.service.pass_on_tax`."""
    number = _count(session, row, person_id, Deed.TAX_PAID)
    escrow.pass_on_tax(
        session,
        key=f"tax:{row.escrow_key}:{number}:{person_id}",
        challenge_id=row.challenge_id,
        award_id=row.id,
        person_id=person_id,
        receipt_sha256=receipt_sha256,
        by=by,
        now=now,
    )


def held_tax(session: Session, row: AwardRow) -> dict[str, int]:
    """Return the tax that is withheld and not passed on yet, by person, none of zero."""
    held: dict[str, int] = {}
    for place, minor in funds.balances(session, row.challenge_id, row.currency).items():
        if place.kind is AccountKind.TAX and place.award_id == row.id and minor:
            held[place.person_id] = held.get(place.person_id, 0) + minor
    return held


def confirm(session: Session, row: AwardRow, *, person_id: str, by: str, now: datetime) -> None:
    """Record that a member's share arrived; nothing where none is on its way."""
    if payment(session, row, person_id) is not PaymentState.SENT:
        return
    escrow.confirm_payment(
        session,
        key=f"confirm:{row.escrow_key}:{_count(session, row, person_id, Deed.PAY)}:{person_id}",
        challenge_id=row.challenge_id,
        award_id=row.id,
        person_id=person_id,
        by=by,
        now=now,
    )


def confirm_all(session: Session, row: AwardRow, *, by: str, now: datetime) -> None:
    """Record that every share on its way arrived."""
    for share in _shares(session, row) if row.escrow_key else ():
        confirm(session, row, person_id=share.person_id, by=by, now=now)


def give_back(session: Session, row: AwardRow, *, person_id: str, by: str, now: datetime) -> None:
    """Record that a payment came back; raises as `escrow.service.return_payment`."""
    escrow.return_payment(
        session,
        key=f"return:{row.escrow_key}:{_count(session, row, person_id, Deed.PAY)}:{person_id}",
        challenge_id=row.challenge_id,
        award_id=row.id,
        person_id=person_id,
        by=by,
        now=now,
    )


def payment(session: Session, row: AwardRow, person_id: str) -> PaymentState:
    """Say where one member's share stands."""
    if not row.escrow_key:
        return PaymentState.NONE
    return funds.payment_state(
        session, challenge_id=row.challenge_id, award_id=row.id, person_id=person_id
    )


def payments(session: Session, row: AwardRow) -> dict[str, PaymentState]:
    """Return where the share of every member who gets something stands, by person."""
    if not row.escrow_key:
        return {}
    shares = _shares(session, row)
    return {share.person_id: payment(session, row, share.person_id) for share in shares}


def has_left(session: Session, row: AwardRow) -> bool:
    """Tell whether a part of an award's money was sent and has not come back."""
    return not set(payments(session, row).values()) <= {PaymentState.PAYABLE}


def _shares(session: Session, row: AwardRow) -> tuple[Share, ...]:
    found = splits.current(session, row)
    return tuple(Share(share.person_id, share.minor) for share in found.shares if share.minor)


def _count(session: Session, row: AwardRow, person_id: str, deed: Deed) -> int:
    """Count payments or returns so far: one that came back is sent again by another key."""
    return funds.count_of(
        session,
        challenge_id=row.challenge_id,
        award_id=row.id,
        person_id=person_id,
        deed=deed,
    )


def _steps(session: Session, row: AwardRow) -> int:
    """Count the states it came into: a number that each deed of its life has to itself."""
    wanted = select(func.count()).where(col(AwardStepRow.award_id) == row.id)
    return session.exec(wanted).one()
