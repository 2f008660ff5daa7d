"""What stands in the score columns of a row: metrics, and what is computed from them."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from statistics import median

from palio.challenges.board_contracts import RANK_KINDS, BoardColumn, ColumnKind
from palio.leaderboard.lines import WIDE, rounded
from palio.leaderboard.views import View
from palio.submissions.contracts import ScoredEntry

Values = tuple[tuple[str, Decimal], ...]


def ascending(score: Decimal, *, is_lower_better: bool) -> Decimal:
    """Return a key under which better comes first; negating a Decimal would round it."""
    return score if is_lower_better else score.copy_negate()


def own_value(scores: Values, column: BoardColumn) -> Decimal:
    """Return a column's value that depends on one entry alone, rounded.

    Args:
        scores: Rounded metrics of the entry, by name.
        column: No mean or median of ranks.

    Raises:
        KeyError: The entry lacks a metric of the column.

    """
    known = dict(scores)
    parts = [known[name] for name in column.of]
    if column.kind is ColumnKind.METRIC:
        return rounded(parts[0], digits=column.digits)
    weights = column.weights or (Decimal(1),) * len(parts)
    total = Decimal(0)
    for weight, part in zip(weights, parts, strict=True):
        total = WIDE.add(total, WIDE.multiply(weight, part))
    if column.kind is ColumnKind.WEIGHTED_MEAN:
        total = WIDE.divide(total, sum(weights, Decimal(0)))
    return rounded(total, digits=column.digits)


def values_of(
    entries: Sequence[ScoredEntry], *, view: View, is_ranked: Callable[[ScoredEntry], bool]
) -> dict[str, dict[str, Decimal]]:
    """Return every column's value of every entry, by submission id and column name.

    Mean and median of ranks rank each metric among the ranked entries (1-2-2-4, each in its own
    direction); an unranked one gets the ranks it would have (integrity.md §3.3). A column is left
    out of an entry that lacks a metric of it, as while a release rule tells the first one only.
    """
    ranks = _MetricRanks([entry for entry in entries if is_ranked(entry)], view)
    shown: dict[tuple[str, ...], tuple[BoardColumn, ...]] = {}
    found: dict[str, dict[str, Decimal]] = {}
    for entry in entries:
        names = metrics_of(entry)
        if names not in shown:
            shown[names] = tuple(column for column in view.columns if {*column.of} <= {*names})
        found[entry.submission_id] = {
            column.name: (
                ranks.value(entry, column)
                if column.kind in RANK_KINDS
                else own_value(entry.all_rounded, column)
            )
            for column in shown[names]
        }
    return found


def metrics_of(entry: ScoredEntry) -> tuple[str, ...]:
    """Return the names of the metrics an entry has a score for."""
    return tuple(name for name, _ in entry.all_rounded)


def choice_keys(scores: Values, view: View) -> list[Decimal]:
    """Return the keys by which a team's own submissions are compared, better first.

    A rank among all teams says nothing about one team's submissions: there the first metric of
    the column speaks for it.
    """
    known = dict(scores)
    keys = []
    for name in view.order:
        column = view.column(name)
        if column.kind in RANK_KINDS:
            metric = column.of[0]
            keys.append(ascending(known[metric], is_lower_better=metric in view.lower))
        else:
            value = own_value(scores, column)
            keys.append(ascending(value, is_lower_better=column.is_lower_better))
    return keys


class _MetricRanks:
    """Ranks by single metrics among the ranked entries, each metric sorted once."""

    def __init__(self, ranked: Sequence[ScoredEntry], view: View) -> None:
        names = {name for column in view.columns if column.kind in RANK_KINDS for name in column.of}
        self._lower = view.lower
        self._sorted: Mapping[str, list[Decimal]] = {
            name: sorted(self._key(entry, name) for entry in ranked if name in metrics_of(entry))
            for name in names
        }

    def _key(self, entry: ScoredEntry, name: str) -> Decimal:
        return ascending(dict(entry.all_rounded)[name], is_lower_better=name in self._lower)

    def value(self, entry: ScoredEntry, column: BoardColumn) -> Decimal:
        ranks = [1 + bisect_left(self._sorted[name], self._key(entry, name)) for name in column.of]
        if column.kind is ColumnKind.MEDIAN_RANK:
            return rounded(Decimal(median(ranks)), digits=column.digits)
        return rounded(WIDE.divide(Decimal(sum(ranks)), Decimal(len(ranks))), digits=column.digits)
