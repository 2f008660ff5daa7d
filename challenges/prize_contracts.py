"""What challenge.toml declares of prizes: who can win them, how they are verified and paid."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from palio.core.money import Money

FIRST_TIMERS = "first-timers"  # a division found by itself: nobody in the team competed before


class TieRule(StrEnum):
    """Who takes a place that two rounded scores share."""

    EARLIER = "earlier"
    SHARED = "shared"  # the places' prizes are pooled and split
    SECONDARY = "secondary"  # the next column of the board decides among the statistically tied


class PrizeKind(StrEnum):
    """What a prize is given for."""

    RANK = "rank"  # a place on the final board
    THRESHOLD = "threshold"  # so much better than the baseline; reaching it ends the challenge
    PROGRESS = "progress"  # so much better than the last verified winner, at declared dates
    DIVISION = "division"  # a place among the teams of one division


@dataclass(frozen=True, slots=True)
class PrizePlan:
    """A prize.

    Attributes:
        rank: The place it is for, 1 = best; 1 for THRESHOLD and PROGRESS.
        improvement: Percent: over the baseline (THRESHOLD), over the last verified winner, or
            before there is one the baseline (PROGRESS); None for the others.
        last_call_days: From the public score that reaches the line to the close (THRESHOLD).
        dates: When the best entry so far is judged (PROGRESS).
        division: Empty but for DIVISION.

    """

    rank: int
    title: str
    money: Money
    kind: PrizeKind = PrizeKind.RANK
    improvement: Decimal | None = None
    last_call_days: int | None = None
    dates: tuple[datetime, ...] = ()
    division: str = ""


class RefundPolicy(StrEnum):
    """When an organizer gets a deposit back; stated at launch."""

    NEVER = "never"
    NO_ENTRY = "no_entry"  # while no team has a valid submission
    UNBEATEN = "unbeaten"  # also when no entry beats the baseline: then no place wins a prize


@dataclass(frozen=True, slots=True)
class EscrowPlan:
    """How prize money is kept.

    Attributes:
        is_deposit_required: The challenge does not open before the prizes are deposited.
        fee_basis_points: The platform's share on top of the prizes, 1/100 of a percent.
        silence_days: So long after verification the organizer may stay silent before the awards
            follow the final board by themselves.

    """

    is_deposit_required: bool = False
    fee_basis_points: int = 0
    refund: RefundPolicy = RefundPolicy.NO_ENTRY
    silence_days: int = 14


class Gate(StrEnum):
    """What must be seen to before an award is payable; documents themselves stay elsewhere."""

    IDENTITY = "identity"
    AGE = "age"
    RESIDENCE = "residence"  # not excluded, sanctions checked
    TAX_FORM = "tax_form"
    LICENCE = "licence"  # signed
    CODE = "code"  # the result reproduced


@dataclass(frozen=True, slots=True)
class VerificationPlan:
    """What winners have to do, and how long they have for it.

    Attributes:
        gates: Those a person has to pass, in this order.
        tolerance: How far the rerun's private score may lie from the entry's; twice the standard
            error of their difference always is allowed.
        hold_days: From eligible to payable.
        reopen_days: The challenge opens again for so long when nobody verifies; None = it ends.

    """

    gates: tuple[Gate, ...] = ()
    reply_days: int = 7
    documents_days: int = 14
    tolerance: Decimal = Decimal(0)
    hold_days: int = 0
    reopen_days: int | None = None
