"""Says beside a private board how its rank intervals came about, or why there are none."""

from palio.challenges.board_contracts import ColumnKind
from palio.challenges.contracts import ChallengePlan
from palio.leaderboard.views import View

OWN_METRIC = "This metric is the organizer's own: no rank intervals are worked out."
NOT_WORKED_OUT = "No rank intervals: they are not worked out for these scores."
UNDEFINED = "No rank intervals: on too many resamples of the private rows the metric has no value."
NO_SUMS = "No rank intervals: what they are made of is not kept for all of these scores."
_COMPUTED = "This board is ranked by {0}, a computed column: no rank intervals are worked out."
_OTHER = "This board is ranked by {0}, not the first metric: no rank intervals are worked out."
_HOW = (
    "Rank intervals hold with 95 % confidence for all lines together. They come from {draws:,}"
    " resamples of the private rows, the same ones for all teams{part}."
)
_FIRST = " Only the first {lines} lines are compared; the others have none."
_PART = ", each of {rows:,} of the {data_rows:,} rows, with the spread scaled to all of them"


def why_none(plan: ChallengePlan, view: View, *, metric: str) -> str:
    """Return why this board can have no rank intervals; empty when it can.

    Args:
        plan: Of the challenge.
        view: How the board is ranked.
        metric: The first one's name, by the active version of scores.

    """
    column = view.first
    if column.kind is not ColumnKind.METRIC:
        return _COMPUTED.format(column.title)
    if plan.own_metric is not None:
        return OWN_METRIC
    return "" if column.of == (metric,) else _OTHER.format(column.title)


def of_sums(*, lines: int, draws: int, ranked: int) -> str:
    """Say how intervals from sums of rows came about; `lines` of `ranked` have one."""
    return NO_SUMS if lines == 0 else _how(draws, "", lines=lines, ranked=ranked)


def of_draws(*, lines: int, ranked: int, draws: int, rows: int, data_rows: int) -> str:
    """Say how intervals from scores on resampled rows came about.

    Args:
        lines: That were compared.
        ranked: All lines with a rank.
        draws: Resamples that counted.
        rows: In each of them.
        data_rows: Private rows of the answers.

    """
    part = "" if rows == data_rows else _PART.format(rows=rows, data_rows=data_rows)
    return _how(draws, part, lines=lines, ranked=ranked)


def _how(draws: int, part: str, *, lines: int, ranked: int) -> str:
    tail = _FIRST.format(lines=lines) if lines < ranked else ""
    return _HOW.format(draws=draws, part=part) + tail
