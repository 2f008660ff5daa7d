"""Metrics that compare predicted probabilities with true labels."""

import math
from functools import partial

import numpy as np

from palio.scoring.direction import Direction
from palio.scoring.form import TargetKind
from palio.scoring.metrics.base import (
    Codes,
    Columns,
    Domain,
    Metric,
    ParameterSpec,
    Reals,
    UndefinedMetricError,
)


def _check_probabilities(prediction: tuple[Reals, ...]) -> None:
    if any(np.min(column) < 0 or np.max(column) > 1 for column in prediction):
        raise UndefinedMetricError("Probabilities must lie between 0 and 1.")


def _negative_logs(probabilities: Reals, clip: float) -> Reals:
    logs = np.log(np.clip(probabilities, clip, 1.0 - clip))
    return np.negative(logs, out=logs)


def _log_losses(truth: tuple[Codes, ...], prediction: tuple[Reals, ...], *, clip: float) -> Reals:
    _check_probabilities(prediction)
    given = np.where(truth[0] == 1, prediction[0], 1.0 - prediction[0])
    return _negative_logs(given, clip)


def _log_losses_of_classes(
    truth: tuple[Codes, ...], prediction: tuple[Reals, ...], *, clip: float
) -> Reals:
    _check_probabilities(prediction)
    given, whole = np.zeros(len(truth[0])), np.zeros(len(truth[0]))
    for code, column in enumerate(prediction):
        whole += column
        np.copyto(given, column, where=truth[0] == code)
    whole[whole == 0] = 1.0
    given /= whole
    return _negative_logs(given, clip)


def _brier(truth: tuple[Codes, ...], prediction: tuple[Reals, ...]) -> Reals:
    _check_probabilities(prediction)
    errors = prediction[0] - np.asarray(truth[0] == 1, dtype=np.float64)
    errors *= errors
    return errors


_loss = partial(
    Metric,
    direction=Direction.LOWER,
    minimum=0.0,
    truth_kind=TargetKind.LABEL,
    prediction_kind=TargetKind.REAL,
    domain=Domain(0.0, 1.0),
)
_DEGENERATE = (
    "Constant input: as any other. A value below 0 or above 1: no value. No rows: no value."
)
_CLIP = ParameterSpec(
    "clip", 1e-15, "Probabilities are moved into [clip, 1 - clip] first.", 1e-15, 0.1
)
_GOOD = "Good, Rational Decisions, J. R. Stat. Soc. B 14, 1952"

METRICS: tuple[Metric, ...] = (
    _loss(
        name="brier",
        title="Brier score",
        maximum=1.0,
        is_binary=True,
        formula="mean((p - [t is the second declared label])²)",
        source="Brier, Verification of forecasts, Monthly Weather Review 78, 1950 (halved, as usual"
        " for two classes)",
        degenerate=_DEGENERATE,
        losses=_brier,
    ),
    _loss(
        name="log_loss",
        title="Log loss, two labels",
        maximum=math.inf,
        is_binary=True,
        formula="-mean(ln q), q = p for the second declared label, 1 - p for the first, clipped",
        source=_GOOD,
        degenerate=_DEGENERATE,
        losses=_log_losses,
        parameters=(_CLIP,),
    ),
    _loss(
        name="log_loss_multiclass",
        title="Log loss, many labels",
        maximum=math.inf,
        columns=Columns.CLASSES,
        formula="-mean(ln q), q = probability of the true label divided by the sum of its row, "
        "then clipped; in a row of zeros q = clip",
        source=_GOOD,
        degenerate=_DEGENERATE,
        losses=_log_losses_of_classes,
        parameters=(_CLIP,),
    ),
)
