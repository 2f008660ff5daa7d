"""The table [board.release]: what it gives, what is refused, what is doubtful."""

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.challenges.test_plan_board import with_board
from tests.challenges.test_reference import example, own_metric_example

from palio.challenges.board_contracts import BoardPlan, Release, ReleaseRule
from palio.challenges.plan_release import about_step
from palio.challenges.plan_toml import read_plan

_SECOND_METRIC = re.compile(r'\[\[metrics\]\]\nname = "roc_auc"\n(?:\w.*\n)*')
_LAST_CALL = re.compile(r"last_call_days = .*\n")  # needs public scores
ONE_METRIC = _LAST_CALL.sub("", _SECOND_METRIC.sub("", example()))


def rule(text: str) -> ReleaseRule:
    plan = with_board(f"[board.release]\n{text}", text=ONE_METRIC).plan
    assert plan is not None
    return plan.board.release


def test_without_the_table_scores_are_told_rounded() -> None:
    assert BoardPlan().release == ReleaseRule(Release.ROUNDED, None)


@pytest.mark.parametrize("kind", [kind for kind in Release if kind is not Release.LADDER])
def test_kinds_without_a_step_are_read(kind: Release) -> None:
    assert rule(f'kind = "{kind}"') == ReleaseRule(kind, None)


def test_ladder_keeps_its_step_as_written() -> None:
    assert rule('kind = "ladder"\nstep = 0.02') == ReleaseRule(Release.LADDER, Decimal("0.02"))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('kind = "ladder"', "key:missing"),
        ('kind = "ladder"\nstep = 0', "value:range"),
        ('kind = "ladder"\nstep = -1', "value:range"),
        ('kind = "ladder"\nstep = nan', "value:range"),
        ('kind = "daily"\nstep = 0.1', "value:unused"),
        ('kind = "laddder"', "value:choice"),
        ("step = 0.1", "key:missing"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, code: str) -> None:
    reading = with_board(f"[board.release]\n{text}", text=ONE_METRIC)
    assert [finding.code for finding in reading.findings] == [code]


def test_known_weakness_of_the_free_ladder_is_said() -> None:
    reading = with_board('[board.release]\nkind = "free_ladder"', text=ONE_METRIC)
    assert [warning.code for warning in reading.warnings] == ["release:free_ladder"]


def test_free_ladder_needs_a_metric_that_is_a_mean() -> None:
    text = re.sub(r'name = "log_loss"\n(?:\w.*\n)*', 'name = "roc_auc"\n', ONE_METRIC, count=1)
    reading = with_board('[board.release]\nkind = "free_ladder"', text=text)
    assert [finding.code for finding in reading.findings] == ["value:choice"]


def test_own_metric_cannot_have_the_free_ladder() -> None:
    reading = with_board('[board.release]\nkind = "free_ladder"', text=own_metric_example())
    assert [finding.code for finding in reading.findings] == ["value:choice"]


def test_ladder_warns_of_further_metrics_and_refuses_to_rank_by_them() -> None:
    text = '[board.release]\nkind = "ladder"\nstep = 0.1'
    reading = with_board(text, text=example())
    assert [warning.code for warning in reading.warnings] == ["release:other_metrics"]
    column = '[[board.columns]]\nname = "roc_auc"\n'
    reading = with_board(f"{text}\n{column}", text=example())
    assert [finding.code for finding in reading.findings] == ["value:choice"]


def test_ladder_refuses_tie_breaks_by_a_metric_that_it_does_not_tell() -> None:
    text = 'order = ["log_loss", "roc_auc"]\n[board.release]\nkind = "ladder"\nstep = 0.01'
    reading = with_board(text, text=example())
    assert [finding.code for finding in reading.findings] == ["value:choice"]


@pytest.mark.parametrize(
    ("step", "rows", "said"),
    [
        ("0.01", 4_000, "less than 2"),
        ("0.02", 4_000, ""),
        ("0.01", 20_000, ""),
        ("0.09", 4_000, "more than 10"),
        ("0.09", 200_000, "more than 10"),
    ],
)
def test_step_is_measured_by_the_standard_error(step: str, rows: int, said: str) -> None:
    plan = read_plan(example()).plan
    assert plan is not None
    board = replace(plan.board, release=ReleaseRule(Release.LADDER, Decimal(step)))
    finding = about_step(replace(plan, board=board), error=0.0079, rows=rows)
    assert (finding is not None) == bool(said)
    assert finding is None or said in finding.text
