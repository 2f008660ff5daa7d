"""Metrics of several predicted columns: the plain mean of one metric over the columns."""

import math
from functools import partial

import numpy as np

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics import sums
from palio.scoring.metrics.base import Codes, Columns, Metric, Reals
from palio.scoring.metrics.ranking import area_under_curve
from palio.scoring.metrics.regression import absolute_errors, squared_errors

Numbers = tuple[Reals, ...]


def _mean_absolute_errors(truth: Numbers, prediction: Numbers) -> Reals:
    errors = np.zeros(len(truth[0]))
    for true, guess in zip(truth, prediction, strict=True):
        errors += absolute_errors((true,), (guess,))
    errors /= len(truth)
    return errors


def _rmse(truth: Numbers, prediction: Numbers) -> float:
    roots = [_rmse_of_column(true, guess) for true, guess in zip(truth, prediction, strict=True)]
    return sum(roots) / len(roots)


def _rmse_of_column(truth: Reals, prediction: Reals) -> float:
    total = sums.total(len(truth), lambda rows: squared_errors((truth[rows],), (prediction[rows],)))
    return math.sqrt(total / len(truth))


def _auc(truth: tuple[Codes, ...], prediction: Numbers) -> float:
    areas = [
        area_under_curve(true == 1, guess) for true, guess in zip(truth, prediction, strict=True)
    ]
    return math.fsum(areas) / len(areas)


_error = partial(
    Metric,
    direction=Direction.LOWER,
    minimum=0.0,
    maximum=math.inf,
    truth_kind=TargetKind.REAL,
    prediction_kind=TargetKind.REAL,
    columns=Columns.MANY,
    degenerate="Constant input: as any other. No rows: no value.",
)

METRICS: tuple[Metric, ...] = (
    _error(
        name="mean_columnwise_auc",
        title="Mean area under the ROC curve over columns",
        direction=Direction.HIGHER,
        maximum=1.0,
        truth_kind=TargetKind.LABEL,
        is_binary=True,
        formula="mean over columns of roc_auc",
        source="Kaggle, Toxic Comment Classification Challenge, evaluation page, 2017",
        degenerate="A column with one label among its answers: no value. Constant predictions: "
        "0.5 for the column. No rows: no value.",
        rule=_auc,
    ),
    _error(
        name="mean_columnwise_mae",
        title="Mean absolute error over columns",
        formula="mean over columns of mae",
        source="Willmott, Matsuura, Climate Research 30, 2005, for each column",
        losses=_mean_absolute_errors,
    ),
    _error(
        name="mean_columnwise_rmse",
        title="Mean RMSE over columns, MCRMSE",
        formula="mean over columns of rmse",
        source="Kaggle, Africa Soil Property Prediction Challenge, evaluation page, 2014",
        rule=_rmse,
    ),
)
