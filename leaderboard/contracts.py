"""A board as values: rows in rank order, ready to be shown to the audience they were made for."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from palio.submissions.contracts import SubmissionKind


class Board(StrEnum):
    """Which part of the holdout a board shows."""

    PUBLIC = "public"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of a board.

    Attributes:
        rank: 1-2-2-4; None for baseline lines.
        improvement: Percent better than the baseline, None without one.
        entries: How many scored submissions the team has.

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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One computed board; `etag` changes exactly when a row does."""

    challenge_id: str
    board: Board
    version: int
    etag: str
    made_at: datetime
    rule: str  # how it is ranked, in one sentence
    standings: tuple[Standing, ...]
