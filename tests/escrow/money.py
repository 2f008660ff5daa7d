"""A challenge with prize money, and the verbs of the ledger in a line each."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from sqlmodel import Session
from tests.factories import submissions as make

from palio.accounts import service as accounts
from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import EscrowPlan, PrizePlan
from palio.core.clock import database_now
from palio.core.money import Money
from palio.escrow import service
from palio.escrow.adapters import ManualTransfer
from palio.escrow.contracts import Evidence, Fund, Share, Transaction

RECEIPT = hashlib.sha256(b"a receipt").hexdigest()
LETTER = Evidence(RECEIPT, held_by="Notary Rossi")
SEEN = Evidence(RECEIPT)


def challenge(
    session: Session, *, escrow: EscrowPlan | None = None, minor: int = 100_000
) -> Challenge:
    """An open challenge with one prize of EUR 1,000.00 unless told."""
    prizes = (PrizePlan(1, "First", Money(minor, "EUR")),)
    return make.challenge(session, prizes=prizes, escrow=escrow or EscrowPlan())


def person(session: Session, handle: str) -> str:
    """A new account's id."""
    return accounts.sign_up(
        session,
        handle=handle,
        display_name=handle,
        email=None,
        password_hash="-",  # noqa: S106 (nobody signs in)
        now=database_now(session),
    ).id


@dataclass
class Till:
    """The verbs for one challenge, with fresh keys."""

    session: Session
    challenge_id: str
    by: str = "admin"
    keys: Iterator[object] = field(default_factory=lambda: (f"key-{n}" for n in count()))

    def _common(self, key: str | None) -> dict[str, object]:
        return {
            "key": key or next(self.keys),
            "challenge_id": self.challenge_id,
            "by": self.by,
            "now": database_now(self.session),
        }

    def pledge(self, minor: int, currency: str = "EUR", key: str | None = None) -> Transaction:
        return service.pledge(self.session, minor=minor, currency=currency, **self._common(key))  # type: ignore[arg-type]

    def deposit(
        self,
        minor: int,
        currency: str = "EUR",
        evidence: Evidence = SEEN,
        key: str | None = None,
    ) -> Transaction:
        return service.deposit(
            self.session,
            minor=minor,
            currency=currency,
            evidence=evidence,
            **self._common(key),  # type: ignore[arg-type]
        )

    def award(
        self, award_id: str, *shares: Share, currency: str = "EUR", key: str | None = None
    ) -> Transaction:
        return service.award(
            self.session,
            award_id=award_id,
            shares=shares,
            currency=currency,
            **self._common(key),  # type: ignore[arg-type]
        )

    def pay(
        self, award_id: str, person_id: str, withheld: int = 0, key: str | None = None
    ) -> Transaction:
        return service.pay(
            self.session,
            award_id=award_id,
            person_id=person_id,
            withheld_minor=withheld,
            adapter=ManualTransfer(),
            receipt_sha256=RECEIPT,
            **self._common(key),  # type: ignore[arg-type]
        )

    def confirm(self, award_id: str, person_id: str, key: str | None = None) -> Transaction:
        return service.confirm_payment(
            self.session,
            award_id=award_id,
            person_id=person_id,
            **self._common(key),  # type: ignore[arg-type]
        )

    def bounce(self, award_id: str, person_id: str, key: str | None = None) -> Transaction:
        return service.return_payment(
            self.session,
            award_id=award_id,
            person_id=person_id,
            **self._common(key),  # type: ignore[arg-type]
        )

    def claw_back(self, award_id: str, person_id: str, key: str | None = None) -> Transaction:
        return service.claw_back(
            self.session,
            award_id=award_id,
            person_id=person_id,
            reason="copied",
            **self._common(key),  # type: ignore[arg-type]
        )

    def refund(
        self,
        minor: int,
        fund: Fund = Fund.BANK,
        currency: str = "EUR",
        key: str | None = None,
        *,
        is_settled: bool = True,
    ) -> Transaction:
        return service.refund(
            self.session,
            minor=minor,
            currency=currency,
            fund=fund,
            is_settled=is_settled,
            **self._common(key),  # type: ignore[arg-type]
        )

    def pass_on_tax(self, award_id: str, person_id: str, key: str | None = None) -> Transaction:
        return service.pass_on_tax(
            self.session,
            award_id=award_id,
            person_id=person_id,
            receipt_sha256=RECEIPT,
            **self._common(key),  # type: ignore[arg-type]
        )

    def fee(self, currency: str = "EUR", key: str | None = None) -> Transaction:
        return service.collect_fee(self.session, currency=currency, **self._common(key))  # type: ignore[arg-type]

    def pay_out_fee(self, currency: str = "EUR", key: str | None = None) -> Transaction:
        return service.pay_out_fee(
            self.session,
            currency=currency,
            receipt_sha256=RECEIPT,
            **self._common(key),  # type: ignore[arg-type]
        )

    def reverse(self, transaction_id: str, key: str | None = None) -> Transaction:
        return service.reverse(
            self.session,
            transaction_id=transaction_id,
            reason="typed wrong",
            **self._common(key),  # type: ignore[arg-type]
        )
