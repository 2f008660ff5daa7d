"""Metrics that compare predicted numbers with true numbers."""

import math
from functools import partial

import numpy as np

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics import sums
from palio.scoring.metrics.base import Domain, Metric, ParameterSpec, Reals, UndefinedMetricError

Numbers = tuple[Reals, ...]


def squared_errors(truth: Numbers, prediction: Numbers) -> Reals:
    """(truth - prediction)² of the first columns."""
    errors = truth[0] - prediction[0]
    errors *= errors
    return errors


def absolute_errors(truth: Numbers, prediction: Numbers) -> Reals:
    """|truth - prediction| of the first columns."""
    errors = truth[0] - prediction[0]
    return np.abs(errors, out=errors)


def _squared_log_errors(truth: Numbers, prediction: Numbers) -> Reals:
    if min(np.min(truth[0]), np.min(prediction[0])) <= -1:
        raise UndefinedMetricError("rmsle needs answers and predictions above -1.")
    errors = np.log1p(prediction[0])
    errors -= np.log1p(truth[0])
    errors *= errors
    return errors


def _relative_errors(truth: Numbers, prediction: Numbers) -> Reals:
    if not np.all(truth[0]):
        raise UndefinedMetricError("mape has no value where an answer is 0; smape has one.")
    return np.abs((truth[0] - prediction[0]) / truth[0])


def _symmetric_relative_errors(truth: Numbers, prediction: Numbers) -> Reals:
    # Divided by the larger of the two first: neither the sum nor the difference overflows.
    larger = np.maximum(np.abs(truth[0]), np.abs(prediction[0]))
    larger[larger == 0] = 1.0
    true, guess = truth[0] / larger, prediction[0] / larger
    spread = np.abs(true) + np.abs(guess)
    spread[spread == 0] = 1.0
    return np.asarray(2.0 * np.abs(true - guess) / spread)


def _pinball(truth: Numbers, prediction: Numbers, *, quantile: float) -> Reals:
    errors = truth[0] - prediction[0]
    return np.maximum(quantile * errors, (quantile - 1.0) * errors)


def _poisson_deviances(truth: Numbers, prediction: Numbers) -> Reals:
    true, guess = truth[0], prediction[0]
    if np.min(true) < 0 or np.min(guess) <= 0:
        raise UndefinedMetricError(
            "poisson_deviance needs answers of 0 or more and predictions above 0."
        )
    ratio = np.where(true > 0, true / guess, 1.0)
    # Rounding may push a deviance of 0 just below 0.
    return np.maximum(2.0 * (true * np.log(ratio) - true + guess), 0.0)


def _median_absolute_error(truth: Numbers, prediction: Numbers) -> float:
    errors = absolute_errors(truth, prediction)
    if not math.isfinite(np.max(errors)):
        return math.nan
    return float(np.median(errors, overwrite_input=True))


def _r2(truth: Numbers, prediction: Numbers) -> float:
    true, guess = truth[0], prediction[0]
    lowest, highest = float(np.min(true)), float(np.max(true))
    if lowest == highest:
        raise UndefinedMetricError("r2 has no value when all answers are the same.")
    centre = sums.mean(true)
    # In units of the largest deviation, so that squares neither overflow nor vanish.
    unit = max(highest - centre, centre - lowest)
    residual = sums.total(len(true), lambda rows: np.square((true[rows] - guess[rows]) / unit))
    variation = sums.total(len(true), lambda rows: np.square((true[rows] - centre) / unit))
    return 1.0 - residual / variation


_error = partial(
    Metric,
    direction=Direction.LOWER,
    minimum=0.0,
    maximum=math.inf,
    truth_kind=TargetKind.REAL,
    prediction_kind=TargetKind.REAL,
)
_NO_ROWS = "No rows: no value."
_ANY_CONSTANT = f"Constant input: as any other. {_NO_ROWS}"
_FORECASTING = "Hyndman, Koehler, Another look at measures of forecast accuracy, 2006"

METRICS: tuple[Metric, ...] = (
    _error(
        name="mae",
        title="Mean absolute error",
        formula="mean(|t - p|)",
        source="Willmott, Matsuura, Climate Research 30, 2005",
        degenerate=_ANY_CONSTANT,
        losses=absolute_errors,
    ),
    _error(
        name="mape",
        title="Mean absolute percentage error",
        formula="mean(|t - p| / |t|), a fraction: 0.1 is 10 %",
        source=_FORECASTING,
        degenerate=f"An answer of 0: no value. {_ANY_CONSTANT}",
        losses=_relative_errors,
    ),
    _error(
        name="medae",
        title="Median absolute error",
        formula="median(|t - p|); with an even number of rows the mean of the middle two",
        source="Rousseeuw, Least Median of Squares Regression, JASA 79, 1984",
        degenerate=_ANY_CONSTANT,
        rule=_median_absolute_error,
    ),
    _error(
        name="mse",
        title="Mean squared error",
        formula="mean((t - p)²)",
        source="Gauss, Theoria combinationis observationum, 1823",
        degenerate=_ANY_CONSTANT,
        losses=squared_errors,
    ),
    _error(
        name="pinball",
        title="Pinball loss",
        formula="mean(max(q (t - p), (q - 1) (t - p)))",
        source="Koenker, Bassett, Regression Quantiles, Econometrica 46, 1978",
        degenerate=_ANY_CONSTANT,
        losses=_pinball,
        parameters=(ParameterSpec("quantile", 0.5, "The quantile q predicted.", 1e-6, 1 - 1e-6),),
    ),
    _error(
        name="poisson_deviance",
        title="Mean Poisson deviance",
        formula="mean(2 (t ln(t / p) - t + p)), where 0 ln 0 = 0",
        source="McCullagh, Nelder, Generalized Linear Models, 2nd ed. 1989, §2.3",
        degenerate=f"An answer below 0, or a prediction of 0 or less: no value. {_ANY_CONSTANT}",
        domain=Domain(0.0, is_minimum_allowed=False),
        losses=_poisson_deviances,
    ),
    _error(
        name="r2",
        title="Coefficient of determination, R²",
        direction=Direction.HIGHER,
        minimum=-math.inf,
        maximum=1.0,
        formula="1 - sum((t - p)²) / sum((t - mean(t))²)",
        source="Kvålseth, Cautionary Note about R², The American Statistician 39, 1985",
        degenerate=f"Constant answers: no value. Constant predictions: 0 or less. {_NO_ROWS}",
        rule=_r2,
    ),
    _error(
        name="rmse",
        title="Root mean squared error, RMSE",
        formula="sqrt(mean((t - p)²))",
        source="Bennett, Lanning, The Netflix Prize, KDD Cup 2007",
        degenerate=_ANY_CONSTANT,
        losses=squared_errors,
        finish=math.sqrt,
    ),
    _error(
        name="rmsle",
        title="Root mean squared logarithmic error",
        formula="sqrt(mean((ln(1 + t) - ln(1 + p))²))",
        source="Kaggle, Heritage Health Prize, evaluation page, 2011",
        degenerate=f"An answer or prediction of -1 or less: no value. {_ANY_CONSTANT}",
        domain=Domain(-1.0, is_minimum_allowed=False),
        losses=_squared_log_errors,
        finish=math.sqrt,
    ),
    _error(
        name="smape",
        title="Symmetric mean absolute percentage error",
        maximum=2.0,
        formula="mean(2 |t - p| / (|t| + |p|)), where 0 / 0 = 0; a fraction: 2 is 200 %",
        source=f"Makridakis, Accuracy measures, 1993; {_FORECASTING}",
        degenerate=_ANY_CONSTANT,
        losses=_symmetric_relative_errors,
    ),
)
