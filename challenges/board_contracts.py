"""What challenge.toml declares of the board: columns, audience, instants, release."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Release(StrEnum):
    """How much of a public score is told, and when (integrity.md §2)."""

    ROUNDED = "rounded"
    LADDER = "ladder"  # a team's shown score moves only by more than a fixed step
    FREE_LADDER = "free_ladder"  # the step follows from the data; can be attacked block by block
    HIDDEN = "hidden"  # nobody sees public scores before the reveal
    DAILY = "daily"  # scores of a day are shown at the end of it


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """The release of the ranking metric's public score.

    Attributes:
        step: Of the LADDER, in units of the score; None for the others.

    """

    kind: Release = Release.ROUNDED
    step: Decimal | None = None


class ColumnKind(StrEnum):
    """Where a column's value comes from."""

    METRIC = "metric"
    SUM = "sum"
    WEIGHTED_MEAN = "weighted_mean"
    MEAN_RANK = "mean_rank"  # these two depend on who else takes part (integrity.md §3.3)
    MEDIAN_RANK = "median_rank"


BASELINE_LABEL = "baseline"
RANK_KINDS = frozenset({ColumnKind.MEAN_RANK, ColumnKind.MEDIAN_RANK})
"""Columns made of ranks: of their values nothing is a percentage."""


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One score column.

    Attributes:
        name: Unique on the board; that of the metric for METRIC.
        of: Names of the metrics it is computed from; the one metric for METRIC.
        weights: One for each of `of` (WEIGHTED_MEAN), else empty.
        digits: Decimal places it is rounded to before anything ranks by it.

    """

    name: str
    title: str
    kind: ColumnKind
    of: tuple[str, ...]
    weights: tuple[Decimal, ...]
    digits: int
    is_lower_better: bool


class Audience(StrEnum):
    """Who sees the board before the reveal."""

    EVERYBODY = "everybody"
    PARTICIPANTS = "participants"
    ORGANIZERS = "organizers"


class PhaseBoards(StrEnum):
    """Whether a team's entries of all phases stand on one board."""

    COMBINED = "combined"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class BoardLine:
    """A pseudo-row the organizer declares, such as a past winner; never ranked.

    Attributes:
        public, private: Its score on each board; None = not shown there.

    """

    title: str
    public: Decimal | None
    private: Decimal | None


def is_named_baseline(label: str) -> bool:
    """Tell whether a baseline is the one that counts by its name; else the best public one does."""
    return label.casefold() == BASELINE_LABEL


@dataclass(frozen=True, slots=True)
class BoardPlan:
    """The board as a declared view.

    Attributes:
        columns: Empty = one for each metric.
        order: Names of columns, the first ranks, the others break ties; empty = the first column.
        freeze_at: From then to the reveal the public board stands still; None = never.
        is_anonymous: Teams have made-up names until the reveal.
        has_late_entries: Submissions after the close are scored, apart from the others.

    """

    columns: tuple[BoardColumn, ...] = ()
    order: tuple[str, ...] = ()
    audience: Audience = Audience.EVERYBODY
    phases: PhaseBoards = PhaseBoards.COMBINED
    freeze_at: datetime | None = None
    is_anonymous: bool = False
    has_late_entries: bool = False
    lines: tuple[BoardLine, ...] = ()
    release: ReleaseRule = field(default_factory=ReleaseRule)
