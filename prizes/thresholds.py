"""Lines to reach: the score that a threshold prize asks for, on a board as it stands."""

from collections.abc import Iterable
from decimal import Decimal

from palio.challenges.board_columns import ranking_column
from palio.challenges.board_contracts import RANK_KINDS, BoardColumn
from palio.challenges.contracts import ChallengePlan
from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.leaderboard import lines
from palio.leaderboard.contracts import Standing
from palio.leaderboard.lines import line_score, reaches
from palio.leaderboard.views import direction_of
from palio.prizes.allocation import threshold_pot
from palio.submissions.contracts import SubmissionKind


def baseline_score(standings: Iterable[Standing]) -> Decimal | None:
    """Return the score of the baseline that a board's improvements are measured from, if any."""
    return next((line.score for line in standings if line.is_measure), None)


def line_of(plan: ChallengePlan, prize: PrizePlan, *, reference: Decimal) -> Decimal | None:
    """Return the worst rounded score that wins: so many percent better than the reference.

    Half to even, as Netflix printed its lines (integrity.md §1.4): 10 % below 0.9525 is 0.8572.
    None where there is no such score: the reference is zero, or the column is made of ranks, of
    which a percentage means nothing.

    Raises:
        ValueError: The prize asks for no improvement.

    """
    if prize.improvement is None:
        raise ValueError(f"the prize {prize.title!r} asks for no improvement")
    column = ranking_column(plan)
    if column.kind in RANK_KINDS:
        return None
    return line_score(
        reference,
        percent=prize.improvement,
        digits=column.digits,
        direction=direction_of(column),
    )


def rounded(score: Decimal, column: BoardColumn) -> Decimal:
    """Return a score as its column shows it."""
    return lines.rounded(score, digits=column.digits)


def is_reached(plan: ChallengePlan, score: Decimal, *, line: Decimal) -> bool:
    """Tell whether a rounded score wins."""
    return reaches(score, line=line, direction=direction_of(ranking_column(plan)))


def teams_beyond(plan: ChallengePlan, standings: Iterable[Standing]) -> dict[str, frozenset[str]]:
    """Return by pot of each threshold prize the teams whose row reaches its line; none without one.

    Args:
        plan: What the prizes ask for.
        standings: The private board, baselines included.

    """
    rows = tuple(standings)
    reference = baseline_score(rows)
    found: dict[str, frozenset[str]] = {}
    for number, prize in enumerate(plan.prizes):
        if prize.kind is not PrizeKind.THRESHOLD or reference is None:
            continue
        line = line_of(plan, prize, reference=reference)
        if line is None:
            continue
        found[threshold_pot(number)] = frozenset(
            row.team_id
            for row in rows
            if row.kind is SubmissionKind.COMPETITOR and is_reached(plan, row.score, line=line)
        )
    return found
