"""What challenge.toml says of programs is read with its defaults, and each mistake has its line."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.challenges.plans import PLAN

from palio.challenges.contracts import ChallengePlan, Delivery, ModelRules, OwnMetric, OwnScore
from palio.challenges.plan_json import plan_from_json, plan_to_json
from palio.challenges.plan_toml import read_plan
from palio.challenges.rules import direction, is_lower_better, metric_title
from palio.scoring.card import MetricChoice
from palio.scoring.direction import Direction

REST = """slug = "small"
title = "Small"
organizer = "Us"
data_licence = "CC0"
[submission]
[[submission.targets]]
name = "y"
minimum = 1
maximum = 5
[[phases]]
name = "main"
opens_at = 2026-11-22T00:00:00Z
closes_at = 2026-12-22T00:00:00Z
quota = { per_day = 5 }
"""
METRIC = """[metric]
file = "metric.py"
seconds = 30
memory = "512 MiB"
parameters = { beta = 2.0, k = 3, average = "macro", strict = true }
[[metric.scores]]
name = "cost"
better = "lower"
digits = 3
[[metric.scores]]
name = "hits"
better = "higher"
"""
MODELS = """[models]
deliveries = ["image", "code"]
seconds = 10
memory = "1 GiB"
cpus = 0.5
processes = 8
output = "1 MiB"
scratch = "2 MiB"
image_max = "3 MiB"
code_max = "4 MiB"
"""
BUILT_IN = '[[metrics]]\nname = "rmse"\n'
HEAD = len(REST.splitlines())


def plan_of(text: str) -> ChallengePlan:
    reading = read_plan(REST + text)
    assert (reading.findings, reading.warnings) == ((), ())
    assert reading.plan is not None
    return reading.plan


def test_own_metric_is_read() -> None:
    plan = plan_of(METRIC)
    assert plan.own_metric == OwnMetric(
        program=(),
        parameters=(("average", "macro"), ("beta", 2.0), ("k", 3), ("strict", True)),
        scores=(OwnScore("cost", is_lower_better=True), OwnScore("hits", is_lower_better=False)),
        seconds=30,
        memory_bytes=512 * 2**20,
    )
    assert plan.metrics == (MetricChoice("cost", (), 3), MetricChoice("hits", (), 4))
    assert (plan.deliveries, plan.models) == ((Delivery.PREDICTIONS,), None)


def test_least_own_metric_has_the_defaults() -> None:
    plan = plan_of('[metric]\n[[metric.scores]]\nname = "a"\nbetter = "higher"\n')
    assert plan.own_metric == OwnMetric(
        program=(),
        parameters=(),
        scores=(OwnScore("a", is_lower_better=False),),
        seconds=60,
        memory_bytes=2**30,
    )


def test_program_of_the_host_is_read() -> None:
    plan = plan_of(METRIC.replace('file = "metric.py"', 'program = ["python", "run.py", "-v"]'))
    assert plan.own_metric is not None
    assert plan.own_metric.program == ("python", "run.py", "-v")


def test_models_are_read() -> None:
    plan = plan_of(BUILT_IN + MODELS)
    assert plan.deliveries == (Delivery.IMAGE, Delivery.CODE)
    assert plan.models == ModelRules(
        seconds=10,
        memory_bytes=2**30,
        cpus=0.5,
        processes=8,
        output_bytes=2**20,
        scratch_bytes=2 * 2**20,
        image_max_bytes=3 * 2**20,
        code_max_bytes=4 * 2**20,
        has_sample_answers=False,
    )


def test_empty_table_of_models_has_the_defaults() -> None:
    plan = plan_of(BUILT_IN + "[models]\n")
    assert plan.deliveries == tuple(Delivery)
    assert plan.models == ModelRules(
        seconds=600,
        memory_bytes=2 * 2**30,
        cpus=1.0,
        processes=64,
        output_bytes=64 * 2**20,
        scratch_bytes=256 * 2**20,
        image_max_bytes=10 * 2**30,
        code_max_bytes=100 * 2**20,
        has_sample_answers=False,
    )


@pytest.mark.parametrize(
    ("table", "old", "new", "code", "line", "words"),
    [
        (METRIC, "seconds = 30", "seconds = 0", "value:range", 3, "from 1"),
        (METRIC, "seconds = 30", "second = 30", "key:unknown", 3, "Did you mean `seconds`?"),
        (METRIC, '"512 MiB"', '"512"', "value:size", 4, "is not a size"),
        (METRIC, '"512 MiB"', '"1 MiB"', "value:range", 4, "must be from 67,108,864"),
        (METRIC, '"512 MiB"', "true", "value:type", 4, "whole number"),
        (METRIC, '"metric.py"', '"score.py"', "value:choice", 2, "a folder metric/"),
        (METRIC, '"metric.py"', '"metric.py"\nprogram = ["a"]', "key:both", 3, "Remove one"),
        (METRIC, 'file = "metric.py"', 'program = "run"', "value:type", 2, "list of texts"),
        (METRIC, 'file = "metric.py"', "program = []", "value:type", 2, "list of texts"),
        (METRIC, 'file = "metric.py"', 'program = ["a\\u0000"]', "value:type", 2, "list of texts"),
        (METRIC, "beta = 2.0", "beta = inf", "value:range", 5, "must be finite"),
        (METRIC, "beta = 2.0", f"beta = {'9' * 20}", "value:range", 5, "too large"),
        (METRIC, "beta = 2.0", "beta = []", "value:type", 5, "or a truth value"),
        (METRIC, "beta = 2.0", "'a-b' = 2.0", "value:name", 5, "name of an argument"),
        (METRIC, "beta = 2.0", "class = 2.0", "value:name", 5, "name of an argument"),
        (METRIC, '"lower"', '"less"', "value:choice", 8, "lower, higher"),
        (METRIC, '"hits"', '"cost"', "value:twice", 11, "is there twice"),
        (METRIC, '"hits"', f'"{41 * "x"}"', "value:long", 11, "at most 40"),
        (METRIC, "digits = 3", "digits = 16", "value:range", 9, "from 0 to 15"),
        (METRIC, "[metric]\n", f"{BUILT_IN}[metric]\n", "key:both", 1, "not both"),
        (MODELS, '"image", "code"', '"predictions"', "value:choice", 2, "Remove [models]"),
        (MODELS, '"image", "code"', "", "value:choice", 2, "Remove [models]"),
        (MODELS, '"image", "code"', '"zip"', "value:choice", 2, "must be one of"),
        (MODELS, "cpus = 0.5", "cpus = 0.01", "value:range", 5, "from 0.1"),
        (MODELS, "cpus = 0.5", "cpus = nan", "value:range", 5, "finite"),
        (MODELS, "processes = 8", "processes = 0", "value:range", 6, "from 1"),
        (MODELS, '"3 MiB"', '"0 MiB"', "value:size", 9, "is not a size"),
        (MODELS, "seconds = 10", "gpus = 1", "key:unknown", 3, "Did you mean"),
    ],
)
def test_one_mistake_is_named_with_line_and_way_out(
    table: str, old: str, new: str, code: str, line: int, words: str
) -> None:
    assert table.count(old) == 1
    text = table.replace(old, new)
    reading = read_plan(REST + (text if table is METRIC else f"{text}{BUILT_IN}"))
    found = [(finding.code, (finding.line or 0) - HEAD) for finding in reading.findings]
    assert found == [(code, line)]
    assert words in f"{reading.findings[0].text} {reading.findings[0].hint}"


@pytest.mark.parametrize("gone", ['name = "cost"\n', 'better = "lower"\n'])
def test_score_needs_a_name_and_which_way_is_better(gone: str) -> None:
    (finding,) = read_plan(REST + METRIC.replace(gone, "")).findings
    assert (finding.code, finding.line) == ("key:missing", HEAD + 6)


def test_metric_needs_scores_and_no_more_than_ten() -> None:
    (finding,) = read_plan(f"{REST}[metric]\n").findings
    assert finding.text == "`scores` is missing."
    scores = "".join(f'[[metric.scores]]\nname = "s{n}"\nbetter = "lower"\n' for n in range(11))
    (finding,) = read_plan(f"{REST}[metric]\n{scores}").findings
    assert finding.text == "There are 11 scores; at most 10."


def test_direction_comes_from_the_plan_or_from_the_metric() -> None:
    own = plan_of(METRIC)
    assert (is_lower_better(own), is_lower_better(own, place=1)) == (True, False)
    assert metric_title(own) == "cost"
    assert (direction(PLAN), metric_title(PLAN)) == (
        Direction.LOWER,
        "Root mean squared error, RMSE",
    )
    auc = replace(PLAN, metrics=(MetricChoice("rmse"), MetricChoice("roc_auc")))
    assert direction(auc, place=1) is Direction.HIGHER


def test_own_metric_and_models_survive_the_way_through_json() -> None:
    plan = plan_of(METRIC + MODELS)
    again = plan_from_json(plan_to_json(plan))
    assert again == plan
    assert again.own_metric is not None
    assert [type(value) for _, value in again.own_metric.parameters] == [str, float, int, bool]


LINES = [n for n, line in enumerate((METRIC + MODELS).splitlines()) if " = " in line]
STRANGE = st.sampled_from(
    [
        "",
        '""',
        "0",
        "-1",
        "1e400",
        "nan",
        "[]",
        "[[]]",
        "{}",
        "[{}]",
        '"1 TB"',
        '"\\u0000"',
        "9" * 30,
    ]
)


@given(changes=st.dictionaries(st.sampled_from(LINES), STRANGE, min_size=1, max_size=5))
def test_whatever_stands_there_is_answered_with_lines_of_the_file(changes: dict[int, str]) -> None:
    lines = (METRIC + MODELS).splitlines()
    for number, value in changes.items():
        lines[number] = f"{re.split(' = ', lines[number])[0]} = {value}"
    reading = read_plan(REST + "\n".join(lines))
    assert (reading.plan is None) == bool(reading.findings)
    for finding in reading.findings:
        assert finding.line in range(1, HEAD + len(lines) + 1)
        assert (finding.text + finding.hint).isprintable()
