"""Where lines lie among the rows, and how much better than the baseline a score is."""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

from palio.leaderboard.views import PlannedLine
from palio.scoring.direction import Direction

WIDE = Context(prec=400)  # a score may be as large as a double
_HUNDREDTH = Decimal("0.01")


def improvement(score: Decimal, *, over: Decimal, direction: Direction) -> Decimal | None:
    """Return by how many percent of the baseline a rounded score is better, to 2 decimals.

    Half to even, on the rounded values, as Netflix printed it: 0.8712 over 0.9514 is 8.43.
    None when the baseline is zero.
    """
    if over == 0:
        return None
    gain = over - score if direction is Direction.LOWER else score - over
    return _plain((gain / abs(over) * 100).quantize(_HUNDREDTH, ROUND_HALF_EVEN, WIDE))


def line_score(
    over: Decimal, *, percent: Decimal, digits: int, direction: Direction
) -> Decimal | None:
    """Return the worst rounded score that is so many percent better than the rounded one `over`.

    Half to even, as Netflix did: 10 % below 0.9525 is 0.8572 (integrity.md §1.4). For a negative
    score a percent is one of its size. Where rounding leads back to `over`, it is the next better
    score there is: what is to be improved on never reaches its own line. None when `over` is zero,
    of which nothing is a percent.
    """
    if over == 0:
        return None
    step = WIDE.multiply(over.copy_abs(), WIDE.divide(percent, Decimal(100)))
    unit = Decimal(1).scaleb(-digits)
    move = WIDE.subtract if direction is Direction.LOWER else WIDE.add
    line = rounded(move(over, step), digits=digits)
    return move(over, unit) if reaches(over, line=line, direction=direction) else line


def reaches(score: Decimal, *, line: Decimal, direction: Direction) -> bool:
    """Say whether a rounded score is at the line or better."""
    return score <= line if direction is Direction.LOWER else score >= line


def rounded(value: Decimal, *, digits: int) -> Decimal:
    """Round half to even to so many decimal places; minus zero becomes zero."""
    if value.as_tuple().exponent == -digits:  # nearly always: metrics come rounded
        return _plain(value)
    return _plain(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN, WIDE))


def _plain(value: Decimal) -> Decimal:
    return value or value.copy_abs()


def score_of(
    line: PlannedLine,
    *,
    scores: Mapping[str, Decimal],
    baseline: Decimal | None,
    digits: int,
    direction: Direction,
) -> Decimal | None:
    """Return where a planned line lies, None where what it is measured from has no score.

    Args:
        line: As planned.
        scores: Of the ranking column, by submission id.
        baseline: Of the ranking column, None without a baseline.
        digits: Of the ranking column.
        direction: Of the ranking column.

    """
    if line.score is not None:
        return rounded(line.score, digits=digits)
    over = scores.get(line.submission_id) if line.submission_id else baseline
    if over is None or line.percent is None:
        return over
    return line_score(over, percent=line.percent, digits=digits, direction=direction)
