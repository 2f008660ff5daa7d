"""What must hold between the keys of [board] and the rest of a challenge.toml."""

from collections.abc import Mapping

from palio.challenges.board_contracts import RANK_KINDS, BoardColumn, ColumnKind
from palio.challenges.contracts import ChallengePlan
from palio.challenges.fields import Faults, did_you_mean
from palio.challenges.plan_board import Measure, measures
from palio.challenges.plan_release import check_release
from palio.challenges.rules import in_words
from palio.challenges.toml_lines import KeyPath

_WARNING = (
    "Ranks by ranks depend on who else takes part: a team that comes or goes can swap two others."
)


def check_board(plan: ChallengePlan, faults: Faults) -> None:
    """Note what does not fit together, and what is doubtful, in the board of a plan."""
    board = plan.board
    known = measures(plan.metrics, plan.own_metric)
    for place, column in enumerate(board.columns):
        path: KeyPath = ("board", "columns", place)
        if column.name and column.name in [other.name for other in board.columns[:place]]:
            text = f'Another column is called "{column.name}".'
            faults.add("value:twice", (*path, "name"), text)
        _check_parts(column, known, path, faults)
        _check_weights(column, path, faults)
        if column.kind in RANK_KINDS:
            hint = "Prefer one metric that decides, or a weighted mean of scores."
            faults.warn("board:mean_rank", (*path, "kind"), _WARNING, hint=hint)
    _check_order(plan, known, faults)
    _check_freeze(plan, faults)
    check_release(plan, faults)


def _check_parts(
    column: BoardColumn, known: Mapping[str, Measure], path: KeyPath, faults: Faults
) -> None:
    if not faults.is_sound((*path, "name"), (*path, "of"), ("metrics",), ("metric",)):
        return
    for name in column.of:
        if name not in known:
            key = (
                "of"
                if column.kind is not ColumnKind.METRIC or column.of != (column.name,)
                else "name"
            )
            hint = did_you_mean(name, known) or f"Known: {', '.join(known)}."
            faults.add("value:column", (*path, key), f'There is no metric "{name}".', hint=hint)
    if column.kind is ColumnKind.METRIC and len(column.of) != 1:
        text = "A column of kind metric shows one metric."
        faults.add("value:choice", (*path, "of"), text, hint='Or kind = "sum".')


def _check_weights(column: BoardColumn, path: KeyPath, faults: Faults) -> None:
    if not faults.is_sound((*path, "weights")):
        return
    if column.kind is not ColumnKind.WEIGHTED_MEAN:
        if column.weights:
            text = f"`weights` have no meaning for a column of kind {column.kind}."
            faults.add("value:unused", (*path, "weights"), text, hint="Remove them.")
    elif len(column.weights) != len(column.of):
        text = f"The column has {len(column.of)} metrics and {len(column.weights)} weights."
        faults.add("value:length", (*path, "weights"), text, hint="One weight for each of `of`.")


def _check_order(plan: ChallengePlan, known: Mapping[str, Measure], faults: Faults) -> None:
    columns = [column.name for column in plan.board.columns] or list(known)
    for place, name in enumerate(plan.board.order):
        path: KeyPath = ("board", "order", place)
        if name not in columns and faults.is_sound(path, ("metrics",), ("metric",)):
            hint = did_you_mean(name, columns) or f"Known: {', '.join(columns)}."
            faults.add("value:column", path, f'The board has no column "{name}".', hint=hint)


def _check_freeze(plan: ChallengePlan, faults: Faults) -> None:
    freeze_at, path = plan.board.freeze_at, ("board", "freeze_at")
    if freeze_at is None or not plan.phases or not faults.is_sound(path, ("phases",)):
        return
    opens_at, closes_at = plan.phases[0].opens_at, plan.phases[-1].closes_at
    if not opens_at < freeze_at < closes_at:
        text = (
            "`freeze_at` must lie between the first opening and the last close"
            f" ({in_words(closes_at)})."
        )
        faults.add("time:order", path, text)
