"""The ways of reading one CSV text, side by side."""

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from palio.scoring.careful import read_carefully
from palio.scoring.columns import Predictions
from palio.scoring.fast import read_fast
from palio.scoring.form import PredictionForm
from palio.scoring.general import read_general
from palio.scoring.refusal import PredictionsRefusedError
from palio.scoring.rows import RowIds


@dataclass(frozen=True)
class Verdicts:
    """What each way says: columns as bytes, or codes with lines, or None for "in doubt"."""

    careful: object
    general: object
    fast: object


def bits(predictions: Predictions) -> list[object]:
    return [
        column.tobytes() if isinstance(column, np.ndarray) else list(column)
        for column in predictions.columns
    ]


def _verdicts(data: bytes, form: PredictionForm, ids: RowIds) -> Verdicts:
    try:
        careful: object = bits(read_carefully(io.BytesIO(data), form=form, ids=ids))
    except PredictionsRefusedError as refusal:
        careful = [(finding.code, finding.line) for finding in refusal.findings]
    quick = []
    for way in (read_general, read_fast):
        done = way(io.BytesIO(data), form=form, ids=ids, placement=None)
        quick.append(None if done is None else bits(done))
    return Verdicts(careful, *quick)


@pytest.fixture(scope="session")
def verdicts() -> Callable[[bytes, PredictionForm, RowIds], Verdicts]:
    """Read one text every way."""
    return _verdicts
