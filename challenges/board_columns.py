"""Which columns a board has, and which of them ranks: as declared, or one for each metric."""

from palio.challenges.board_contracts import BoardColumn, ColumnKind
from palio.challenges.contracts import ChallengePlan
from palio.challenges.rules import is_lower_better


def columns_of(plan: ChallengePlan) -> tuple[BoardColumn, ...]:
    """Return the columns in the order they are shown.

    Raises:
        registry.UnknownMetricError: A built-in metric that does not exist.

    """
    return plan.board.columns or tuple(
        BoardColumn(
            name=choice.name,
            title=choice.name,
            kind=ColumnKind.METRIC,
            of=(choice.name,),
            weights=(),
            digits=choice.digits,
            is_lower_better=is_lower_better(plan, place=place),
        )
        for place, choice in enumerate(plan.metrics)
    )


def order_of(plan: ChallengePlan) -> tuple[str, ...]:
    """Return the names of the columns that order the rows, the ranking one first."""
    return plan.board.order or (columns_of(plan)[0].name,)


def ranking_column(plan: ChallengePlan) -> BoardColumn:
    """Return the column that ranks."""
    first, *_ = order_of(plan)
    return next(column for column in columns_of(plan) if column.name == first)
