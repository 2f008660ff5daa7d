"""Tables that find the row of an id, built at first use and kept with the ids.

The hash is seeded afresh for every table, so that nobody can prepare ids that collide.
"""

import secrets

import numpy as np
from numpy.typing import NDArray

from palio.scoring import kernel, layout
from palio.scoring.form import IdKind
from palio.scoring.rows import RowIds

_SPARSE = 8  # ids spread over more than so many places for each row go into a hash table
_NO_ROWS = np.empty(0, dtype=np.int32)
_NO_ENTRIES = np.empty(0, dtype=np.int64)
_SPECIAL = np.frombuffer(b'",\r\n', dtype=np.uint8)


def kernel_ids(ids: RowIds) -> layout.Ids | None:
    """Give the ids as the compiled pass wants them, with a table if one was needed before.

    None when an id needs quoting in a CSV.
    """
    with ids.lock:
        if ids.compiled is None:
            special = ids.kind is IdKind.TEXT and np.isin(ids.blob, _SPECIAL).any()
            seed = np.uint64(secrets.randbits(64))
            ids.compiled = () if special else _kernel_ids(ids, seed=seed)
    return ids.compiled or None


def with_table(ids: RowIds) -> layout.Ids:
    """Give the ids with a table, which is then kept."""
    with ids.lock:
        if not ids.compiled.ready:
            fill = _fill_texts if ids.kind is IdKind.TEXT else _fill_integers
            ids.compiled = fill(ids, ids.compiled.seed)
        filled: layout.Ids = ids.compiled
    return filled


def _fill_integers(ids: RowIds, seed: np.uint64) -> layout.Ids:
    numbers = ids.integers
    low, high = int(numbers.min()), int(numbers.max())
    if high - low < _SPARSE * ids.count:
        rows = np.full(high - low + 1, -1, dtype=np.int32)
        rows[numbers - low] = np.arange(ids.count, dtype=np.int32)
        return _kernel_ids(ids, seed=seed, base=low, rows=rows)
    entries = np.full(_table_size(ids.count), -1, dtype=np.int64)
    kernel.fill_integer_table(layout.frozen(numbers), seed, entries)
    return _kernel_ids(ids, seed=seed, entries=entries)


def _fill_texts(ids: RowIds, seed: np.uint64) -> layout.Ids:
    entries = np.full(_table_size(ids.count), -1, dtype=np.int64)
    kernel.fill_text_table(layout.frozen(ids.offsets), layout.frozen(ids.blob), seed, entries)
    return _kernel_ids(ids, seed=seed, entries=entries)


def _kernel_ids(
    ids: RowIds,
    *,
    seed: np.uint64,
    base: int = 0,
    rows: NDArray[np.int32] = _NO_ROWS,
    entries: NDArray[np.int64] = _NO_ENTRIES,
) -> layout.Ids:
    arrays = (ids.integers, ids.offsets, ids.blob, rows, entries)
    integers, offsets, blob, rows, entries = (layout.frozen(array) for array in arrays)
    return layout.Ids(
        text=ids.kind is IdKind.TEXT,
        ready=bool(rows.size or entries.size),
        direct=bool(rows.size),
        base=base,
        seed=seed,
        integers=integers,
        offsets=offsets,
        blob=blob,
        rows=rows,
        entries=entries,
    )


def _table_size(count: int) -> int:
    return 1 << max(4, (2 * count - 1).bit_length())
