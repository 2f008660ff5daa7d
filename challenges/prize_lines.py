"""Finds, before launch, prizes that nobody could win: their line lies nowhere."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from palio.challenges.board_columns import ranking_column
from palio.challenges.board_contracts import ColumnKind, is_named_baseline
from palio.challenges.contracts import ChallengePlan
from palio.challenges.plan_toml import FILE
from palio.challenges.prize_contracts import PrizePlan
from palio.core.errors import Finding
from palio.scoring.card import Score
from palio.scoring.direction import Direction
from palio.scoring.registry import METRICS

CODE = "prize:line"
Parts = tuple[tuple[Score, ...], tuple[Score, ...]]


def faults(plan: ChallengePlan, baselines: Sequence[tuple[str, Parts]]) -> Iterator[Finding]:
    """Say which prizes for an improvement have no score that wins them.

    Args:
        plan: Sound.
        baselines: Label and the scores on both parts of each, best public score first.

    """
    for prize in plan.prizes:
        if prize.improvement is None:
            continue
        if not baselines:
            text = f'Nothing tells what "{prize.title}" is to improve on.'
            hint = "Put predictions into baselines/, one of them called baseline.csv."
            yield Finding(CODE, text, file=FILE, hint=hint)
            continue
        _, parts = min(baselines, key=lambda one: not is_named_baseline(one[0]))
        yield from _without_a_line(plan, prize, parts)


def _without_a_line(plan: ChallengePlan, prize: PrizePlan, parts: Parts) -> Iterator[Finding]:
    column = ranking_column(plan)
    if column.kind is not ColumnKind.METRIC:
        return
    for part, scores in zip(("public", "private"), parts, strict=True):
        over = next((score.rounded for score in scores if score.metric == column.of[0]), None)
        if over is None:
            continue
        if over == 0:
            text = (
                f"The baseline scores {over} on the {part} part, and nothing is a percentage of 0:"
                f' "{prize.title}" has no line.'
            )
            hint = "Name another baseline.csv, or rank by another metric."
            yield Finding(CODE, text, file=FILE, hint=hint)
        elif _is_out_of_reach(plan, prize, over, metric=column.of[0]):
            text = (
                f"No score is {prize.improvement} % better than {over}, what the baseline scores"
                f' on the {part} part: nobody could win "{prize.title}".'
            )
            hint = "Ask for less, or rank by the error (1 - score)."
            yield Finding(CODE, text, file=FILE, hint=hint)


def _is_out_of_reach(plan: ChallengePlan, prize: PrizePlan, over: Decimal, *, metric: str) -> bool:
    known = METRICS.get(metric)
    if known is None or plan.own_metric is not None or prize.improvement is None:
        return False
    gain = over.copy_abs() * prize.improvement / 100
    if known.direction is Direction.LOWER:
        return over - gain < Decimal(known.minimum)
    return over + gain > Decimal(known.maximum)
