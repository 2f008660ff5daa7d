"""What is done with prize money. Palio records money that others hold and send: it is no bank.

Every verb locks the challenge's row first, is idempotent by its key, and writes one balanced
transaction. The same key with the same content returns what it led to the first time.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.core.money import Money
from palio.escrow import moves, posting, queries, rules
from palio.escrow.contracts import (
    AccountKind,
    Deed,
    Fund,
    PaymentAdapter,
    PaymentOrder,
    Place,
    Share,
    Transaction,
)
from palio.escrow.errors import (
    AwardedAlreadyError,
    NothingToPayError,
)
from palio.escrow.funding import collect_fee, deposit, pay_out_fee, pledge, refund, reverse
from palio.escrow.posting import Move, Request

__all__ = [
    "award",
    "claw_back",
    "collect_fee",
    "confirm_payment",
    "deposit",
    "pass_on_tax",
    "pay",
    "pay_out_fee",
    "pledge",
    "refund",
    "return_payment",
    "reverse",
]


def award(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    award_id: str,
    shares: Sequence[Share],
    currency: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Set an award's money apart for the people who get it.

    The safest money goes first. What is missing is owed by the organizer, whose rules promised
    it; where the rules demand a deposit, it is refused instead.

    Raises:
        AwardedAlreadyError: The award has money; take that back first.
        NotEnoughMoneyError: The rules demand a deposit, and it does not suffice.
        BadDeedError, KeyReusedError, UnknownCurrencyError: In words.

    """
    rules.check_shares(shares)
    detail = {f"share.{share.person_id}": share.minor for share in shares}
    request = Request(challenge_id, key, Deed.AWARD, currency, award_id, detail=detail)
    challenge = challenges.lock_challenge(session, challenge_id)
    if before := posting.done_before(session, request):
        return before
    on = queries.balances(session, challenge_id, currency)
    is_held = any(minor and place.award_id == award_id for place, minor in on.items())
    if is_held or queries.paid(session, challenge_id, currency, award_id=award_id):
        raise AwardedAlreadyError("This award has its money. Claw it back before you award anew.")
    available = moves.escrow(on)
    made: list[Move] = []
    for share in shares:
        made += _award_moves(challenge, available, award_id=award_id, share=share)
    return posting.post(session, request, moves=made, by=by, now=now)


def pay(  # noqa: PLR0913 (a payment has so many sides, and each is named by the caller)
    session: Session,
    *,
    key: str,
    challenge_id: str,
    award_id: str,
    person_id: str,
    withheld_minor: int,
    adapter: PaymentAdapter,
    receipt_sha256: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Send one person's share of an award, less the tax withheld from it.

    Raises:
        NothingToPayError: The share is not payable.
        BadDeedError, KeyReusedError: In words.

    """
    detail: dict[str, str | int] = {
        "withheld": withheld_minor,
        "adapter": adapter.name,
        "receipt": receipt_sha256,
    }
    request, before = moves.begin_share(
        session,
        Deed.PAY,
        key=key,
        challenge_id=challenge_id,
        award_id=award_id,
        person_id=person_id,
        detail=detail,
    )
    if before is not None:
        return before
    gross = moves.share(session, request, AccountKind.PAYABLE)
    if not gross:
        raise NothingToPayError("Nothing of this award is payable to this person.")
    made = []
    for fund, (net, tax) in rules.net_parts(gross, withheld_minor).items():
        made.append(moves.own(request, fund, AccountKind.PAYABLE, AccountKind.SENT, net))
        made.append(moves.own(request, fund, AccountKind.PAYABLE, AccountKind.TAX, tax))
    money = Money(sum(gross.values()) - withheld_minor, request.currency)
    reference = adapter.accept(
        PaymentOrder(f"{challenge_id}/{key}", person_id, money, receipt_sha256)
    )
    note = {"reference": reference}
    return posting.post(session, request, moves=made, by=by, now=now, note=note)


def confirm_payment(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    award_id: str,
    person_id: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Record that a payment arrived.

    Raises:
        NothingToPayError: Nothing is on its way.
        KeyReusedError: In words.

    """
    request, before = moves.begin_share(
        session,
        Deed.CONFIRM,
        key=key,
        challenge_id=challenge_id,
        award_id=award_id,
        person_id=person_id,
    )
    if before is not None:
        return before
    sent = moves.share(session, request, AccountKind.SENT)
    if not sent:
        raise NothingToPayError("No payment of this award to this person is on its way.")
    made = [
        Move(moves.place(request, fund, AccountKind.SENT), Place(fund, AccountKind.OUTSIDE), net)
        for fund, net in sent.items()
    ]
    return posting.post(session, request, moves=made, by=by, now=now)


def return_payment(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    award_id: str,
    person_id: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Record that a payment came back from the bank: the whole share is payable again.

    Also one that counted as arrived, by mistake or because nobody said otherwise in time. Tax that
    was passed on stays where it is.

    Raises:
        NothingToPayError: Nothing was sent.
        KeyReusedError: In words.

    """
    request, before = moves.begin_share(
        session,
        Deed.RETURN,
        key=key,
        challenge_id=challenge_id,
        award_id=award_id,
        person_id=person_id,
    )
    if before is not None:
        return before
    sources = [
        *_on(session, request, AccountKind.SENT),
        *((Place(fund, AccountKind.OUTSIDE), net) for fund, net in _paid(session, request)),
    ]
    if not sources:
        raise NothingToPayError("No payment of this award went to this person.")
    sources += _on(session, request, AccountKind.TAX)
    made = [
        Move(source, moves.place(request, source.fund, AccountKind.PAYABLE), minor)
        for source, minor in sources
    ]
    return posting.post(session, request, moves=made, by=by, now=now)


def pass_on_tax(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    award_id: str,
    person_id: str,
    receipt_sha256: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Record that the tax withheld from one person's share went to the tax office.

    What the office gives back later is a correction of this record (`reverse`).

    Raises:
        NothingToPayError: None is held, or the payment it belongs to has not arrived yet.
        BadDeedError, KeyReusedError: In words.

    """
    rules.check_sha256(receipt_sha256)
    detail: dict[str, str | int] = {"receipt": receipt_sha256}
    request, before = moves.begin_share(
        session,
        Deed.TAX_PAID,
        key=key,
        challenge_id=challenge_id,
        award_id=award_id,
        person_id=person_id,
        detail=detail,
    )
    if before is not None:
        return before
    if moves.share(session, request, AccountKind.SENT):
        raise NothingToPayError("The payment is on its way. Confirm it or record its return first.")
    held = moves.share(session, request, AccountKind.TAX)
    if not held:
        raise NothingToPayError("No tax of this award is held back from this person.")
    made = [
        Move(moves.place(request, fund, AccountKind.TAX), Place(fund, AccountKind.OUTSIDE), minor)
        for fund, minor in held.items()
    ]
    return posting.post(session, request, moves=made, by=by, now=now)


def claw_back(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    award_id: str,
    person_id: str,
    reason: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Take one person's share of an award back, before or after it was paid.

    After it was paid, this records that the person paid it back; the tax withheld comes back with
    it. What is on its way is confirmed or returned first.

    Raises:
        NothingToPayError: There is nothing to take back, or it is on its way.
        KeyReusedError: In words.

    """
    detail: dict[str, str | int] = {"reason": reason.strip()}
    request, before = moves.begin_share(
        session,
        Deed.CLAW_BACK,
        key=key,
        challenge_id=challenge_id,
        award_id=award_id,
        person_id=person_id,
        detail=detail,
    )
    if before is not None:
        return before
    if moves.share(session, request, AccountKind.SENT):
        raise NothingToPayError("The payment is on its way. Confirm it or record its return first.")
    sources = [
        *_on(session, request, AccountKind.PAYABLE),
        *_on(session, request, AccountKind.TAX),
        *((Place(fund, AccountKind.OUTSIDE), minor) for fund, minor in _paid(session, request)),
    ]
    if not sources:
        raise NothingToPayError("Nothing of this award is left to take back from this person.")
    made = [Move(place, Place(place.fund, AccountKind.ESCROW), minor) for place, minor in sources]
    return posting.post(session, request, moves=made, by=by, now=now)


def _on(session: Session, request: Request, kind: AccountKind) -> list[tuple[Place, int]]:
    found = moves.share(session, request, kind)
    return [(moves.place(request, fund, kind), minor) for fund, minor in found.items()]


def _paid(session: Session, request: Request) -> list[tuple[Fund, int]]:
    net = queries.paid(
        session,
        request.challenge_id,
        request.currency,
        award_id=request.award_id,
        person_id=request.person_id,
    )
    return list(net.items())


def _award_moves(
    challenge: Challenge, available: dict[Fund, int], *, award_id: str, share: Share
) -> list[Move]:
    made: list[Move] = []
    for fund, minor in moves.draw(challenge, available, minor=share.minor):
        to = Place(fund, AccountKind.PAYABLE, share.person_id, award_id)
        made += moves.from_escrow(available, to, minor)
    return made
