"""Ranking by a declared view: computed columns, tie-breaking order, lines, phases, kinds."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.challenges.board_contracts import BoardColumn, ColumnKind
from palio.challenges.contracts import EntryRule
from palio.leaderboard import lines, ranking, views
from palio.leaderboard.contracts import Board, LineKind
from palio.leaderboard.views import PlannedLine, View, plain
from palio.scoring.direction import Direction
from palio.submissions.contracts import ScoredEntry, SubmissionKind

START = datetime(2009, 7, 26, 18, tzinfo=UTC)
RMSE = plain(Board.PUBLIC, metric="rmse", digits=4, direction=Direction.LOWER)


def entry(
    team: str,
    *scores: str,
    kind: SubmissionKind = SubmissionKind.COMPETITOR,
    minute: int = 0,
    phase: str = "",
    id_: str = "",
) -> ScoredEntry:
    names = ("auc", "size") if len(scores) > 1 else ("rmse",)
    rounded = tuple(zip(names, map(Decimal, scores), strict=True))
    is_baseline = kind is SubmissionKind.BASELINE
    return ScoredEntry(
        submission_id=id_ or f"{team}-{minute}",
        team_id="" if is_baseline else team,
        kind=kind,
        label=team if is_baseline else "",
        received_at=START + timedelta(minutes=minute),
        is_chosen=False,
        public=rounded[0][1],
        rounded=rounded[0][1],
        all_rounded=rounded,
        phase_id=phase,
        all_public=rounded,
    )


def column(kind: ColumnKind, *, digits: int = 2, weights: tuple[str, ...] = ()) -> BoardColumn:
    return BoardColumn(
        name=kind.value,
        title=kind.value,
        kind=kind,
        of=("auc", "size"),
        weights=tuple(map(Decimal, weights)),
        digits=digits,
        is_lower_better=True,
    )


AUC = BoardColumn("auc", "auc", ColumnKind.METRIC, ("auc",), (), 2, is_lower_better=False)
SIZE = BoardColumn("size", "size", ColumnKind.METRIC, ("size",), (), 0, is_lower_better=True)


def view(*columns: BoardColumn, order: tuple[str, ...] = ()) -> View:
    return View(
        board=Board.PUBLIC,
        columns=columns,
        order=order or (columns[0].name,),
        rule=EntryRule.BEST_PUBLIC,
        finals=2,
        lower=frozenset({"size"}),
    )


def places(entries: list[ScoredEntry], how: View) -> list[tuple[int | None, str]]:
    return [(row.rank, row.entry.team_id) for row in ranking.rank(entries, view=how).rows]


# A12: metrics (.9, 5), (.8, 1), (.7, 3), larger and smaller better (integrity.md §3.3)
THREE = [entry("a", "0.9", "5"), entry("b", "0.8", "1"), entry("c", "0.7", "3")]


def test_mean_rank_gives_the_ranks_of_the_published_example() -> None:
    rows = ranking.rank(THREE, view=view(column(ColumnKind.MEAN_RANK, digits=1), AUC, SIZE)).rows
    assert [(row.rank, row.entry.team_id, row.score) for row in rows] == [
        (1, "b", Decimal("1.5")),
        (2, "a", Decimal("2.0")),
        (3, "c", Decimal("2.5")),
    ]
    assert rows[0].values == (
        ("mean_rank", Decimal("1.5")),
        ("auc", Decimal("0.80")),
        ("size", Decimal(1)),
    )
    assert rows[0].improvement is None


def test_median_rank_differs_from_the_mean_where_one_metric_is_extreme() -> None:
    how = replace(column(ColumnKind.MEDIAN_RANK), of=("auc", "auc", "size"))
    assert places(THREE, view(how)) == [(1, "a"), (2, "b"), (3, "c")]


def test_a_team_that_comes_can_swap_two_others_in_a_mean_of_ranks() -> None:
    how = view(column(ColumnKind.MEAN_RANK))
    two = [entry("a", "0.9", "5"), entry("b", "0.8", "4"), entry("z", "0.1", "1")]
    assert places(two, how)[:2] == [(1, "a"), (1, "b")]  # equal means; the input order decides
    between = [*two, entry("y", "0.85", "6")]  # better than b in one, worse than both in the other
    assert places(between, how)[0] == (1, "a")
    other = [*two, entry("y", "0.1", "4.5")]
    assert places(other, how)[0] == (1, "b")


def test_unranked_rows_do_not_move_the_ranks_that_a_mean_is_made_of() -> None:
    how = view(column(ColumnKind.MEAN_RANK))
    host = entry("h", "0.95", "0", kind=SubmissionKind.HOST)
    rows = ranking.rank([*THREE, host], view=how).rows
    assert [(row.rank, row.entry.team_id) for row in rows] == [
        (None, "h"),
        (1, "b"),
        (2, "a"),
        (3, "c"),
    ]
    assert [row.score for row in rows] == [1, Decimal("1.5"), 2, Decimal("2.5")]


@pytest.mark.parametrize(
    ("kind", "weights", "scores"),
    [
        (ColumnKind.SUM, (), ["1.80", "3.70", "5.90"]),
        (ColumnKind.WEIGHTED_MEAN, ("3", "1"), ["0.85", "1.28", "1.92"]),
    ],
)
def test_sums_and_means_are_exact_and_rounded_half_to_even(
    kind: ColumnKind, weights: tuple[str, ...], scores: list[str]
) -> None:
    rows = ranking.rank(THREE, view=view(column(kind, weights=weights))).rows
    assert [row.entry.team_id for row in rows] == ["b", "c", "a"]
    assert [row.score for row in rows] == [Decimal(score) for score in scores]


def test_further_columns_break_ties_each_in_its_direction() -> None:
    tied = [entry("a", "0.9", "5"), entry("b", "0.9", "1", minute=9), entry("c", "0.9", "1")]
    assert places(tied, view(AUC, SIZE)) == [(1, "a"), (1, "c"), (1, "b")]
    assert places(tied, view(AUC, SIZE, order=("auc", "size"))) == [(1, "c"), (1, "b"), (3, "a")]


def test_a_column_is_rounded_before_anything_ranks_by_it() -> None:
    close = [entry("a", "0.904", "5", minute=1), entry("b", "0.8995", "1")]
    assert places(close, view(AUC)) == [(1, "b"), (1, "a")]


def test_a_column_whose_metric_is_not_told_yet_is_left_out_of_the_row() -> None:
    told = replace(THREE[0], all_rounded=(("auc", Decimal("0.9")),), all_public=())
    (row,) = ranking.rank([told], view=view(AUC, SIZE)).rows
    assert row.values == (("auc", Decimal("0.90")),)
    assert ranking.rank([told], view=view(SIZE)).rows == ()  # nothing to rank it by


@pytest.mark.parametrize(
    ("baseline", "percent", "line"),
    [
        ("0.9514", "10", "0.8563"),  # A8: the grand prize on the quiz set
        ("0.9525", "10", "0.8572"),  # and on the test set; half up would give 0.8573
        ("0.8712", "1", "0.8625"),  # the progress prize of 2008
    ],
)
def test_prize_lines_are_the_ones_netflix_printed(baseline: str, percent: str, line: str) -> None:
    found = lines.line_score(
        Decimal(baseline), percent=Decimal(percent), digits=4, direction=Direction.LOWER
    )
    assert found == Decimal(line)


@pytest.mark.parametrize(
    ("score", "over", "percent"),
    [
        ("0.8712", "0.9514", "8.43"),
        ("0.8625", "0.9514", "9.34"),
        ("0.8616", "0.9514", "9.44"),
        ("0.8558", "0.9514", "10.05"),
        ("0.8554", "0.9514", "10.09"),
        ("0.8553", "0.9514", "10.10"),
        ("0.8567", "0.9525", "10.06"),
        ("0.8554", "0.9525", "10.19"),
    ],
)
def test_percentages_are_the_ones_netflix_printed(score: str, over: str, percent: str) -> None:
    gain = lines.improvement(Decimal(score), over=Decimal(over), direction=Direction.LOWER)
    assert gain == Decimal(percent)


def test_lines_stand_where_their_score_puts_them_below_rows_that_reach_them() -> None:
    how = replace(
        RMSE,
        lines=(
            PlannedLine(LineKind.PRIZE, "Grand prize", percent=Decimal(10)),
            PlannedLine(
                LineKind.PROGRESS, "Progress", percent=Decimal(1), submission_id="korbell-0"
            ),
            PlannedLine(LineKind.VERIFIED, "2007", submission_id="korbell-0"),
            PlannedLine(LineKind.DECLARED, "Mean", score=Decimal("1.05404")),
        ),
    )
    board = ranking.rank(
        [
            entry("baseline", "0.9514", kind=SubmissionKind.BASELINE),
            entry("korbell", "0.8712"),
            entry("bpc", "0.8563", minute=3),
        ],
        view=how,
    )
    assert [(row.entry.team_id, row.score) for row in board.rows] == [
        ("bpc", Decimal("0.8563")),
        ("korbell", Decimal("0.8712")),
        ("", Decimal("0.9514")),
    ]
    assert [(line.title, line.score, line.improvement, line.position) for line in board.lines] == [
        ("Grand prize", Decimal("0.8563"), Decimal("10.00"), 1),
        ("Progress", Decimal("0.8625"), Decimal("9.34"), 1),
        ("2007", Decimal("0.8712"), Decimal("8.43"), 2),
        ("Mean", Decimal("1.0540"), Decimal("-10.78"), 3),
    ]


def test_lines_without_a_measure_and_boards_of_ranks_have_no_lines() -> None:
    prize = PlannedLine(LineKind.PRIZE, "Grand prize", percent=Decimal(10))
    assert ranking.rank([entry("a", "0.9")], view=replace(RMSE, lines=(prize,))).lines == ()
    how = replace(view(column(ColumnKind.MEAN_RANK)), lines=(prize,))
    baseline = entry("baseline", "0.5", "9", kind=SubmissionKind.BASELINE)
    assert ranking.rank([*THREE, baseline], view=how).lines == ()


def test_host_and_baseline_entries_are_marked_and_unranked_and_late_ones_are_elsewhere() -> None:
    entries = [
        entry("a", "0.5"),
        entry("h", "0.4", kind=SubmissionKind.HOST),
        entry("b", "0.6"),
        entry("l", "0.1", kind=SubmissionKind.LATE),
        entry("base", "0.5", kind=SubmissionKind.BASELINE),
    ]
    assert places(entries, RMSE) == [(None, "h"), (1, "a"), (None, ""), (2, "b")]
    assert places(entries, replace(RMSE, board=Board.LATE)) == [(1, "l"), (None, "")]


def test_every_submission_has_a_row_where_all_count() -> None:
    entries = [entry("a", "0.5"), entry("a", "0.3", minute=1), entry("b", "0.4")]
    how = replace(RMSE, rule=EntryRule.ALL)
    assert places(entries, how) == [(1, "a"), (2, "b"), (3, "a")]
    assert [row.entries for row in ranking.rank(entries, view=how).rows] == [1, 1, 1]


PHASES = (("p1", "practice"), ("p2", "final"))


def test_phases_apart_have_boards_of_their_own_and_the_last_one_decides() -> None:
    entries = [
        entry("a", "0.5", phase="p1"),
        entry("b", "0.6", phase="p1"),
        entry("b", "0.4", minute=1, phase="p2"),
        entry("base", "0.7", kind=SubmissionKind.BASELINE, phase="p1"),
    ]
    how = replace(RMSE, phases=PHASES)
    board = ranking.rank(entries, view=how)
    assert board.phase == "final"
    assert [(row.rank, row.entry.team_id) for row in board.rows] == [(1, "b"), (None, "")]
    (first,) = board.earlier
    assert first.phase == "practice"
    assert [(row.rank, row.entry.team_id) for row in first.rows] == [(1, "a"), (2, "b"), (None, "")]
    assert ranking.rank(entries[:2], view=how).phase == "practice"  # nobody in the last one yet
    private = ranking.rank(entries[:2], view=replace(how, board=Board.PRIVATE))
    assert (private.phase, private.rows) == ("final", ())
    assert ranking.rank(entries, view=RMSE).earlier == ()


rows = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.decimals(min_value=-2, max_value=2, places=2).map(str),
        st.integers(-3, 3).map(str),
    ),
    max_size=12,
)
kinds = st.sampled_from(ColumnKind)


@given(rows, kinds, st.sampled_from(Direction))
def test_rank_is_one_plus_the_rows_that_are_better_by_what_the_board_shows(
    given_rows: list[tuple[str, str, str]], kind: ColumnKind, way: Direction
) -> None:
    entries = [
        entry(team, auc, size, minute=minute, id_=f"{minute:02}")
        for minute, (team, auc, size) in enumerate(given_rows)
    ]
    is_lower_better = way is Direction.LOWER
    first = AUC if kind is ColumnKind.METRIC else column(kind, weights=("2", "1"))
    first = replace(first, is_lower_better=is_lower_better)
    found = ranking.rank(entries, view=view(first, SIZE, order=(first.name, "size"))).rows
    keys = []
    for row in found:
        shown = dict(row.values)
        lead = shown[first.name] if is_lower_better else -shown[first.name]
        keys.append((lead, shown["size"]))
    assert [row.rank for row in found] == [1 + sum(k < key for k in keys) for key in keys]
    assert {row.entry.team_id for row in found} == {team for team, _, _ in given_rows}


def test_view_reads_back_from_json_and_ranks_the_same() -> None:
    how = replace(
        view(column(ColumnKind.WEIGHTED_MEAN, weights=("0.5", "3")), AUC),
        phases=PHASES,
        lines=(PlannedLine(LineKind.PRIZE, "x", percent=Decimal("1.50")),),
    )
    assert views.from_json(views.to_json(how)) == how
