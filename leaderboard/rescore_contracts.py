"""What a rescore set would change on boards, as values for its host."""

from dataclasses import dataclass
from decimal import Decimal

from palio.leaderboard.contracts import Board


@dataclass(frozen=True, slots=True)
class RowChange:
    """One team (or baseline) whose place or score on a board is another one.

    Attributes:
        rank_before, rank_after: None = without a rank, or not on the board.
        score_before, score_after: None = not on the board.

    """

    team_id: str
    name: str
    rank_before: int | None
    rank_after: int | None
    score_before: Decimal | None
    score_after: Decimal | None


@dataclass(frozen=True, slots=True)
class BoardChange:
    """What changes on one board.

    Attributes:
        rows: Changed rows, in the order of the board after.
        unchanged: How many rows stay as they are.
        entering, leaving: Names of teams that come to a prize place, or off one.

    """

    board: Board
    rows: tuple[RowChange, ...]
    unchanged: int
    entering: tuple[str, ...]
    leaving: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What applying a rescore set would change.

    Attributes:
        private: The board that decides; None before the reveal, when nobody sees it.
        private_changed: How many submissions get another score on the private part.

    """

    public: BoardChange
    private: BoardChange | None
    private_changed: int
