"""A board's view as one value: all that ranking needs to know, with no database and no numpy."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from palio.challenges.board_contracts import BoardColumn, ColumnKind
from palio.challenges.contracts import EntryRule
from palio.leaderboard.contracts import Board, LineKind
from palio.scoring.direction import Direction


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A line whose score is known once entries are: one of three ways, in this order.

    Attributes:
        score: As declared.
        percent: So much better than `submission_id`, or where that is empty than the baseline.
        submission_id: Without a percentage the line has this entry's own score.

    """

    kind: LineKind
    title: str
    score: Decimal | None = None
    percent: Decimal | None = None
    submission_id: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """How a board is ranked and what it shows.

    Attributes:
        columns: In the order they are shown.
        order: Names of columns: the first one ranks, the others break ties.
        rule: Which of a team's submissions counts.
        finals: How many may be chosen (CHOSEN).
        lower: Metrics for which lower is better; mean and median of ranks need them.
        phases: Id and name of each, in order, where phases have boards of their own; else empty.

    """

    board: Board
    columns: tuple[BoardColumn, ...]
    order: tuple[str, ...]
    rule: EntryRule
    finals: int
    lower: frozenset[str]
    phases: tuple[tuple[str, str], ...] = ()
    lines: tuple[PlannedLine, ...] = ()

    def column(self, name: str) -> BoardColumn:
        """Return a column by its name.

        Raises:
            KeyError: There is none.

        """
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def first(self) -> BoardColumn:
        """The ranking column."""
        return self.column(self.order[0])


def plain(
    board: Board,
    *,
    metric: str,
    digits: int,
    direction: Direction,
    rule: EntryRule = EntryRule.BEST_PUBLIC,
    finals: int = 2,
) -> View:
    """Return the view of one metric and nothing else."""
    is_lower = direction is Direction.LOWER
    column = BoardColumn(metric, metric, ColumnKind.METRIC, (metric,), (), digits, is_lower)
    lower = frozenset({metric} if is_lower else ())
    return View(board, (column,), (metric,), rule, finals, lower)


def direction_of(column: BoardColumn) -> Direction:
    """Say which way a column is better."""
    return Direction.LOWER if column.is_lower_better else Direction.HIGHER


def to_json(view: View) -> str:
    """Write a view for a bundle, so that its board can be ranked again anywhere."""
    return json.dumps(
        {
            "board": view.board,
            "columns": [
                {
                    "name": column.name,
                    "title": column.title,
                    "kind": column.kind,
                    "of": column.of,
                    "weights": [str(weight) for weight in column.weights],
                    "digits": column.digits,
                    "is_lower_better": column.is_lower_better,
                }
                for column in view.columns
            ],
            "order": view.order,
            "rule": view.rule,
            "finals": view.finals,
            "lower": sorted(view.lower),
            "phases": view.phases,
            "lines": lines_to_json(view.lines),
        }
    )


def lines_to_json(lines: Iterable[PlannedLine]) -> list[dict[str, Any]]:
    """Write planned lines."""
    return [
        {
            "kind": line.kind,
            "title": line.title,
            "score": None if line.score is None else str(line.score),
            "percent": None if line.percent is None else str(line.percent),
            "submission_id": line.submission_id,
        }
        for line in lines
    ]


def lines_from_json(read: Iterable[Mapping[str, Any]]) -> tuple[PlannedLine, ...]:
    """Read what `lines_to_json` wrote; raises as `from_json`."""
    return tuple(
        PlannedLine(
            kind=LineKind(line["kind"]),
            title=line["title"],
            score=None if line["score"] is None else Decimal(line["score"]),
            percent=None if line["percent"] is None else Decimal(line["percent"]),
            submission_id=line["submission_id"],
        )
        for line in read
    )


def from_json(text: str) -> View:
    """Read what `to_json` wrote.

    Raises:
        KeyError, ValueError, TypeError, ArithmeticError: It is not such a text.

    """
    read = json.loads(text)
    return View(
        board=Board(read["board"]),
        columns=tuple(
            BoardColumn(
                name=column["name"],
                title=column["title"],
                kind=ColumnKind(column["kind"]),
                of=tuple(column["of"]),
                weights=tuple(Decimal(weight) for weight in column["weights"]),
                digits=column["digits"],
                is_lower_better=column["is_lower_better"],
            )
            for column in read["columns"]
        ),
        order=tuple(read["order"]),
        rule=EntryRule(read["rule"]),
        finals=read["finals"],
        lower=frozenset(read["lower"]),
        phases=tuple((id_, name) for id_, name in read["phases"]),
        lines=lines_from_json(read["lines"]),
    )
