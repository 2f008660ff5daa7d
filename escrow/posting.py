"""The one writer of the ledger: a request becomes one balanced, sealed transaction, once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session, select

from palio.core import audit
from palio.core.money import exponent
from palio.escrow import queries
from palio.escrow.contracts import NOTHING, Deed, Place, Transaction
from palio.escrow.errors import BadDeedError, KeyReusedError
from palio.escrow.models import AccountRow, CurrencyRow, PostingRow, TransactionRow

_MOST_KEY = 200


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller asks for; asked again under the same key, all of it has to be the same.

    Attributes:
        detail: Everything else that makes this deed this deed: amounts, evidence, reasons.

    """

    challenge_id: str
    key: str
    deed: Deed
    currency: str
    award_id: str = ""
    person_id: str = ""
    detail: Mapping[str, str | int] = field(default_factory=lambda: NOTHING)

    def sha256(self) -> str:
        """Return the hash of the canonical JSON of all of it."""
        content = {
            "challenge": self.challenge_id,
            "key": self.key,
            "deed": self.deed.value,
            "currency": self.currency,
            "award": self.award_id,
            "person": self.person_id,
            "detail": dict(self.detail),
        }
        return hashlib.sha256(_json(content).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Move:
    """Money from one account to another."""

    from_: Place
    to: Place
    minor: int


def done_before(session: Session, request: Request) -> Transaction | None:
    """Return what the request led to the first time, None when this is the first.

    The caller holds the challenge's row, so two first times cannot meet.

    Raises:
        KeyReusedError: The key stands for something else.

    """
    if not 0 < len(request.key) <= _MOST_KEY:
        raise BadDeedError(f"An idempotency key has 1 to {_MOST_KEY} characters.")
    row = session.exec(
        select(TransactionRow)
        .where(TransactionRow.challenge_id == request.challenge_id)
        .where(TransactionRow.key == request.key)
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        return None
    if row.content_sha256 != request.sha256():
        raise KeyReusedError(
            f"The key {request.key!r} was used for something else. Use another key for a new deed."
        )
    return queries.of_rows(session, [row])[0]


def post(
    session: Session,
    request: Request,
    *,
    moves: Sequence[Move],
    by: str,
    now: datetime,
    note: Mapping[str, str | int] = NOTHING,
) -> Transaction:
    """Write what `moves` say as one sealed transaction; see `post_lines`."""
    return post_lines(session, request, lines=_lines(moves), by=by, now=now, note=note)


def post_lines(
    session: Session,
    request: Request,
    *,
    lines: Sequence[tuple[Place, int]],
    by: str,
    now: datetime,
    note: Mapping[str, str | int] = NOTHING,
    reverses_id: str | None = None,
) -> Transaction:
    """Write and seal a transaction; the database refuses it when it does not add up.

    Args:
        session: The caller's transaction; it holds the challenge's row.
        request: Not done before.
        lines: Accounts and signed minor units of the request's currency, none of zero.
        by: Person id, or "system".
        now: The database's time.
        note: Kept with the detail, but no part of what a repetition must repeat.
        reverses_id: The transaction of which these lines are the negation.

    Raises:
        UnknownCurrencyError: Not a currency of ISO 4217 in use.

    """
    _ensure_currency(session, request.currency)
    row = _row(request, note=note, reverses_id=reverses_id, by=by, now=now)
    session.add(row)
    session.flush()
    for line, (place, minor) in enumerate(lines):
        account_id = _account_id(session, row, place)
        session.add(
            PostingRow(transaction_id=row.id, line=line, account_id=account_id, minor=minor)
        )
    session.flush()
    row.is_sealed = True
    session.add(row)
    session.flush()
    made = queries.of_rows(session, [row])[0]
    _audit(session, made, now=now)
    return made


def _row(
    request: Request,
    *,
    note: Mapping[str, str | int],
    reverses_id: str | None,
    by: str,
    now: datetime,
) -> TransactionRow:
    return TransactionRow(
        challenge_id=request.challenge_id,
        key=request.key,
        deed=request.deed.value,
        currency=request.currency,
        award_id=request.award_id,
        person_id=request.person_id,
        content_sha256=request.sha256(),
        detail=_json({**request.detail, **note}),
        reverses_id=reverses_id,
        by=by,
        at=now,
    )


def _lines(moves: Sequence[Move]) -> list[tuple[Place, int]]:
    """Return one line for each account, in the order they are first named, none of zero."""
    sums: dict[Place, int] = {}
    for move in moves:
        sums[move.from_] = sums.get(move.from_, 0) - move.minor
        sums[move.to] = sums.get(move.to, 0) + move.minor
    return [(place, minor) for place, minor in sums.items() if minor]


def _ensure_currency(session: Session, currency: str) -> None:
    digits = exponent(currency)
    if session.get(CurrencyRow, currency) is None:
        session.add(CurrencyRow(code=currency, exponent=digits))
        session.flush()


def _account_id(session: Session, row: TransactionRow, place: Place) -> str:
    found = session.exec(
        select(AccountRow.id).where(
            AccountRow.challenge_id == row.challenge_id,
            AccountRow.fund == place.fund.value,
            AccountRow.kind == place.kind.value,
            AccountRow.person_id == place.person_id,
            AccountRow.award_id == place.award_id,
            AccountRow.currency == row.currency,
        )
    ).first()
    if found is not None:
        return found
    account = AccountRow(
        challenge_id=row.challenge_id,
        fund=place.fund.value,
        kind=place.kind.value,
        person_id=place.person_id,
        award_id=place.award_id,
        currency=row.currency,
    )
    session.add(account)
    session.flush()
    return account.id


def _audit(session: Session, made: Transaction, *, now: datetime) -> None:
    audit.record(
        session,
        actor_id=made.by,
        action=f"escrow.{made.deed.value}",
        subject_id=made.id,
        challenge_id=made.challenge_id,
        detail={
            "award": made.award_id,
            "minor": made.money.minor,
            "currency": made.currency,
            "reverses": made.reverses_id or "",
        },
        now=now,
    )


def _json(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
