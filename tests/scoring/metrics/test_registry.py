from pathlib import Path

import numpy as np
import pytest

from palio.scoring.card import MetricChoice
from palio.scoring.form import TargetColumn, TargetKind
from palio.scoring.metrics.__main__ import document
from palio.scoring.metrics.base import Columns, Metric, Parameter
from palio.scoring.registry import (
    METRICS,
    BadMetricParametersError,
    UnknownMetricError,
    check_choice,
    compute,
    find,
)

REAL = TargetColumn("y")
SHARE = TargetColumn("p", minimum=0.0, maximum=1.0)
YES_NO = TargetColumn("y", TargetKind.LABEL, labels=("no", "yes"))
SIZES = TargetColumn("size", TargetKind.LABEL, labels=("S", "M", "L"))
ITEMS = TargetColumn("films", TargetKind.ITEMS)


def complaints(
    name: str,
    parameters: tuple[tuple[str, Parameter], ...] = (),
    *,
    truth: tuple[TargetColumn, ...] = (REAL,),
    targets: tuple[TargetColumn, ...] = (REAL,),
    digits: int = 4,
) -> tuple[str, ...]:
    return check_choice(MetricChoice(name, parameters, digits), truth=truth, targets=targets)


def test_the_registry_is_sorted_and_keyed_by_name() -> None:
    assert list(METRICS) == sorted(METRICS)
    assert [metric.name for metric in METRICS.values()] == list(METRICS)


def test_the_documentation_is_in_step_with_the_code() -> None:
    page = Path(__file__).parents[3] / "docs" / "organise" / "metrics.md"
    assert page.read_text(encoding="utf-8") == document()


def test_find_gives_the_metric_of_that_name() -> None:
    assert find("rmse").title == "Root mean squared error, RMSE"


@pytest.mark.parametrize(
    ("name", "meant"), [("rsme", "rmse"), ("RMSE", "rmse"), ("auc", "roc_auc")]
)
def test_an_unknown_metric_is_refused_with_the_nearest_name(name: str, meant: str) -> None:
    with pytest.raises(UnknownMetricError, match=f"There is no metric '{name}'") as caught:
        find(name)
    assert meant in str(caught.value)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_columns_of_the_declared_kinds_suit_each_metric(metric: Metric) -> None:
    def column(kind: TargetKind) -> TargetColumn:
        if kind is TargetKind.LABEL:
            return YES_NO
        return ITEMS if kind is TargetKind.ITEMS else TargetColumn("p", minimum=0.1, maximum=1.0)

    truth, target = column(metric.truth_kind), column(metric.prediction_kind)
    targets = (target,) if metric.columns is Columns.ONE else (target, target)
    truths = (truth, truth) if metric.columns is Columns.MANY else (truth,)
    assert complaints(metric.name, truth=truths, targets=targets) == ()


def test_integer_columns_suit_a_metric_of_numbers() -> None:
    whole = TargetColumn("y", TargetKind.INTEGER)
    assert complaints("rmse", truth=(whole,), targets=(whole,)) == ()


def test_an_unknown_metric_is_a_complaint() -> None:
    assert complaints("rsme") == ("There is no metric 'rsme'. Did you mean 'rmse'?",)


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        (
            "pinball",
            (("quantil", 0.5),),
            "pinball has no parameter 'quantil'. Did you mean 'quantile'?",
        ),
        ("rmse", (("k", 3),), "rmse takes no parameters; remove 'k'."),
        (
            "pinball",
            (("quantile", 2.0),),
            "Parameter 'quantile' of pinball must be at most 0.999999; it is 2.0.",
        ),
        (
            "pinball",
            (("quantile", 0),),
            "Parameter 'quantile' of pinball must be at least 1e-06; it is 0.",
        ),
        (
            "pinball",
            (("quantile", "half"),),
            "Parameter 'quantile' of pinball must be a number; it is 'half'.",
        ),
        (
            "pinball",
            (("quantile", float("nan")),),
            "Parameter 'quantile' of pinball must be a number; it is nan.",
        ),
    ],
)
def test_a_bad_parameter_is_a_complaint_and_refused_by_compute(
    name: str, parameters: tuple[tuple[str, Parameter], ...], expected: str
) -> None:
    assert complaints(name, parameters) == (expected,)
    with pytest.raises(BadMetricParametersError) as caught:
        compute(MetricChoice(name, parameters), (np.ones(2),), (np.ones(2),))
    assert caught.value.complaints == (expected,)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.5, "Parameter 'k' of map_at_k must be a whole number; it is 2.5."),
        (True, "Parameter 'k' of map_at_k must be a number; it is True."),
        (0, "Parameter 'k' of map_at_k must be at least 1; it is 0."),
    ],
)
def test_k_that_is_no_count_is_a_complaint(value: Parameter, expected: str) -> None:
    assert complaints("map_at_k", (("k", value),), truth=(ITEMS,), targets=(ITEMS,)) == (expected,)


def test_a_choice_that_is_not_offered_is_a_complaint() -> None:
    got = complaints("fbeta", (("average", "mean"),), truth=(SIZES,), targets=(SIZES,))
    assert got == (
        "Parameter 'average' of fbeta must be one of binary, macro, micro, weighted; it is 'mean'.",
    )


def test_every_complaint_comes_at_once() -> None:
    got = complaints(
        "log_loss",
        (("clip", 0.5), ("clip", 0.01), ("klip", 1)),
        truth=(SIZES, REAL),
        targets=(REAL, ITEMS),
        digits=-1,
    )
    assert got == (
        "digits must be from 0 to 15, not -1.",
        "Parameter 'clip' of log_loss is given more than once.",
        "Parameter 'clip' of log_loss must be at most 0.1; it is 0.5.",
        "log_loss has no parameter 'klip'. Did you mean 'clip'?",
        "log_loss needs exactly one answer column; there are 2.",
        "log_loss needs exactly one predicted column; there are 2.",
        (
            "log_loss needs labels from a declared list in the answer column 'y', which is "
            "declared as real; declare it as label."
        ),
        (
            "log_loss needs numbers (real or integer) in the predicted column 'films', which is "
            "declared as items; declare it as real."
        ),
        "log_loss needs exactly two labels in column 'size', the positive one second; there are 3.",
        (
            "log_loss is defined for predictions from 0 to 1 only; give the column 'y' limits "
            "within that."
        ),
    )


def test_a_column_for_each_label_is_asked_for() -> None:
    got = complaints("log_loss_multiclass", truth=(SIZES,), targets=(SHARE, SHARE))
    assert got == (
        (
            "log_loss_multiclass needs a predicted column for each label of 'size', in the same "
            "order; there are 3 labels and 2 columns."
        ),
    )


def test_binary_averaging_asks_for_two_labels() -> None:
    got = complaints("fbeta", (("average", "binary"),), truth=(SIZES,), targets=(SIZES,))
    assert got == (
        "fbeta needs exactly two labels in column 'size', the positive one second; there are 3.",
    )


def test_labels_in_another_order_are_a_complaint() -> None:
    turned = TargetColumn("size", TargetKind.LABEL, labels=("L", "M", "S"))
    got = complaints("accuracy", truth=(SIZES,), targets=(turned,))
    assert got == ("The labels of 'size' must be those of the answers, in the same order.",)


def test_columns_that_do_not_pair_up_are_a_complaint() -> None:
    got = complaints("mean_columnwise_rmse", truth=(REAL,), targets=(REAL, REAL))
    assert got == (
        (
            "mean_columnwise_rmse needs a predicted column for each answer column; "
            "there are 2 predicted and 1 answer columns."
        ),
    )


@pytest.mark.parametrize(
    ("minimum", "is_sound"), [(None, False), (-1.0, False), (-0.5, True), (0.0, True)]
)
def test_rmsle_asks_for_predictions_above_minus_one(
    minimum: float | None,
    is_sound: bool,  # noqa: FBT001 - a parametrised case
) -> None:
    got = complaints("rmsle", targets=(TargetColumn("y", minimum=minimum),))
    expected = "rmsle is defined for predictions above -1 only; give the column 'y' limits within"
    assert got == (() if is_sound else (f"{expected} that.",))
