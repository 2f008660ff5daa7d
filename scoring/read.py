"""From a participant's file to checked columns: chooses the way, gives one kind of refusal.

The ways of reading CSV give the same verdict and the same bits: a compiled pass over plain files,
whole columns with pyarrow for the other good ones, and the careful reader, which decides and has
the words whenever one of the first two is in doubt.
"""

import os
import sys
from pathlib import Path
from typing import BinaryIO

from palio.scoring import sniff
from palio.scoring.careful import read_carefully
from palio.scoring.columns import Placement, Predictions
from palio.scoring.form import FileFormat, PredictionForm
from palio.scoring.netflix import looks_like_netflix, read_netflix
from palio.scoring.refusal import refused
from palio.scoring.rows import RowIds
from palio.scoring.table import read_parquet
from palio.scoring.unpack import unpacked

__all__ = ["Predictions", "read_predictions", "warm_up"]

SMALL_BYTES = 256 * 1024  # up to here the compiled pass is used only when it is loaded already
TINY_BYTES = 16 * 1024  # up to here plain Python is the fastest
_HEAD_BYTES = 512
_KERNEL = "palio.scoring.fast"


def warm_up() -> None:
    """Compile the fast way, or load it from its cache, so that the first file need not wait."""
    from palio.scoring import fast, general  # noqa: F401, PLC0415 - loading them is the point


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
        head = _checked_head(file, form)
        if sniff.is_parquet(head) and FileFormat.PARQUET in form.formats:
            return read_parquet(file, form=form, ids=ids, placement=placement)
        plain = unpacked(file, head, form=form)
        if plain is None:
            return _read_text(file, form=form, ids=ids, placement=placement)
        with plain:
            return _read_text(plain, form=form, ids=ids, placement=placement)


def _checked_head(file: BinaryIO, form: PredictionForm) -> bytes:
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        raise refused("empty", "The file is empty.")
    if size > form.max_bytes:
        raise refused("too_large", f"The file has {size:,} bytes; at most {form.max_bytes:,}.")
    return file.read(_HEAD_BYTES)


def _read_text(
    file: BinaryIO, *, form: PredictionForm, ids: RowIds, placement: Placement | None
) -> Predictions:
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if not head:
        raise refused("empty", "The packed file is empty.")
    fault = sniff.unreadable(head)
    if fault is not None:
        raise fault
    if FileFormat.NETFLIX in form.formats and (
        FileFormat.CSV not in form.formats or looks_like_netflix(head)
    ):
        return read_netflix(file, form=form, ids=ids, placement=placement)
    return _read_csv(file, form=form, ids=ids, placement=placement)


def _read_csv(
    file: BinaryIO, *, form: PredictionForm, ids: RowIds, placement: Placement | None
) -> Predictions:
    size = file.seek(0, os.SEEK_END)
    done: Predictions | None = None
    if size > SMALL_BYTES or (size > TINY_BYTES and _KERNEL in sys.modules):
        from palio.scoring.fast import read_fast  # noqa: PLC0415 - compiles; not for small files

        done = read_fast(file, form=form, ids=ids, placement=placement)
    if done is None and size > TINY_BYTES:
        from palio.scoring.general import read_general  # noqa: PLC0415 - pyarrow is slow to load

        done = read_general(file, form=form, ids=ids, placement=placement)
    if done is None:
        file.seek(0)
        done = read_carefully(file, form=form, ids=ids, placement=placement)
    return done
