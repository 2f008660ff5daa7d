"""Named reads of the ledger: funding, balances, a challenge's statement."""

import json
from collections.abc import Sequence

from sqlalchemy import func
from sqlmodel import Session, col, select

from palio.escrow import rules
from palio.escrow.contracts import (
    AccountKind,
    Deed,
    Fund,
    Funding,
    PaymentState,
    Place,
    Posting,
    Transaction,
)
from palio.escrow.errors import NothingToPayError, TransactionNotFoundError
from palio.escrow.models import AccountRow, PostingRow, TransactionRow

_TO_PAYEES = (Deed.CONFIRM.value, Deed.RETURN.value, Deed.CLAW_BACK.value)
_AWARDED = (AccountKind.PAYABLE, AccountKind.SENT, AccountKind.TAX)
_FIELDS = {
    Fund.PROMISE: "pledged",
    Fund.BANK: "deposited",
    Fund.THIRD_PARTY: "held_by_third_party",
}
Balances = dict[Place, int]


def funding(session: Session, challenge_id: str) -> tuple[Funding, ...]:
    """Return the money behind the prizes, a line for each currency that was ever used."""
    return tuple(
        _funding(session, challenge_id, currency) for currency in currencies(session, challenge_id)
    )


def funding_in(session: Session, challenge_id: str, currency: str) -> Funding:
    """Return the money behind the prizes in one currency; all zero when there was none."""
    return _funding(session, challenge_id, currency)


def currencies(session: Session, challenge_id: str) -> tuple[str, ...]:
    """Return the currencies that were ever used in a challenge, in order of the alphabet."""
    return tuple(
        session.exec(
            select(AccountRow.currency)
            .where(AccountRow.challenge_id == challenge_id)
            .distinct()
            .order_by(AccountRow.currency)
        )
    )


def balances(session: Session, challenge_id: str, currency: str) -> Balances:
    """Return what is on every account of a challenge in one currency."""
    rows = session.exec(
        select(AccountRow)
        .where(AccountRow.challenge_id == challenge_id, AccountRow.currency == currency)
        .order_by(col(AccountRow.id))
        .execution_options(populate_existing=True)
    )
    return {place_of(row): row.balance for row in rows}


def paid(
    session: Session,
    challenge_id: str,
    currency: str,
    *,
    award_id: str | None = None,
    person_id: str | None = None,
) -> dict[Fund, int]:
    """Return what reached payees and did not come back, net of tax, by fund."""
    return _left(
        session, challenge_id, currency, deeds=_TO_PAYEES, award_id=award_id, person_id=person_id
    )


def _left(
    session: Session,
    challenge_id: str,
    currency: str,
    *,
    deeds: Sequence[str],
    award_id: str | None = None,
    person_id: str | None = None,
) -> dict[Fund, int]:
    """Return what left for the world by some deeds, less what they brought back, by fund."""
    query = (
        select(AccountRow.fund, func.sum(PostingRow.minor))
        .join(PostingRow, col(PostingRow.account_id) == AccountRow.id)
        .join(TransactionRow, col(TransactionRow.id) == PostingRow.transaction_id)
        .where(
            AccountRow.challenge_id == challenge_id,
            AccountRow.currency == currency,
            AccountRow.kind == AccountKind.OUTSIDE.value,
            col(TransactionRow.deed).in_(deeds),
            col(TransactionRow.is_sealed).is_(True),
        )
        .group_by(AccountRow.fund)
    )
    if award_id is not None:
        query = query.where(TransactionRow.award_id == award_id)
    if person_id is not None:
        query = query.where(TransactionRow.person_id == person_id)
    return {Fund(fund): int(minor) for fund, minor in session.exec(query) if minor}


def currency_of_award(session: Session, *, challenge_id: str, award_id: str) -> str:
    """Return the currency an award was last given in.

    Raises:
        NothingToPayError: It never had any money.

    """
    currency = session.exec(
        select(TransactionRow.currency)
        .where(
            TransactionRow.challenge_id == challenge_id,
            TransactionRow.award_id == award_id,
            TransactionRow.deed == Deed.AWARD.value,
        )
        .order_by(col(TransactionRow.at).desc(), col(TransactionRow.id).desc())
    ).first()
    if currency is None:
        raise NothingToPayError("This award has no money yet.")
    return currency


def payment_state(
    session: Session, *, challenge_id: str, award_id: str, person_id: str
) -> PaymentState:
    """Say where one person's share of one award stands.

    Raises:
        NothingToPayError: The award never had any money.

    """
    currency = currency_of_award(session, challenge_id=challenge_id, award_id=award_id)
    on: dict[AccountKind, int] = {}
    for place, minor in balances(session, challenge_id, currency).items():
        if (place.award_id, place.person_id) == (award_id, person_id):
            on[place.kind] = on.get(place.kind, 0) + minor
    net = paid(session, challenge_id, currency, award_id=award_id, person_id=person_id)
    return rules.payment_state(on, paid=sum(net.values()))


def count_of(
    session: Session, *, challenge_id: str, award_id: str, person_id: str, deed: Deed
) -> int:
    """Return how often something was done with one person's share of one award."""
    wanted = (
        select(func.count())
        .select_from(TransactionRow)
        .where(
            TransactionRow.challenge_id == challenge_id,
            TransactionRow.award_id == award_id,
            TransactionRow.person_id == person_id,
            TransactionRow.deed == deed.value,
        )
    )
    return session.exec(wanted).one()


def statement(session: Session, challenge_id: str) -> tuple[Transaction, ...]:
    """Return every transaction of a challenge, the oldest first."""
    return statements(session, challenge_ids=(challenge_id,))


def statements(
    session: Session, *, challenge_ids: Sequence[str] | None = None
) -> tuple[Transaction, ...]:
    """Return every transaction of these challenges, of all for None, the oldest first."""
    query = select(TransactionRow).where(col(TransactionRow.is_sealed).is_(True))
    if challenge_ids is not None:
        query = query.where(col(TransactionRow.challenge_id).in_(challenge_ids))
    rows = session.exec(query.order_by(col(TransactionRow.at), col(TransactionRow.id))).all()
    return of_rows(session, rows)


def transaction(session: Session, *, challenge_id: str, transaction_id: str) -> Transaction:
    """Return one transaction.

    Raises:
        TransactionNotFoundError: The challenge has none of this id.

    """
    row = session.get(TransactionRow, transaction_id)
    if row is None or row.challenge_id != challenge_id or not row.is_sealed:
        raise TransactionNotFoundError("This challenge has no such transaction.")
    return of_rows(session, [row])[0]


def is_reversed(session: Session, transaction_id: str) -> bool:
    """Tell whether a transaction was taken back by another one."""
    query = select(TransactionRow.id).where(TransactionRow.reverses_id == transaction_id)
    return session.exec(query).first() is not None


def reversed_ids(session: Session, challenge_id: str) -> frozenset[str]:
    """Return the ids of a challenge's transactions that were taken back."""
    query = select(TransactionRow.reverses_id).where(
        TransactionRow.challenge_id == challenge_id, col(TransactionRow.reverses_id).is_not(None)
    )
    return frozenset(found for found in session.exec(query) if found is not None)


def of_rows(session: Session, rows: Sequence[TransactionRow]) -> tuple[Transaction, ...]:
    """Return stored transactions as values, with their postings."""
    lines: dict[str, list[Posting]] = {row.id: [] for row in rows}
    found = session.exec(
        select(PostingRow, AccountRow)
        .join(AccountRow, col(AccountRow.id) == PostingRow.account_id)
        .where(col(PostingRow.transaction_id).in_(list(lines)))
        .order_by(col(PostingRow.transaction_id), col(PostingRow.line))
    )
    for line, account in found:
        posting = Posting(place_of(account), line.minor, account.currency)
        lines[line.transaction_id].append(posting)
    return tuple(_transaction(row, tuple(lines[row.id])) for row in rows)


def place_of(row: AccountRow) -> Place:
    """Return what an account says of the money on it."""
    return Place(Fund(row.fund), AccountKind(row.kind), row.person_id, row.award_id)


def _funding(session: Session, challenge_id: str, currency: str) -> Funding:
    on = balances(session, challenge_id, currency)
    net = paid(session, challenge_id, currency)
    passed_on = _left(session, challenge_id, currency, deeds=(Deed.TAX_PAID.value,))
    fee_paid = _left(session, challenge_id, currency, deeds=(Deed.FEE_PAID.value,))
    came_in = {
        name: sum(part.get(fund, 0) for part in (net, passed_on, fee_paid))
        - on.get(Place(fund, AccountKind.OUTSIDE), 0)
        for fund, name in _FIELDS.items()
    }
    reached = sum(net.values()) + sum(passed_on.values())
    tax = sum(minor for place, minor in on.items() if place.kind is AccountKind.TAX)
    given = sum(minor for place, minor in on.items() if place.kind in _AWARDED)
    in_flight_tax = _tax_in_flight(on)
    return Funding(
        currency=currency,
        awarded=given + reached,
        paid=reached + tax - in_flight_tax,
        fee=sum(minor for place, minor in on.items() if place.kind is AccountKind.FEE)
        + sum(fee_paid.values()),
        **came_in,
    )


def _tax_in_flight(on: Balances) -> int:
    """Return the tax withheld from payments that are sent and not confirmed."""
    sent = {
        (place.award_id, place.person_id)
        for place, minor in on.items()
        if place.kind is AccountKind.SENT and minor
    }
    return sum(
        minor
        for place, minor in on.items()
        if place.kind is AccountKind.TAX and (place.award_id, place.person_id) in sent
    )


def _transaction(row: TransactionRow, postings: tuple[Posting, ...]) -> Transaction:
    return Transaction(
        id=row.id,
        challenge_id=row.challenge_id,
        key=row.key,
        deed=Deed(row.deed),
        currency=row.currency,
        award_id=row.award_id,
        person_id=row.person_id,
        by=row.by,
        at=row.at,
        reverses_id=row.reverses_id,
        postings=postings,
        detail=json.loads(row.detail),
    )
