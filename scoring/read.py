"""From a participant's file to checked columns: chooses the way, gives one kind of refusal."""

import os
from pathlib import Path
from typing import BinaryIO

from palio.scoring import sniff
from palio.scoring.careful import read_carefully
from palio.scoring.columns import Placement, Predictions
from palio.scoring.form import PredictionForm
from palio.scoring.refusal import refused
from palio.scoring.rows import RowIds

__all__ = ["Predictions", "read_predictions"]

_HEAD_BYTES = 512


def read_predictions(
    path: Path, *, form: PredictionForm, ids: RowIds, placement: Placement | None = None
) -> Predictions:
    """Read and check a prediction file.

    Args:
        path: The file as sent.
        form: What it has to look like.
        ids: The expected ids.
        placement: Where each row goes; None = the order of `ids`. It steers where values are
            put and nothing else: no message depends on it.

    Raises:
        PredictionsRefusedError: Anything at all is wrong with the file.

    """
    with path.open("rb") as file:
        return _read_text(file, form=form, ids=ids, placement=placement)


def _read_text(
    file: BinaryIO, *, form: PredictionForm, ids: RowIds, placement: Placement | None
) -> Predictions:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise refused("empty", "The file is empty.")
    if size > form.max_bytes:
        raise refused("too_large", f"The file has {size:,} bytes; at most {form.max_bytes:,}.")
    head = file.read(_HEAD_BYTES)
    fault = sniff.unreadable(head)
    if fault is not None:
        raise fault
    file.seek(0)
    return read_carefully(file, form=form, ids=ids, placement=placement)
