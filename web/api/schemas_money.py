"""Shapes of prize money: how a challenge is funded, its ledger, and the orders that move it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import Field

from palio.challenges.prize_contracts import RefundPolicy
from palio.core.money import Money
from palio.escrow.contracts import AccountKind, Badge, Deed, Fund, Transaction
from palio.web.api.schemas import (
    ID,
    MONEY,
    NOW,
    SHA256,
    MoneyView,
    Order,
    View,
    example,
    money_view,
)

Amount = Annotated[str, Field(max_length=24, examples=["1000.00"])]
Currency = Annotated[str, Field(max_length=3, examples=["EUR"])]

FUNDING_LINE = {
    "currency": "EUR",
    "badge": "deposited",
    "words": "Deposited with the operator of this Palio, who has seen the evidence.",
    "prizes": MONEY,
    "fee": {"minor": 0, "currency": "EUR", "text": "EUR 0.00"},
    "deposited": MONEY,
    "held_by_third_party": {"minor": 0, "currency": "EUR", "text": "EUR 0.00"},
    "pledged": {"minor": 0, "currency": "EUR", "text": "EUR 0.00"},
    "awarded": {"minor": 0, "currency": "EUR", "text": "EUR 0.00"},
    "paid": {"minor": 0, "currency": "EUR", "text": "EUR 0.00"},
    "fee_taken": {"minor": 0, "currency": "EUR", "text": "EUR 0.00"},
    "left": MONEY,
}


class FundingLineView(View):
    """The money behind the prizes in one currency; currencies are never added up.

    `badge` is that of the weakest part: `deposited`, `held_by_third_party`, `pledged` or `stated`.
    `fee` is on top of all prizes, `fee_taken` what of it was booked; `left` is nobody's yet.
    """

    model_config = example(FUNDING_LINE)

    currency: str
    badge: Badge
    words: str
    prizes: MoneyView
    fee: MoneyView
    deposited: MoneyView
    held_by_third_party: MoneyView
    pledged: MoneyView
    awarded: MoneyView
    paid: MoneyView
    fee_taken: MoneyView
    left: MoneyView


class FundingView(View):
    """How a challenge's prizes are funded; public.

    `missing` is what has to be deposited before the challenge opens, where its rules demand that.
    """

    model_config = example(
        {
            "items": [FUNDING_LINE],
            "is_deposit_required": True,
            "missing": [],
            "fee_basis_points": 0,
            "refund": "no_entry",
            "refund_words": "A deposit is given back while no team has a scored submission.",
            "silence_days": 14,
        }
    )

    items: tuple[FundingLineView, ...]
    is_deposit_required: bool
    missing: tuple[MoneyView, ...]
    fee_basis_points: int
    refund: RefundPolicy
    refund_words: str
    silence_days: int


POSTING = {
    "fund": "bank",
    "account": "escrow",
    "person": "",
    "award_id": "",
    "money": MONEY,
}
TRANSACTION = {
    "id": ID,
    "key": "deposit-1",
    "deed": "deposit",
    "money": MONEY,
    "award_id": "",
    "person": "",
    "by": "warden",
    "at": NOW,
    "reverses_id": None,
    "detail": {"minor": 100_000, "evidence": SHA256, "held_by": ""},
    "postings": [POSTING],
}


class PostingView(View):
    """One line of a transaction; negative where money leaves the account."""

    model_config = example(POSTING)

    fund: Fund
    account: AccountKind
    person: str
    award_id: str
    money: MoneyView


class TransactionView(View):
    """Money that moved; its lines add up to zero. People stand by their handles."""

    model_config = example(TRANSACTION)

    id: str
    key: str
    deed: Deed
    money: MoneyView
    award_id: str
    person: str
    by: str
    at: datetime
    reverses_id: str | None
    detail: dict[str, str | int]
    postings: tuple[PostingView, ...]


class StatementView(View):
    """Every transaction of a challenge, the oldest first."""

    model_config = example({"items": [TRANSACTION]})

    items: tuple[TransactionView, ...]


class PledgeOrder(Order):
    """Promise money that is not put away yet."""

    model_config = example({"amount": "1000.00", "currency": "EUR"})

    amount: Amount
    currency: Currency


class DepositOrder(Order):
    """Record money that left the organizer, with the SHA-256 of what shows it."""

    model_config = example({"amount": "1000.00", "currency": "EUR", "evidence_sha256": SHA256})

    amount: Amount
    currency: Currency
    evidence_sha256: Annotated[str, Field(max_length=64, examples=[SHA256])]
    held_by: Annotated[str, Field(max_length=120, description="the third party, if any")] = ""


class RefundOrder(Order):
    """Give money back to the organizer, by the policy stated at launch."""

    model_config = example({"amount": "1000.00", "currency": "EUR", "fund": "bank"})

    amount: Amount
    currency: Currency
    fund: Fund = Fund.BANK


class FeeOrder(Order):
    """Take the platform's fee on what is awarded so far."""

    model_config = example({"currency": "EUR"})

    currency: Currency


class FeePayoutOrder(Order):
    """Record that the fees went to the platform's own account, with the SHA-256 of the receipt."""

    model_config = example({"currency": "EUR", "receipt_sha256": SHA256})

    currency: Currency
    receipt_sha256: Annotated[str, Field(max_length=64, examples=[SHA256])]


class ReversalOrder(Order):
    """Take a wrong transaction back by a new one."""

    model_config = example({"transaction_id": ID, "reason": "Typed wrong."})

    transaction_id: Annotated[str, Field(max_length=64, examples=[ID])]
    reason: Annotated[str, Field(min_length=1, max_length=500)]


def transaction_view(made: Transaction, *, handles: Mapping[str, str]) -> TransactionView:
    """Show a transaction with people's handles; who has none (any more) stands with the id."""
    detail = {
        handles.get(name.removeprefix("share."), name): value for name, value in made.detail.items()
    }
    return TransactionView(
        id=made.id,
        key=made.key,
        deed=made.deed,
        money=money_view(made.money),
        award_id=made.award_id,
        person=handles.get(made.person_id, made.person_id),
        by=handles.get(made.by, made.by),
        at=made.at,
        reverses_id=made.reverses_id,
        detail=detail,
        postings=tuple(
            PostingView(
                fund=line.place.fund,
                account=line.place.kind,
                person=handles.get(line.place.person_id, line.place.person_id),
                award_id=line.place.award_id,
                money=money_view(Money(line.minor, line.currency)),
            )
            for line in made.postings
        ),
    )
