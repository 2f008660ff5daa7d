"""Looks at compiled answers for what would spoil a challenge; its words are for the host alone."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from palio.challenges.contracts import ChallengePlan
from palio.core.errors import Finding
from palio.scoring import registry
from palio.scoring.form import IdKind, TargetColumn, TargetKind
from palio.scoring.key import AnswerKey
from palio.scoring.metrics.base import Column, Columns, UndefinedMetricError

SOLUTION = "solution.csv"
FEW_ROWS = 20
_ORDER_ROWS = 30  # below, a correlation says little
_ORDER_LEAST = 0.2
_ORDER_ERRORS = 5.0  # standard errors of a rank correlation of independent orders
_ORDER_MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    rows: slice


def faults(key: AnswerKey) -> Iterator[Finding]:
    """Give what makes a challenge impossible: a part without rows."""
    for part in _parts(key):
        if part.rows.start == part.rows.stop:
            yield Finding(
                code="answers:no_rows",
                text=f"No row is {part.name}.",
                file=SOLUTION,
                hint="Mark rows as Public and Private in a Usage column, or set public_share.",
            )


def warnings(key: AnswerKey, plan: ChallengePlan) -> Iterator[Finding]:
    """Give what is allowed and doubtful: tiny parts, constant answers, telling ids, metrics."""
    for part in _parts(key):
        rows = part.rows.stop - part.rows.start
        if 0 < rows < FEW_ROWS:
            text = f"Only {rows} rows are {part.name}; chance will decide the order of the board."
            yield _warning("answers:few_rows", text)
        if rows:
            yield from _constant(key, part)
        if rows and plan.own_metric is None:
            yield from _undefined(key, plan, part)
    for place, column in enumerate(key.columns):
        yield from _telling_order(key, column, key.truth[place])


def _parts(key: AnswerKey) -> tuple[_Part, _Part]:
    end = key.public_rows + key.private_rows
    return (
        _Part("public", slice(0, key.public_rows)),
        _Part("private", slice(key.public_rows, end)),
    )


def _warning(code: str, text: str, *, hint: str = "") -> Finding:
    return Finding(code=code, text=text, file=SOLUTION, hint=hint)


def _constant(key: AnswerKey, part: _Part) -> Iterator[Finding]:
    for column, values in zip(key.columns, key.truth, strict=True):
        held = values[part.rows]
        first = held[0]
        if len(held) > 1 and all(value == first for value in held):
            text = f'The answers of "{column.name}" are all the same in the {part.name} part.'
            yield _warning("answers:constant", text)


def _undefined(key: AnswerKey, plan: ChallengePlan, part: _Part) -> Iterator[Finding]:
    rows = part.rows.stop - part.rows.start
    truth = tuple(column[part.rows] for column in key.truth)
    for choice in plan.metrics:
        guess = _guess(plan, rows, is_classes=_takes_classes(choice.name))
        try:
            registry.compute(choice, truth, guess)
        except UndefinedMetricError as error:
            text = f"{choice.name} has no value on the {part.name} part, even for a guess: {error}"
            yield _warning("metric:undefined", text, hint="Does the part hold every class?")


def _takes_classes(metric: str) -> bool:
    return registry.find(metric).columns is Columns.CLASSES


def _guess(plan: ChallengePlan, rows: int, *, is_classes: bool) -> tuple[Column, ...]:
    """Make varied predictions within the declared ranges, the same at every call."""
    chance = np.random.default_rng(rows)
    columns = tuple(_guess_column(target, rows, chance) for target in plan.form.targets)
    if not is_classes:
        return columns
    numbers = [np.asarray(column, dtype=np.float64) for column in columns]
    return tuple(column / sum(numbers) for column in numbers)


def _guess_column(target: TargetColumn, rows: int, chance: np.random.Generator) -> Column:
    if target.kind is TargetKind.ITEMS:
        return [("item",)] * rows
    if target.kind is TargetKind.LABEL:
        return chance.integers(len(target.labels), size=rows, dtype=np.int32)
    low = 0.0 if target.minimum is None else target.minimum
    high = low + 1.0 if target.maximum is None else target.maximum
    return chance.uniform(min(low, high), high, size=rows)


def _telling_order(key: AnswerKey, column: TargetColumn, values: Column) -> Iterator[Finding]:
    if isinstance(values, Sequence) or not _ORDER_ROWS <= len(values) <= _ORDER_MOST_ROWS:
        return
    truth = np.asarray(values, dtype=np.float64)[key.placement]  # in the order of solution.csv
    orders = {"The order of the rows": np.arange(len(truth))}
    if key.ids.kind is IdKind.INTEGER:
        orders["The row ids"] = np.asarray(key.ids.integers, dtype=np.int64)
    for what, order in orders.items():
        strength = abs(_rank_correlation(order, truth))
        if strength > max(_ORDER_LEAST, _ORDER_ERRORS / math.sqrt(len(truth))):
            text = (
                f'{what} in solution.csv tells something about "{column.name}" '
                f"(rank correlation {strength:.2f}), and everybody sees it."
            )
            yield _warning("leak:order", text, hint="Shuffle the rows and give them fresh ids.")


def _rank_correlation(one: NDArray[np.int64], other: NDArray[np.float64]) -> float:
    """Return Spearman's rank correlation, 0 where one side is constant."""
    ranks = [_mean_ranks(values) for values in (one, other)]
    spread = float(np.std(ranks[0]) * np.std(ranks[1]))
    return float(np.cov(ranks[0], ranks[1], bias=True)[0, 1]) / spread if spread else 0.0


def _mean_ranks(values: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middles: NDArray[np.float64] = ends - (counts - 1) / 2.0
    return middles[place]
