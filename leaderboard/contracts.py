"""A board as values: rows in rank order, ready to be shown to the audience they were made for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from palio.submissions.contracts import SubmissionKind


class Board(StrEnum):
    """Which board: by part of the holdout, and those after the bell apart."""

    PUBLIC = "public"
    PRIVATE = "private"
    LATE = "late"  # after the bell: public scores until the reveal, private ones after it


class LineKind(StrEnum):
    """What a line among the rows stands for (Netflix: red lines are prizes, blue ones systems)."""

    PRIZE = "prize"  # the score that wins a threshold prize, such as the grand prize
    PROGRESS = "progress"  # the score that wins the next progress prize
    VERIFIED = "verified"  # the score of an entry that has won a progress prize
    DECLARED = "declared"  # by the organizer, such as the winner of another year


@dataclass(frozen=True, slots=True)
class Column:
    """One score column as it is shown.

    Attributes:
        order: 1 = the ranking column, 2, 3 … break ties in this order, 0 = shown only.

    """

    name: str
    title: str
    digits: int
    is_lower_better: bool
    order: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of a board.

    Attributes:
        rank: 1-2-2-4; None for baselines and host entries, which stand where they would.
        score: Of the ranking column.
        scores: Of every column, in the order they are shown.
        improvement: Percent better than the baseline, None without one.
        entries: How many scored submissions the team has.
        rank_low, rank_high: The ranks the row could have by chance (95 %), None where not known.
        is_tied_with_first: Statistically; the order of the rows never follows it.
        is_measure: It is the baseline that improvements and prize lines are measured from.

    """

    rank: int | None
    team_id: str
    name: str
    members: tuple[str, ...]  # handles
    kind: SubmissionKind
    score: Decimal
    scores: tuple[tuple[str, Decimal], ...]
    improvement: Decimal | None
    entries: int
    submission_id: str
    received_at: datetime
    rank_low: int | None = None
    rank_high: int | None = None
    is_tied_with_first: bool = False
    is_measure: bool = False


@dataclass(frozen=True, slots=True)
class Chance:
    """What is known of a row's rank beyond the rounded score; see `Standing`."""

    rank_low: int | None = None
    rank_high: int | None = None
    is_tied_with_first: bool = False


@dataclass(frozen=True, slots=True)
class Certainty:
    """What is known of a board's ranks beyond the rounded scores.

    Attributes:
        lines: By submission id; what is not in here is not known.
        words: How it was worked out, or why not.

    """

    lines: Mapping[str, Chance]
    words: str


@dataclass(frozen=True, slots=True)
class VerifiedEntry:
    """An entry that has won a progress prize: a line of its own, and the next one's measure."""

    submission_id: str
    title: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A line among the rows of a board; never ranked, no submission stands behind it.

    Attributes:
        position: How many rows of the board stand above it.

    """

    kind: LineKind
    title: str
    score: Decimal
    improvement: Decimal | None
    position: int


@dataclass(frozen=True, slots=True)
class PhaseBoard:
    """The board of an earlier phase, where phases stand apart; no prize is given by it."""

    phase: str
    standings: tuple[Standing, ...]
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One computed board; `etag` changes exactly when a row does.

    Attributes:
        standings: The board: of all phases, or of the last one where phases stand apart.
        phase: The name of that last phase; empty where phases stand together.
        earlier: The boards of the phases before it, in order.
        is_anonymous: The names are made up; they are real after the reveal.
        chance_words: How rank intervals were worked out, or why there are none; empty before the
            reveal, and on boards made before there were such words.

    """

    challenge_id: str
    board: Board
    version: int
    etag: str
    made_at: datetime
    rule: str  # how it is ranked, in one sentence
    standings: tuple[Standing, ...]
    columns: tuple[Column, ...] = ()
    lines: tuple[Line, ...] = ()
    phase: str = ""
    earlier: tuple[PhaseBoard, ...] = ()
    is_anonymous: bool = False
    chance_words: str = ""
