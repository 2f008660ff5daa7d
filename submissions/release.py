"""How much of a public score is told: pure rules, one step of a fold over a team's submissions.

Ladder: Blum, Hardt, The Ladder: A Reliable Leaderboard for Machine Learning Competitions, ICML
2015. What is compared is lower-is-better; the caller turns the sign where it is not.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal

from palio.challenges.board_contracts import Release, ReleaseRule
from palio.challenges.rules import in_words, quota_window

LADDERS = frozenset({Release.LADDER, Release.FREE_LADDER})
TOLERANCE = Decimal("1e-12")
"""An improvement by exactly the step must not count, whatever the last bit says (README of
Ladder.jl: three of six wrong after four, one flip)."""

_WIDE = Context(prec=400, rounding=ROUND_HALF_EVEN)  # a score may be as large as a double


@dataclass(frozen=True, slots=True)
class Held:
    """Where a team's shown score stands.

    Attributes:
        value: What the next submission has to beat.
        shown: The score as it is told.
        submission_id: Of the submission that set it.

    """

    value: Decimal
    shown: Decimal
    submission_id: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A scored submission that asks for its score to be told.

    Attributes:
        value: Compared, lower is better: the score (LADDER), the mean loss (FREE_LADDER).
        rounded: The score to the metric's digits.
        is_negated: `value` is minus the score, for higher scores are better.

    """

    submission_id: str
    value: float
    rounded: Decimal
    is_negated: bool = False


def release(
    held: Held | None, *, score: Offer, error: float, rule: ReleaseRule
) -> tuple[Held | None, Decimal]:
    """Tell a score, or the team's old one again.

    - LADDER: the score rounded to the nearest multiple of the step, if it is better than what is
      shown by more than the step.
    - FREE_LADDER: the score, if its mean loss is better than the best by more than `error`.
    - all others: the score; when it is told is the business of `visible_at`.

    Args:
        held: Of the team, None before its first score.
        score: Of the submission.
        error: Standard error of the difference of its mean loss and that of `held`
            (FREE_LADDER).
        rule: Of the challenge.

    Returns:
        What the team holds now, and what is shown for this submission.

    """
    if rule.kind not in LADDERS:
        return None, score.rounded
    value = Decimal(repr(score.value))
    is_free = rule.kind is Release.FREE_LADDER
    margin = Decimal(repr(error)) + TOLERANCE if is_free else rule.step or Decimal(0)
    if held is not None and value >= _WIDE.subtract(held.value, margin):
        return held, held.shown
    if is_free:
        return Held(value, score.rounded, score.submission_id), score.rounded
    kept = nearest_multiple(value, step=margin)
    shown = -kept if score.is_negated and kept else abs(kept) if kept == 0 else kept
    return Held(kept, shown, score.submission_id), shown


def nearest_multiple(value: Decimal, *, step: Decimal) -> Decimal:
    """Return the multiple of `step` nearest to `value`, the even one of two."""
    count = _WIDE.to_integral_value(_WIDE.divide(value, step))
    return _WIDE.quantize(_WIDE.multiply(count, step), step)


def visible_at(rule: ReleaseRule, *, scored_at: datetime, zone: str) -> datetime | None:
    """Return from when a score is told; None = from the reveal.

    Args:
        rule: Of the challenge.
        scored_at: When scoring ended.
        zone: In which the quota of the phase counts days.

    """
    if rule.kind is Release.HIDDEN:
        return None
    if rule.kind is Release.DAILY:
        return quota_window(zone, now=scored_at).next_day_at
    return scored_at


def words(rule: ReleaseRule, *, is_told: bool, told_at: datetime | None) -> str:
    """Say to a team why its submission shows the score it shows, or none."""
    match rule.kind:
        case Release.ROUNDED:
            return ""
        case Release.LADDER:
            return (
                f"Shown is your team's best score so far, in steps of {rule.step}:"
                " it moves only when a submission is better by more than one step."
            )
        case Release.FREE_LADDER:
            return (
                "Shown is your team's best score so far: it moves only when a submission is"
                " better by more than chance explains."
            )
        case Release.HIDDEN:
            return "" if is_told else "Public scores are shown at the reveal."
        case Release.DAILY:
            return "" if is_told or told_at is None else f"Its score is shown {in_words(told_at)}."
