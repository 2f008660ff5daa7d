"""Money as the ledger knows it: where it stands, what moved it, how a challenge is funded."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from palio.core.money import Money


class Fund(StrEnum):
    """Who has the money; it is drawn on in this order, and never changes hands by itself."""

    BANK = "bank"  # deposited with the operator of this Palio
    THIRD_PARTY = "third_party"  # held by somebody both sides trust, such as a notary
    PROMISE = "promise"  # with the organizer, who has pledged it


class AccountKind(StrEnum):
    """What an account says of the money on it; all but OUTSIDE never fall below zero."""

    OUTSIDE = "outside"  # the world; below zero by all that came in and has not left again
    ESCROW = "escrow"  # put away for the prizes
    PAYABLE = "payable"  # awarded to one person
    SENT = "sent"  # on its way to that person
    TAX = "tax_withheld"  # held back from that person for the tax office
    FEE = "fee"  # the platform's


class Deed(StrEnum):
    """What a transaction records."""

    PLEDGE = "pledge"
    DEPOSIT = "deposit"
    AWARD = "award"
    PAY = "pay"
    CONFIRM = "confirm"
    RETURN = "return"
    CLAW_BACK = "claw_back"
    REFUND = "refund"
    FEE = "fee"
    TAX_PAID = "tax_paid"  # passed on to the tax office
    FEE_PAID = "fee_paid"  # out of the books, into the platform's own


@dataclass(frozen=True, slots=True)
class Place:
    """One account of a challenge; there is one of these for each currency.

    Attributes:
        person_id, award_id: Empty but for PAYABLE, SENT and TAX.

    """

    fund: Fund
    kind: AccountKind
    person_id: str = ""
    award_id: str = ""


@dataclass(frozen=True, slots=True)
class Posting:
    """One line of a transaction; the lines of one add up to zero in each currency."""

    place: Place
    minor: int
    currency: str


NOTHING: Mapping[str, str | int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Transaction:
    """Money that moved; never changed, only reversed by another one.

    Attributes:
        key: The caller's name for the deed, unique in its challenge.
        by: Person id, or "system".
        reverses_id: The transaction this one takes back, of the same deed.

    """

    id: str
    challenge_id: str
    key: str
    deed: Deed
    currency: str
    award_id: str
    person_id: str
    by: str
    at: datetime
    reverses_id: str | None
    postings: tuple[Posting, ...]
    detail: Mapping[str, str | int] = field(default_factory=lambda: NOTHING)

    @property
    def money(self) -> Money:
        """How much moved; a reversal moves it the other way.

        A deposit is what came, without the pledge that it keeps.
        """
        is_deposit = self.deed is Deed.DEPOSIT
        lines = [
            line.minor
            for line in self.postings
            if line.minor > 0 and not (is_deposit and line.place.fund is Fund.PROMISE)
        ]
        return Money(sum(lines), self.currency)


@dataclass(frozen=True, slots=True)
class Share:
    """What one person gets of an award."""

    person_id: str
    minor: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that money is where the ledger says; the document itself stays elsewhere.

    Attributes:
        sha256: Of the document: a bank statement, a letter of the notary.
        held_by: Name of the third party; empty when the operator has the money.

    """

    sha256: str
    held_by: str = ""


@dataclass(frozen=True, slots=True)
class Funding:
    """Money behind the prizes of a challenge in one currency, in minor units.

    Attributes:
        pledged, deposited, held_by_third_party: Came in so far, less what went back.
        awarded: Of it: given to people, paid or not.
        paid: Of that: confirmed by the payee or the bank, with the tax withheld from it.
        fee: Of what came in: taken by the platform, in these books or paid out of them.

    """

    currency: str
    pledged: int = 0
    deposited: int = 0
    held_by_third_party: int = 0
    awarded: int = 0
    paid: int = 0
    fee: int = 0

    @property
    def secured(self) -> int:
        """What the organizer no longer has in hand."""
        return self.deposited + self.held_by_third_party

    @property
    def total(self) -> int:
        """Everything that came in."""
        return self.secured + self.pledged


class Badge(StrEnum):
    """How safe the prizes in one currency are; the weakest part of the money decides."""

    DEPOSITED = "deposited"
    HELD_BY_THIRD_PARTY = "held_by_third_party"
    PLEDGED = "pledged"
    STATED = "stated"  # the rules say so, no more


class PaymentState(StrEnum):
    """Where one person's share of one award stands."""

    NONE = "none"  # nothing awarded, or taken back
    PAYABLE = "payable"
    SENT = "sent"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """What a payment adapter is asked to do.

    Attributes:
        key: The same for every try of one payment.
        net: What the payee gets.

    """

    key: str
    person_id: str
    net: Money
    receipt_sha256: str


class PaymentAdapter(Protocol):
    """A way to send money; the one shipped is `adapters.ManualTransfer`.

    An adapter is called inside the transaction that records the payment, and again with the same
    key when that transaction was lost: it must not pay twice for one key.
    """

    name: str

    def accept(self, order: PaymentOrder) -> str:
        """Take the order and return the reference under which the payment is found.

        Raises:
            AppError: The payment cannot be made; nothing is recorded.

        """
        ...
