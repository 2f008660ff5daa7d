"""What may be done with the money of a challenge, and how it is divided: pure functions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from palio.challenges.contracts import ChallengePlan, ChallengeState
from palio.challenges.prize_contracts import EscrowPlan, PrizeKind, RefundPolicy
from palio.core.money import MOST_MINOR, Money, split
from palio.escrow.contracts import (
    AccountKind,
    Badge,
    Deed,
    Evidence,
    Fund,
    Funding,
    PaymentState,
    Place,
    Share,
    Transaction,
)
from palio.escrow.errors import (
    BadDeedError,
    DeedOfAwardError,
    NotEnoughMoneyError,
    RefundNotDueError,
)

BASIS_POINTS = 10_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_OVER = (ChallengeState.REVEALED, ChallengeState.AWARDED, ChallengeState.ARCHIVED)
_DECIDED = (ChallengeState.AWARDED, ChallengeState.ARCHIVED)


@dataclass(frozen=True, slots=True)
class FeeBand:
    """A part of an amount and the rate on it.

    Attributes:
        up_to: Where the part ends, in minor units; None = it has no end.

    """

    up_to: int | None
    basis_points: int


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """What a refund depends on.

    Attributes:
        has_entry: A team has a submission with a score.
        is_beaten: An entry beats the best baseline on the final board; None before the reveal.
        is_settled: No award waits for a decision, and no case that could change one is open.

    """

    state: ChallengeState
    has_entry: bool
    is_beaten: bool | None
    is_settled: bool


def fee(minor: int, bands: Sequence[FeeBand]) -> int:
    """Return the fee on an amount: each band's rate on its part, rounded once, half to even.

    The plan's flat rate is one band without an end.
    """
    total, below = Decimal(0), 0
    for band in bands:
        top = minor if band.up_to is None else min(minor, band.up_to)
        total += max(0, top - below) * Decimal(band.basis_points) / BASIS_POINTS
        below = max(below, top)
    return int(total.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def flat_fee(minor: int, basis_points: int) -> int:
    """Return the platform's fee on an amount, half to even."""
    return fee(minor, (FeeBand(None, basis_points),))


def check_minor(minor: int) -> None:
    """Refuse what is no amount to move.

    Raises:
        BadDeedError: Zero, negative or beyond ten trillion.

    """
    if not 0 < minor <= MOST_MINOR:
        raise BadDeedError("The amount must be more than zero and at most ten trillion.")


def check_shares(given: Sequence[Share]) -> None:
    """Refuse an award to nobody, to somebody twice, or of less than nothing.

    Raises:
        BadDeedError: As said.

    """
    if any(share.minor < 0 for share in given) or not any(share.minor for share in given):
        raise BadDeedError("An award has shares of zero or more, not all of them zero.")
    if len({share.person_id for share in given}) < len(given):
        raise BadDeedError("A person has one share of an award.")
    check_minor(sum(share.minor for share in given))


def check_sha256(sha256: str) -> None:
    """Refuse a piece of evidence that is no SHA-256.

    Raises:
        BadDeedError: As said.

    """
    if not _SHA256.fullmatch(sha256):
        raise BadDeedError(
            "Give the SHA-256 of the document as 64 hex digits in lower case (sha256sum FILE)."
        )


def fund_of(evidence: Evidence) -> Fund:
    """Return where a deposit with this evidence lies.

    Raises:
        BadDeedError: The hash is none.

    """
    check_sha256(evidence.sha256)
    return Fund.THIRD_PARTY if evidence.held_by.strip() else Fund.BANK


def draw(
    minor: int, available: Mapping[Fund, int], *, may_promise: bool
) -> tuple[tuple[Fund, int], ...]:
    """Say which money an amount is taken from: the safest first.

    Args:
        minor: How much.
        available: What is left of each fund.
        may_promise: Whether what is missing is owed by the organizer, as the rules promise it.

    Raises:
        NotEnoughMoneyError: There is less, and it may not be owed.

    """
    drawn: list[tuple[Fund, int]] = []
    rest = minor
    for fund in Fund:
        there = available.get(fund, 0)
        part = rest if fund is Fund.PROMISE and may_promise else min(rest, there)
        if part:
            drawn.append((fund, part))
        rest -= part
    if rest:
        raise NotEnoughMoneyError(
            "The rules demand that prizes are deposited, and less than this is left. "
            "Record the missing deposit first."
        )
    return tuple(drawn)


def net_parts(gross: Mapping[Fund, int], withheld: int) -> dict[Fund, tuple[int, int]]:
    """Divide what is withheld over the funds a share is paid from: fund to (net, withheld).

    Raises:
        BadDeedError: Less than nothing is withheld, or nothing is left to pay.

    """
    if not 0 <= withheld < sum(gross.values()):
        raise BadDeedError("The tax withheld must be zero or more, and less than the share.")
    parts = split(withheld, list(gross.values()))
    return {
        fund: (minor - part, part) for (fund, minor), part in zip(gross.items(), parts, strict=True)
    }


def promised(plan: ChallengePlan) -> dict[str, int]:
    """Return what the rules promise in each currency, without the fee.

    A progress prize may be won at each of its dates.
    """
    sums: dict[str, int] = {}
    for prize in plan.prizes:
        times = max(1, len(prize.dates)) if prize.kind is PrizeKind.PROGRESS else 1
        money = prize.money
        sums[money.currency] = sums.get(money.currency, 0) + times * money.minor
    return {currency: minor for currency, minor in sums.items() if minor}


def to_secure(plan: ChallengePlan) -> dict[str, int]:
    """Return what has to be put away in each currency: prizes and the fee on top of them."""
    points = plan.escrow.fee_basis_points
    return {currency: minor + flat_fee(minor, points) for currency, minor in promised(plan).items()}


def fee_due(plan: ChallengePlan, funding: Funding) -> int:
    """Return the fee that a deposit pays now: of the promised prizes, from what is beyond them."""
    prizes = promised(plan).get(funding.currency, 0)
    due = flat_fee(prizes, plan.escrow.fee_basis_points) - funding.fee
    beyond = funding.secured - funding.fee - max(prizes, funding.awarded)
    return max(0, min(due, beyond))


def gives_fee_back(plan: ChallengePlan, facts: RefundFacts) -> bool:
    """Tell whether a refund takes the fee with it: a challenge nobody took part in costs none."""
    return not facts.has_entry and _is_due(plan.escrow, facts)


def missing_deposit(plan: ChallengePlan, funding: Iterable[Funding]) -> tuple[Money, ...]:
    """Return what has to be deposited before the challenge may open; empty when it may."""
    if not plan.escrow.is_deposit_required:
        return ()
    secured = {line.currency: line.secured for line in funding}
    return tuple(
        Money(minor - secured.get(currency, 0), currency)
        for currency, minor in to_secure(plan).items()
        if minor > secured.get(currency, 0)
    )


def badge(minor: int, funding: Funding) -> Badge:
    """Say how safe `minor` of prizes in one currency is; its weakest part decides."""
    if funding.deposited >= minor:
        return Badge.DEPOSITED
    if funding.secured >= minor:
        return Badge.HELD_BY_THIRD_PARTY
    return Badge.PLEDGED if funding.total >= minor else Badge.STATED


def check_refund(
    minor: int, *, plan: ChallengePlan, facts: RefundFacts, funding: Funding, available: int
) -> None:
    """Let an organizer have money back by the policy stated at launch.

    What is beyond the promise always goes back. The rest does so while no team has an entry
    (NO_ENTRY, UNBEATEN), when no entry beats the baseline (UNBEATEN), or when every prize is
    decided and nobody won it (both) - but not from an open challenge that demands a deposit. An
    award that was taken back and offered to the next in rank is undecided again.

    Args:
        minor: How much is asked for.
        plan: With the promise and the policy.
        facts: Where the challenge stands.
        funding: In the currency asked for.
        available: What is left in the fund asked for.

    Raises:
        NotEnoughMoneyError: The fund has less.
        RefundNotDueError: Says what the policy is.

    """
    if minor > available:
        raise NotEnoughMoneyError(
            f"Only {Money(available, funding.currency)} of this money is left to give back."
        )
    owed = max(0, to_secure(plan).get(funding.currency, 0) - funding.awarded - funding.fee)
    left = funding.total - funding.awarded - funding.fee
    if left - minor >= owed or _is_due(plan.escrow, facts):
        return
    raise RefundNotDueError(f"Not now: {refund_words(plan.escrow.refund)}")


def refund_words(policy: RefundPolicy) -> str:
    """Say a refund policy in one sentence."""
    return {
        RefundPolicy.NEVER: (
            "a deposit is not given back, but for what exceeds prizes and fee. What nobody wins "
            "stays with whoever holds it, and goes where the rules of the challenge say."
        ),
        RefundPolicy.NO_ENTRY: (
            "a deposit is given back while no team has a scored submission, "
            "and at the end what nobody won."
        ),
        RefundPolicy.UNBEATEN: (
            "a deposit is given back while no team has a scored submission, when no entry beats "
            "the baseline (no place wins a prize then), and at the end what nobody won."
        ),
    }[policy]


def _is_due(plan: EscrowPlan, facts: RefundFacts) -> bool:
    if plan.refund is RefundPolicy.NEVER:
        return False
    if plan.is_deposit_required and facts.state is ChallengeState.OPEN:
        return False
    is_unbeaten = facts.state in _OVER and facts.is_beaten is False
    return (
        not facts.has_entry
        or (facts.state in _DECIDED and facts.is_settled)
        or (plan.refund is RefundPolicy.UNBEATEN and is_unbeaten)
    )


def payment_state(balances: Mapping[AccountKind, int], *, paid: int) -> PaymentState:
    """Say where a share stands, by what is on its accounts and what reached the payee."""
    if balances.get(AccountKind.SENT):
        return PaymentState.SENT
    if balances.get(AccountKind.PAYABLE):
        return PaymentState.PAYABLE
    return PaymentState.PAID if paid else PaymentState.NONE


def check_reversible(wrong: Transaction, on: Mapping[Place, int]) -> None:
    """Let a transaction be taken back while its money is still where it brought it.

    What an award did is undone by steps of the award: else its state and its money would part.

    Raises:
        DeedOfAwardError: It is a step of an award.
        NotEnoughMoneyError: It has moved on.

    """
    if wrong.award_id and wrong.deed is not Deed.TAX_PAID:
        raise DeedOfAwardError(
            "This is a step of an award. On the award's page, record that the payment came back, "
            "or take the award back."
        )
    for line in wrong.postings:
        left = on.get(line.place, 0) - line.minor
        if line.place.kind is not AccountKind.OUTSIDE and left < 0:
            raise NotEnoughMoneyError(
                "The money of this transaction has moved on. Take back what came later first."
            )
