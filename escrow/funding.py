"""What organizers and operators do with prize money: put it away, give it back, correct."""

from datetime import datetime

from sqlmodel import Session

from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, ChallengePlan, ChallengeState
from palio.challenges.prize_contracts import RefundPolicy
from palio.escrow import facts, moves, posting, queries, rules
from palio.escrow.contracts import (
    AccountKind,
    Deed,
    Evidence,
    Fund,
    PaymentState,
    Place,
    Transaction,
)
from palio.escrow.errors import (
    BadDeedError,
    NothingToPayError,
    ReversedAlreadyError,
)
from palio.escrow.posting import Move, Request


def pledge(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    minor: int,
    currency: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Record that the organizer promises money that is not put away yet.

    Raises:
        BadDeedError, KeyReusedError, UnknownCurrencyError: In words.

    """
    rules.check_minor(minor)
    request = Request(challenge_id, key, Deed.PLEDGE, currency, detail={"minor": minor})
    if before := moves.begin(session, request):
        return before
    made = (moves.move(Fund.PROMISE, AccountKind.OUTSIDE, AccountKind.ESCROW, minor),)
    return posting.post(session, request, moves=made, by=by, now=now)


def deposit(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    minor: int,
    currency: str,
    evidence: Evidence,
    by: str,
    now: datetime,
) -> Transaction:
    """Record money that left the organizer: with the operator, or with a named third party.

    What was pledged before is kept by it, as far as it goes. What comes beyond the prizes is the
    platform's fee, as far as the rules have one: it is booked at once.

    Raises:
        BadDeedError, KeyReusedError, UnknownCurrencyError: In words.

    """
    rules.check_minor(minor)
    fund = rules.fund_of(evidence)
    detail: dict[str, str | int] = {
        "minor": minor,
        "evidence": evidence.sha256,
        "held_by": evidence.held_by.strip(),
    }
    request = Request(challenge_id, key, Deed.DEPOSIT, currency, detail=detail)
    challenge = challenges.lock_challenge(session, challenge_id)
    if before := posting.done_before(session, request):
        return before
    if challenge.state is ChallengeState.DRAFT:
        raise BadDeedError("Publish the challenge first: a deposit is made for rules in force.")
    pledged = queries.balances(session, challenge_id, currency).get(
        Place(Fund.PROMISE, AccountKind.ESCROW), 0
    )
    made = [moves.move(fund, AccountKind.OUTSIDE, AccountKind.ESCROW, minor)]
    if pledged:
        kept = min(pledged, minor)
        made.append(moves.move(Fund.PROMISE, AccountKind.ESCROW, AccountKind.OUTSIDE, kept))
    note = {"rules": challenge.rules_sha256}
    posted = posting.post(session, request, moves=made, by=by, now=now, note=note)
    _book_fee(session, posted, plan=challenge.plan, fund=fund)
    advance(session, challenge=challenge, now=now)
    return posted


def advance(session: Session, *, challenge: Challenge, now: datetime) -> None:
    """Make the moves that time asks for; a demanded deposit opens its challenge by arriving."""
    there = queries.funding(session, challenge.id)
    is_funded = not rules.missing_deposit(challenge.plan, there)
    challenges.advance(session, challenge_id=challenge.id, now=now, is_funded=is_funded)


def _book_fee(session: Session, deposited: Transaction, *, plan: ChallengePlan, fund: Fund) -> None:
    by, now = deposited.by, deposited.at
    standing = queries.funding_in(session, deposited.challenge_id, deposited.currency)
    there = queries.balances(session, deposited.challenge_id, deposited.currency)
    due = min(rules.fee_due(plan, standing), moves.escrow(there)[fund])
    if due > 0:
        request = Request(
            deposited.challenge_id, f"fee:{deposited.id}", Deed.FEE, deposited.currency
        )
        move = moves.move(fund, AccountKind.ESCROW, AccountKind.FEE, due)
        posting.post(session, request, moves=(move,), by=by, now=now)


def refund(  # noqa: PLR0913 (what decides a refund has so many sides)
    session: Session,
    *,
    key: str,
    challenge_id: str,
    minor: int,
    currency: str,
    fund: Fund,
    is_settled: bool,
    by: str,
    now: datetime,
) -> Transaction:
    """Give money back to the organizer, by the policy stated at launch.

    The fee goes back with it only while no team has a scored submission. Whether no award waits
    for a decision (`is_settled`) is for the caller to say, who holds the challenge's row.

    Raises:
        RefundNotDueError: The policy does not give it back now.
        NotEnoughMoneyError: There is less in this fund.
        BadDeedError, KeyReusedError: In words.

    """
    rules.check_minor(minor)
    detail = {"minor": minor, "fund": fund.value}
    request = Request(challenge_id, key, Deed.REFUND, currency, detail=detail)
    challenge = challenges.lock_challenge(session, challenge_id)
    if before := posting.done_before(session, request):
        return before
    standing = facts.for_refund(session, challenge=challenge, is_settled=is_settled)
    on = queries.balances(session, challenge_id, currency)
    put_away = moves.escrow(on)[fund]
    is_fee_back = rules.gives_fee_back(challenge.plan, standing)
    fee = on.get(Place(fund, AccountKind.FEE), 0) if is_fee_back else 0
    rules.check_refund(
        minor,
        plan=challenge.plan,
        facts=standing,
        funding=queries.funding_in(session, challenge_id, currency),
        available=put_away + fee,
    )
    of_fee = max(0, minor - put_away)
    made = (
        moves.move(fund, AccountKind.ESCROW, AccountKind.OUTSIDE, minor - of_fee),
        moves.move(fund, AccountKind.FEE, AccountKind.OUTSIDE, of_fee),
    )
    return posting.post(session, request, moves=made, by=by, now=now)


def collect_fee(
    session: Session, *, key: str, challenge_id: str, currency: str, by: str, now: datetime
) -> Transaction:
    """Take the platform's fee on what is awarded so far, less what was taken before.

    For prizes that were not deposited; what was has its fee booked by `deposit`.

    Raises:
        NothingToPayError: No fee is due.
        NotEnoughMoneyError: The rules demand a deposit, and it does not suffice.
        KeyReusedError: In words.

    """
    request = Request(challenge_id, key, Deed.FEE, currency)
    challenge = challenges.lock_challenge(session, challenge_id)
    if before := posting.done_before(session, request):
        return before
    standing = queries.funding_in(session, challenge_id, currency)
    due = rules.flat_fee(standing.awarded, challenge.plan.escrow.fee_basis_points) - standing.fee
    if due <= 0:
        raise NothingToPayError("No fee is due on what is awarded so far.")
    available = moves.escrow(queries.balances(session, challenge_id, currency))
    made = []
    for fund, minor in moves.draw(challenge, available, minor=due):
        made += moves.from_escrow(available, Place(fund, AccountKind.FEE), minor)
    return posting.post(session, request, moves=made, by=by, now=now)


def pay_out_fee(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    currency: str,
    receipt_sha256: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Record that the fees taken so far went to the platform's own account, out of these books.

    Raises:
        NothingToPayError: There are none, or they may still go back with the deposit.
        BadDeedError, KeyReusedError: In words.

    """
    rules.check_sha256(receipt_sha256)
    detail: dict[str, str | int] = {"receipt": receipt_sha256}
    request = Request(challenge_id, key, Deed.FEE_PAID, currency, detail=detail)
    challenge = challenges.lock_challenge(session, challenge_id)
    if before := posting.done_before(session, request):
        return before
    standing = facts.for_refund(session, challenge=challenge, is_settled=True)
    if not standing.has_entry and challenge.plan.escrow.refund is not RefundPolicy.NEVER:
        raise NothingToPayError("No team has a scored submission yet: the fee may still go back.")
    on = queries.balances(session, challenge_id, currency)
    taken = {fund: on.get(Place(fund, AccountKind.FEE), 0) for fund in Fund}
    if not any(taken.values()):
        raise NothingToPayError("No fee is left to pay out.")
    made = [
        moves.move(fund, AccountKind.FEE, AccountKind.OUTSIDE, minor)
        for fund, minor in taken.items()
    ]
    return posting.post(session, request, moves=made, by=by, now=now)


def reverse(
    session: Session,
    *,
    key: str,
    challenge_id: str,
    transaction_id: str,
    reason: str,
    by: str,
    now: datetime,
) -> Transaction:
    """Correct the record: a new transaction takes a wrong one back, whole and once.

    Tax that comes back from the office for an award that is lost goes back to the prizes with it.

    Raises:
        TransactionNotFoundError: The challenge has none of this id.
        ReversedAlreadyError: It was reversed before, or is a reversal.
        DeedOfAwardError: It is a step of an award.
        NotEnoughMoneyError: Its money has moved on; reverse what came later first.
        BadDeedError: No reason is given.

    """
    challenges.lock_challenge(session, challenge_id)
    wrong = queries.transaction(session, challenge_id=challenge_id, transaction_id=transaction_id)
    if not reason.strip():
        raise BadDeedError("Say why the transaction is taken back; it stays in the record.")
    request = Request(
        challenge_id,
        key,
        wrong.deed,
        wrong.currency,
        wrong.award_id,
        wrong.person_id,
        {"reverses": wrong.id, "reason": reason.strip()},
    )
    if before := posting.done_before(session, request):
        return before
    if wrong.reverses_id is not None or queries.is_reversed(session, wrong.id):
        raise ReversedAlreadyError("A transaction is taken back once, and a correction never.")
    rules.check_reversible(wrong, queries.balances(session, challenge_id, wrong.currency))
    lines = [(line.place, -line.minor) for line in wrong.postings]
    posted = posting.post_lines(session, request, lines=lines, by=by, now=now, reverses_id=wrong.id)
    if wrong.deed is Deed.TAX_PAID:
        _return_tax_of_lost_award(session, posted)
    return posted


def _return_tax_of_lost_award(session: Session, back: Transaction) -> None:
    state = queries.payment_state(
        session,
        challenge_id=back.challenge_id,
        award_id=back.award_id,
        person_id=back.person_id,
    )
    if state is not PaymentState.NONE:
        return
    request = Request(
        back.challenge_id,
        f"claw_back:{back.id}",
        Deed.CLAW_BACK,
        back.currency,
        back.award_id,
        back.person_id,
    )
    made = [
        Move(moves.place(request, fund, AccountKind.TAX), Place(fund, AccountKind.ESCROW), minor)
        for fund, minor in moves.share(session, request, AccountKind.TAX).items()
    ]
    posting.post(session, request, moves=made, by=back.by, now=back.at)
