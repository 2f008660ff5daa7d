"""The table [board]: what it gives, what is refused, what is doubtful."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from tests.challenges.test_reference import example, own_metric_example

from palio.challenges.board_contracts import (
    Audience,
    BoardColumn,
    BoardLine,
    ColumnKind,
    PhaseBoards,
)
from palio.challenges.plan_toml import PlanReading, read_plan

START, END = "[board]\n", "[[prizes]]\n"


def with_board(board: str, *, text: str = "") -> PlanReading:
    full = text or example()
    before, _, rest = full.partition(START)
    return read_plan(f"{before}{START}{board}\n{END}{rest.partition(END)[2]}")


def test_board_of_the_reference_is_read_as_declared() -> None:
    plan = read_plan(example()).plan
    assert plan is not None
    board = plan.board
    assert (board.audience, board.phases, board.is_anonymous, board.has_late_entries) == (
        Audience.PARTICIPANTS,
        PhaseBoards.APART,
        True,
        True,
    )
    assert board.freeze_at == datetime(2026, 12, 30, 23, tzinfo=UTC)
    assert board.order == ("log_loss", "both")
    assert board.columns == (
        BoardColumn(
            "log_loss",
            "log_loss",
            ColumnKind.METRIC,
            ("log_loss",),
            (),
            5,
            is_lower_better=True,
        ),
        BoardColumn(
            "both",
            "Loss and area",
            ColumnKind.WEIGHTED_MEAN,
            ("log_loss", "roc_auc"),
            (Decimal(3), Decimal(1)),
            5,
            is_lower_better=True,
        ),
    )
    assert board.lines == (BoardLine("Last year's winner", Decimal("0.41209"), Decimal("0.41507")),)


def test_columns_of_an_own_metric_know_its_scores() -> None:
    reading = with_board('[[board.columns]]\nname = "hits"', text=own_metric_example())
    assert reading.plan is not None
    assert [(c.name, c.is_lower_better) for c in reading.plan.board.columns] == [("hits", False)]


def test_column_of_ranks_has_defaults_and_a_warning() -> None:
    ranks = '[[board.columns]]\nname = "mean"\nkind = "mean_rank"\n'
    reading = with_board(f'[[board.columns]]\nname = "log_loss"\n{ranks}')
    assert reading.plan is not None
    assert reading.plan.board.columns[1:] == (
        BoardColumn(
            "mean",
            "Mean rank",
            ColumnKind.MEAN_RANK,
            ("log_loss", "roc_auc"),
            (),
            2,
            is_lower_better=True,
        ),
    )
    (warning,) = reading.warnings
    assert warning.code == "board:mean_rank"
    assert warning.text == (
        "Ranks by ranks depend on who else takes part: a team that comes or goes can swap two"
        " others."
    )


SUM = '[[board.columns]]\nname = "s"\nkind = "sum"\n'


@pytest.mark.parametrize(
    ("board", "code", "text"),
    [
        ('[[board.columns]]\nname = "rmse"', "value:column", 'There is no metric "rmse".'),
        (f'{SUM}of = ["log_los"]\nbetter = "lower"', "value:column", 'no metric "log_los"'),
        (SUM, "key:missing", "The metrics of this column differ in which way is better."),
        (f'{SUM}better = "lower"\nweights = [1, 2]', "value:unused", "no meaning"),
        (
            SUM.replace("sum", "weighted_mean") + 'better = "lower"\nweights = [1]',
            "value:length",
            "2 metrics and 1 weights",
        ),
        (f'{SUM}better = "lower"\nweights = [-1, 0]', "value:type", "numbers above 0"),
        (
            '[[board.columns]]\nname = "log_loss"\nbetter = "higher"',
            "value:choice",
            "contradicts the metric",
        ),
        (
            '[[board.columns]]\nname = "r"\nkind = "median_rank"\nbetter = "higher"',
            "value:choice",
            "`better` contradicts",
        ),
        (
            '[[board.columns]]\nname = "x"\nof = ["log_loss", "roc_auc"]\nbetter = "lower"',
            "value:choice",
            "shows one metric",
        ),
        (
            '[[board.columns]]\nname = "log_loss"\n[[board.columns]]\nname = "log_loss"',
            "value:twice",
            'Another column is called "log_loss".',
        ),
        ('order = ["mae"]', "value:column", 'The board has no column "mae".'),
        ("freeze_at = 2027-01-01T00:00:00Z", "time:order", "between the first opening and the"),
        ('anonymous = "yes"', "value:type", "must be true or false"),
        ('[[board.lines]]\ntitle = "x"', "key:missing", "A line needs a score"),
    ],
)
def test_board_that_cannot_be_is_refused(board: str, code: str, text: str) -> None:
    findings = with_board(board).findings
    assert [finding.code for finding in findings] == [code]
    assert text in findings[0].text


SECONDARY = example().replace('ties = "shared"', 'ties = "secondary"')


@pytest.mark.parametrize(
    ("order", "codes"),
    [
        ('["log_loss", "both"]', []),
        ("[]", ["prize:ties"]),
        ('["both", "log_loss"]', ["prize:ties"]),  # a computed column: nobody knows who is tied
    ],
)
def test_secondary_ties_need_a_second_column_and_known_ties(order: str, codes: list[str]) -> None:
    text = SECONDARY.replace('["log_loss", "both"]', order)
    assert [finding.code for finding in read_plan(text).findings] == codes


def test_prizes_for_an_improvement_are_refused_where_ranks_rank() -> None:
    board = """
order = ["places"]
[[board.columns]]
name = "places"
kind = "mean_rank"
"""
    found = with_board(board).findings
    assert [finding.code for finding in found] == ["prize:ranks", "prize:ranks"]
