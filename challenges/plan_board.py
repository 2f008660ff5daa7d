"""Reads what challenge.toml says of the board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from palio.challenges.board_contracts import (
    RANK_KINDS,
    Audience,
    BoardColumn,
    BoardLine,
    BoardPlan,
    ColumnKind,
    PhaseBoards,
)
from palio.challenges.contracts import OwnMetric
from palio.challenges.fields import Section
from palio.challenges.plan_programs import Better
from palio.challenges.plan_release import read_release
from palio.scoring.card import MetricChoice
from palio.scoring.direction import Direction
from palio.scoring.registry import METRICS

_RANK_DIGITS = 2
_LARGEST = Decimal("1e300")
_TITLES = MappingProxyType(
    {
        ColumnKind.SUM: "Sum",
        ColumnKind.WEIGHTED_MEAN: "Weighted mean",
        ColumnKind.MEAN_RANK: "Mean rank",
        ColumnKind.MEDIAN_RANK: "Median rank",
    }
)


@dataclass(frozen=True, slots=True)
class Measure:
    """What a column may be made of: one metric of the challenge."""

    name: str
    digits: int
    is_lower_better: bool


def measures(metrics: Sequence[MetricChoice], own_metric: OwnMetric | None) -> dict[str, Measure]:
    """Return the challenge's metrics by name; unknown ones are left out."""
    if own_metric is not None:
        return {
            choice.name: Measure(choice.name, choice.digits, own.is_lower_better)
            for choice, own in zip(metrics, own_metric.scores, strict=True)
        }
    return {
        choice.name: Measure(choice.name, choice.digits, found.direction is Direction.LOWER)
        for choice in metrics
        if (found := METRICS.get(choice.name)) is not None
    }


def read_board(
    section: Section | None, *, known: Mapping[str, Measure]
) -> tuple[BoardPlan, datetime | None]:
    """Read the table ``[board]``: the view, and the instant of the reveal if one is declared.

    Args:
        section: The table, None where there is none.
        known: The challenge's metrics, see `measures`.

    """
    if section is None:
        return BoardPlan(), None
    reveal_at = section.optional_instant("reveal_at")
    board = BoardPlan(
        columns=tuple(_column(one, known) for one in section.sections("columns")),
        order=section.texts("order"),
        audience=section.choice("audience", Audience, default=Audience.EVERYBODY),
        phases=section.choice("phases", PhaseBoards, default=PhaseBoards.COMBINED),
        freeze_at=section.optional_instant("freeze_at"),
        is_anonymous=section.flag("anonymous"),
        has_late_entries=section.flag("late_entries"),
        lines=tuple(_line(one) for one in section.sections("lines")),
        release=read_release(section.section("release")),
    )
    section.close()
    return board, reveal_at


def _column(section: Section, known: Mapping[str, Measure]) -> BoardColumn:
    name = section.text("name", most=40)
    kind = section.choice("kind", ColumnKind, default=ColumnKind.METRIC)
    of = section.texts("of") or ((name,) if kind is ColumnKind.METRIC else tuple(known))
    parts = [known[each] for each in of if each in known]
    title = section.text("title", default="", most=60)
    column = BoardColumn(
        name=name,
        title=title or _TITLES.get(kind) or name,
        kind=kind,
        of=of,
        weights=_weights(section),
        digits=_digits(section, kind, parts),
        is_lower_better=_is_lower_better(section, kind, parts),
    )
    section.close()
    return column


def _weights(section: Section) -> tuple[Decimal, ...]:
    found = section.raw("weights")
    if found is None:
        return ()
    is_list = isinstance(found, list) and bool(found)
    if not is_list or any(
        isinstance(each, bool) or not isinstance(each, int | float) or not 0 < each <= _LARGEST
        for each in found
    ):
        text = "`weights` must be a list of numbers above 0, one for each of `of`."
        section.fault("value:type", "weights", text, hint="weights = [2, 1]")
        return ()
    return tuple(Decimal(repr(each)) for each in found)


def _digits(section: Section, kind: ColumnKind, parts: Sequence[Measure]) -> int:
    own = max((part.digits for part in parts), default=4)
    default = _RANK_DIGITS if kind in RANK_KINDS else own
    return section.whole("digits", default=default, least=0, most=15)


def _is_lower_better(section: Section, kind: ColumnKind, parts: Sequence[Measure]) -> bool:
    declared = section.raw("better") is not None
    better = section.choice("better", Better, default=Better.LOWER)
    is_lower = {True} if kind in RANK_KINDS else {part.is_lower_better for part in parts}
    if not declared and len(is_lower) > 1:
        text = "The metrics of this column differ in which way is better."
        hint = 'Say which way the column is better: better = "higher".'
        section.fault("key:missing", "better", text, hint=hint)
    natural = is_lower.pop() if len(is_lower) == 1 else better is Better.LOWER
    if (
        declared
        and natural is not (better is Better.LOWER)
        and kind
        in {
            ColumnKind.METRIC,
            *RANK_KINDS,
        }
    ):
        text = "`better` contradicts the metric." if parts else "`better` contradicts the column."
        section.fault("value:choice", "better", text, hint="Remove it.")
    return better is Better.LOWER if declared else natural


def _line(section: Section) -> BoardLine:
    line = BoardLine(
        title=section.text("title", most=60),
        public=section.decimal("public", least=-_LARGEST, most=_LARGEST),
        private=section.decimal("private", least=-_LARGEST, most=_LARGEST),
    )
    if line.public is None and line.private is None and section.is_sound("public", "private"):
        text = "A line needs a score: `public`, `private` or both."
        section.fault("key:missing", "title", text, hint="public = 0.8712")
    section.close()
    return line
