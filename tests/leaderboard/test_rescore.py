"""What changes between two boards, by pure values."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from palio.leaderboard.contracts import Board, Standing
from palio.leaderboard.rescore import board_change
from palio.leaderboard.rescore_contracts import RowChange
from palio.submissions.contracts import SubmissionKind

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def board(*teams: tuple[str, int]) -> list[Standing]:
    """Rows of teams with scores; lower is better, equal scores share a rank."""
    rows = sorted(teams, key=lambda team: team[1])
    scores = [score for _, score in rows]
    return [
        Standing(
            rank=scores.index(score) + 1,
            team_id=name,
            name=name.title(),
            members=(),
            kind=SubmissionKind.COMPETITOR,
            score=Decimal(score),
            scores=(),
            improvement=None,
            entries=1,
            submission_id=name,
            received_at=NOW,
        )
        for name, score in rows
    ]


def test_a_changed_row_has_both_sides_and_a_lost_one_comes_last() -> None:
    change = board_change(
        Board.PUBLIC, board(("a", 1), ("b", 2), ("c", 3)), board(("b", 1), ("c", 3)), places=1
    )
    assert change.rows == (
        RowChange("b", "B", 2, 1, Decimal(2), Decimal(1)),
        RowChange("c", "C", 3, 2, Decimal(3), Decimal(3)),
        RowChange("a", "A", 1, None, Decimal(1), None),
    )
    assert (change.unchanged, change.entering, change.leaving) == (0, ("B",), ("A",))


def test_without_prizes_nobody_enters_or_leaves() -> None:
    change = board_change(Board.PUBLIC, board(("a", 1)), board(("b", 1)), places=0)
    assert (change.entering, change.leaving) == ((), ())


teams = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3)).map(
    lambda found: board(*found.items())
)


@given(before=teams, after=teams, places=st.integers(0, 3))
def test_back_and_forth_are_mirror_images(
    before: list[Standing], after: list[Standing], places: int
) -> None:
    there = board_change(Board.PUBLIC, before, after, places=places)
    back = board_change(Board.PUBLIC, after, before, places=places)
    assert {(row.team_id, row.rank_before, row.rank_after) for row in there.rows} == {
        (row.team_id, row.rank_after, row.rank_before) for row in back.rows
    }
    assert (set(there.entering), set(there.leaving)) == (set(back.leaving), set(back.entering))
    names = {row.team_id for row in (*before, *after)}
    assert len(there.rows) + there.unchanged == len(names)


@given(same=teams, places=st.integers(0, 3))
def test_a_board_beside_itself_has_no_change(same: list[Standing], places: int) -> None:
    change = board_change(Board.PUBLIC, same, same, places=places)
    assert (change.rows, change.entering, change.leaving) == ((), (), ())
