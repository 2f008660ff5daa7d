"""A board as CSV: one line a row, and no cell that a spreadsheet would run."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.leaderboard import rendering, snapshots
from palio.leaderboard.contracts import (
    Board,
    Column,
    Line,
    LineKind,
    PhaseBoard,
    Snapshot,
    Standing,
)
from palio.submissions.contracts import SubmissionKind

AT = datetime(2026, 11, 22, 12, 0, 0, 5, tzinfo=UTC)


def standing(name: str, *, rank: int | None = 1, members: tuple[str, ...] = ("ada",)) -> Standing:
    return Standing(
        rank=rank,
        team_id="t",
        name=name,
        members=members,
        kind=SubmissionKind.COMPETITOR if rank else SubmissionKind.BASELINE,
        score=Decimal("-0.5000"),
        scores=(("r2", Decimal("-0.5000")), ("mae", Decimal("1.20"))),
        improvement=None if rank is None else Decimal("-3.10"),
        entries=4,
        submission_id="s",
        received_at=AT,
    )


def board(*standings: Standing) -> Snapshot:
    return Snapshot("c", Board.PUBLIC, 1, "etag", AT, "rule", standings)


def test_csv_has_one_line_a_row_with_every_metric() -> None:
    text = rendering.to_csv(
        board(
            standing("Ada, & co", members=("ada", "bob")), standing("mean", rank=None, members=())
        )
    )
    assert text == (
        "rank,team,members,r2,mae,improvement_percent,entries,received_at,kind,"
        "rank_low,rank_high,tied_with_first\r\n"
        '1,"Ada, & co",ada bob,-0.5000,1.20,-3.10,4,2026-11-22T12:00:00.000005+00:00,'
        "competitor,,,\r\n"
        ",mean,,-0.5000,1.20,,4,2026-11-22T12:00:00.000005+00:00,baseline,,,\r\n"
    )


def test_csv_of_an_empty_board_is_its_header() -> None:
    assert rendering.to_csv(board()) == (
        "rank,team,members,improvement_percent,entries,received_at,kind,rank_low,rank_high,tied_with_first\r\n"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_csv_quotes_names_that_a_spreadsheet_would_run(start: str) -> None:
    text = rendering.to_csv(board(standing(f"{start}cmd|' /C calc'!A0")))
    assert list(csv.reader(io.StringIO(text, newline="")))[1][1] == f"'{start}cmd|' /C calc'!A0"


names = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))


@given(st.lists(st.tuples(names, names), max_size=5))
def test_csv_reads_back_whatever_the_names(lines: list[tuple[str, str]]) -> None:
    text = rendering.to_csv(board(*(standing(name, members=(who,)) for name, who in lines)))
    cells = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [row[1].removeprefix("'") for row in cells] == [
        name.removeprefix("'") for name, _ in lines
    ]
    assert [row[1] for row in cells if row[1].startswith(rendering.FORMULA_STARTS)] == []
    assert [row[2] for row in cells if row[2].startswith(rendering.FORMULA_STARTS)] == []


@given(st.lists(names, max_size=5))
def test_snapshot_bytes_read_back_as_the_same_board(texts: list[str]) -> None:
    content = snapshots.Content(
        rule="r", standings=tuple(standing(text, rank=len(text) or None) for text in texts)
    )
    body = snapshots.to_bytes(content)
    assert snapshots.from_bytes(body) == content
    assert snapshots.to_bytes(snapshots.from_bytes(body)) == body


def test_lines_stand_among_the_rows_with_their_score_in_the_ranking_column() -> None:
    columns = (
        Column("mae", "MAE", 2, is_lower_better=True, order=0),
        Column("r2", "R²", 4, is_lower_better=False, order=1),
    )
    line = Line(LineKind.PRIZE, "=Grand prize", Decimal("0.9000"), Decimal("12.00"), 1)
    snapshot = replace(board(standing("a"), standing("b", rank=2)), columns=columns, lines=(line,))
    cells = list(csv.reader(io.StringIO(rendering.to_csv(snapshot), newline="")))
    assert cells[0][3:5] == ["mae", "r2"]
    assert [row[:6] for row in cells[1:]] == [
        ["1", "a", "ada", "1.20", "-0.5000", "-3.10"],
        ["", "'=Grand prize", "", "", "0.9000", "12.00"],
        ["2", "b", "ada", "1.20", "-0.5000", "-3.10"],
    ]
    assert cells[2][8] == "line prize"


def test_board_of_an_earlier_phase_has_a_file_of_its_own() -> None:
    early = PhaseBoard("practice", (standing("early"),))
    snapshot = replace(board(standing("late")), phase="final", earlier=(early,))
    for phase, name in (("practice", "early"), ("final", "late"), ("", "late")):
        text = rendering.to_csv(snapshot, phase=phase)
        assert text.splitlines()[1].split(",")[1] == name


def test_a_body_of_the_first_format_still_reads() -> None:
    row = [1, "t", "Ada", ["ada"], "competitor", "0.5", [["rmse", "0.5"]], None, 2, "s"]
    body = json.dumps({"rule": "r", "lines": [[*row, AT.isoformat()]]}).encode()
    content = snapshots.from_bytes(body)
    assert [(s.rank, s.name, s.rank_low, s.received_at) for s in content.standings] == [
        (1, "Ada", None, AT)
    ]
    assert snapshots.ranks_of(body) == {"t": (1, "Ada", "0.5")}


def test_snapshot_bytes_keep_columns_lines_phases_and_chances() -> None:
    row = replace(standing("a"), rank_low=1, rank_high=4, is_tied_with_first=True)
    line = Line(LineKind.DECLARED, "2008", Decimal("0.10"), None, 0)
    content = snapshots.Content(
        rule="r",
        standings=(row,),
        columns=(Column("r2", "R²", 4, is_lower_better=False, order=1),),
        lines=(line,),
        phase="final",
        earlier=(PhaseBoard("practice", (row,), (line,)),),
        is_anonymous=True,
    )
    assert snapshots.from_bytes(snapshots.to_bytes(content)) == content
    assert snapshots.ranks_of(snapshots.to_bytes(content)) == {"t": (1, "a", "-0.5000")}
