"""The trial balance and the books as CSV: what an accountant asks the ledger for."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import func
from sqlmodel import Session, col, select

from palio.core.money import exponent
from palio.escrow.contracts import Posting, Transaction
from palio.escrow.models import AccountRow, PostingRow, TransactionRow

COLUMNS = (
    "at",
    "challenge",
    "transaction",
    "deed",
    "reverses",
    "key",
    "award",
    "by",
    "fund",
    "account",
    "person",
    "currency",
    "amount",
    "detail",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class TrialLine:
    """What all accounts in one currency come to.

    Attributes:
        total: Of all balances; anything but zero is a broken ledger.
        drifted: Ids of accounts whose balance is not the sum of their postings.
        unbalanced: Ids of transactions that do not add up to zero.

    """

    currency: str
    accounts: int
    total: int
    drifted: tuple[str, ...]
    unbalanced: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether there is nothing to look into."""
        return self.total == 0 and not self.drifted and not self.unbalanced


def trial_balance(session: Session) -> tuple[TrialLine, ...]:
    """Return a line for each currency of this Palio, in order of the alphabet."""
    totals = session.exec(
        select(AccountRow.currency, func.count(), func.sum(AccountRow.balance))
        .group_by(AccountRow.currency)
        .order_by(AccountRow.currency)
    ).all()
    drifted = _grouped(_drifted(session))
    unbalanced = _grouped(_unbalanced(session))
    return tuple(
        TrialLine(
            currency=currency,
            accounts=count,
            total=int(total),
            drifted=drifted.get(currency, ()),
            unbalanced=unbalanced.get(currency, ()),
        )
        for currency, count, total in totals
    )


def as_csv(
    transactions: Iterable[Transaction],
    *,
    slugs: Mapping[str, str],
    handles: Mapping[str, str],
) -> str:
    """Return transactions as CSV (RFC 4180), a line for each posting.

    Args:
        transactions: In the order they are to stand.
        slugs: Of the challenges, by id.
        handles: Of people, by id; who is missing stands with the id.

    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for made in transactions:
        for line in made.postings:
            writer.writerow([_cell(value) for value in _values(made, line, slugs, handles)])
    return out.getvalue()


def _values(
    made: Transaction, line: Posting, slugs: Mapping[str, str], handles: Mapping[str, str]
) -> tuple[str, ...]:
    amount = Decimal(line.minor).scaleb(-exponent(line.currency))
    return (
        made.at.isoformat(),
        slugs.get(made.challenge_id, made.challenge_id),
        made.id,
        made.deed.value,
        made.reverses_id or "",
        made.key,
        line.place.award_id or made.award_id,
        handles.get(made.by, made.by),
        line.place.fund.value,
        line.place.kind.value,
        handles.get(line.place.person_id, line.place.person_id),
        line.currency,
        f"{amount:f}",
        " ".join(f"{name}={value}" for name, value in sorted(made.detail.items())),
    )


def _cell(value: str) -> str:
    """Keep a spreadsheet from reading words as a formula; amounts may begin with a minus."""
    is_number = value.removeprefix("-").replace(".", "", 1).isdigit()
    return f"'{value}" if value.startswith(_FORMULA) and not is_number else value


def _drifted(session: Session) -> list[tuple[str, str]]:
    """Return (currency, id) of accounts whose balance is not the sum of their postings."""
    sums = (
        select(col(PostingRow.account_id).label("id"), func.sum(PostingRow.minor).label("total"))
        .join(TransactionRow, col(TransactionRow.id) == PostingRow.transaction_id)
        .where(col(TransactionRow.is_sealed).is_(True))
        .group_by(col(PostingRow.account_id))
        .subquery()
    )
    query = (
        select(AccountRow.currency, AccountRow.id)
        .outerjoin(sums, sums.c.id == AccountRow.id)
        .where(col(AccountRow.balance) != func.coalesce(sums.c.total, 0))
    )
    return [(currency, account) for currency, account in session.exec(query)]


def _unbalanced(session: Session) -> list[tuple[str, str]]:
    """Return (currency, id) of sealed transactions that do not add up to zero."""
    query = (
        select(AccountRow.currency, PostingRow.transaction_id)
        .join(AccountRow, col(AccountRow.id) == PostingRow.account_id)
        .join(TransactionRow, col(TransactionRow.id) == PostingRow.transaction_id)
        .where(col(TransactionRow.is_sealed).is_(True))
        .group_by(AccountRow.currency, PostingRow.transaction_id)
        .having(func.sum(PostingRow.minor) != 0)
    )
    return [(currency, transaction) for currency, transaction in session.exec(query)]


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for currency, item in pairs:
        found[currency] = (*found.get(currency, ()), item)
    return found
