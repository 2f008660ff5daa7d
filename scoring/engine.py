"""Turns checked predictions and sealed answers into a score card."""

import math
from collections.abc import Sequence
from pathlib import Path

from palio.scoring.card import MetricChoice, NonFiniteScoreError, Score, ScoreCard, round_score
from palio.scoring.columns import Predictions
from palio.scoring.form import PredictionForm
from palio.scoring.key import AnswerKey
from palio.scoring.metrics.base import Column, UndefinedMetricError
from palio.scoring.read import read_predictions
from palio.scoring.registry import METRICS
from palio.scoring.traces import Trace, trace

__all__ = ["Predictions", "in_slots", "score", "score_file"]

MANY_ROWS = 4_000_000  # from here on the answers' pages are given back after use


def score(
    *,
    key: AnswerKey,
    predictions: Predictions,
    metrics: tuple[MetricChoice, ...],
    secret: bytes | None = None,
) -> ScoreCard:
    """Score both parts in one go; an empty part has no scores.

    The private part of predictions without a finite private score has none either: a failed run
    would tell, before the reveal, something of the private answers or of which rows they are.

    Args:
        key: The answers.
        predictions: In slot order (read with `key.placement`) or in the order of the ids.
        metrics: The first one ranks.
        secret: Of the challenge, to make the card's trace with; None = no trace.

    Raises:
        NonFiniteScoreError: A metric is undefined or not finite on the public part.
        KeyError: A metric that does not exist.

    """
    columns = in_slots(key, predictions)
    public = slice(0, key.public_rows)
    private = slice(key.public_rows, key.public_rows + key.private_rows)
    public_scores = _score_part(key, columns, public, metrics)
    try:
        private_scores = _score_part(key, columns, private, metrics)
    except NonFiniteScoreError:
        private_scores = ()
    return ScoreCard(
        public=public_scores,
        private=private_scores,
        trace=_trace(key, columns, metrics[0], secret),
    )


def in_slots(key: AnswerKey, predictions: Predictions) -> tuple[Column, ...]:
    """Give the predicted columns in slot order, as the answers are."""
    if predictions.in_slots:
        return predictions.columns
    return tuple(_to_slots(column, key) for column in predictions.columns)


def _trace(
    key: AnswerKey, columns: tuple[Column, ...], choice: MetricChoice, secret: bytes | None
) -> Trace | None:
    if secret is None:
        return None
    made = trace(
        key=key,
        columns=columns,
        secret=secret,
        metric=METRICS[choice.name],
        parameters=dict(choice.parameters),
    )
    if len(key.placement) >= MANY_ROWS:
        key.drop_pages()
    return made


def score_file(
    path: Path,
    *,
    form: PredictionForm,
    key: AnswerKey,
    metrics: tuple[MetricChoice, ...],
    secret: bytes | None = None,
) -> ScoreCard:
    """Read, check and score one file.

    Raises:
        PredictionsRefusedError: The file is wrong.
        NonFiniteScoreError: See `score`.

    """
    predictions = read_predictions(path, form=form, ids=key.ids, placement=key.placement)
    return score(key=key, predictions=predictions, metrics=metrics, secret=secret)


def _to_slots(column: Column, key: AnswerKey) -> Column:
    if isinstance(column, Sequence):
        moved: list[Sequence[str]] = [()] * len(column)
        for row, slot in enumerate(key.placement.tolist()):
            moved[slot] = column[row]
        return moved
    slots = column.copy()
    slots[key.placement] = column
    return slots


def _score_part(
    key: AnswerKey, columns: tuple[Column, ...], part: slice, metrics: tuple[MetricChoice, ...]
) -> tuple[Score, ...]:
    if part.start == part.stop:
        return ()
    truth = tuple(column[part] for column in key.truth)
    prediction = tuple(column[part] for column in columns)
    scores = tuple(_score_one(truth, prediction, choice) for choice in metrics)
    if len(key.placement) >= MANY_ROWS:
        key.drop_pages()
    return scores


def _score_one(
    truth: tuple[Column, ...], prediction: tuple[Column, ...], choice: MetricChoice
) -> Score:
    try:
        value = METRICS[choice.name].score(truth, prediction, **dict(choice.parameters))
    except UndefinedMetricError:
        raise NonFiniteScoreError(choice.name) from None
    if not math.isfinite(value):
        raise NonFiniteScoreError(choice.name)
    return Score(choice.name, float(value), round_score(float(value), digits=choice.digits))
