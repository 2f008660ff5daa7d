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
    """Give the ids as the compiled pass wants them, or None when they need quoting in a CSV."""
    with ids.lock:
        if ids.compiled is None:
            ids.compiled = _text_ids(ids) if ids.kind is IdKind.TEXT else _integer_ids(ids)
    return ids.compiled or None


def _integer_ids(ids: RowIds) -> layout.Ids:
    numbers = ids.integers
    low, high = (int(numbers.min()), int(numbers.max())) if ids.count else (0, 0)
    seed = np.uint64(secrets.randbits(64))
    direct = high - low < _SPARSE * ids.count
    if direct:
        rows = np.full(high - low + 1, -1, dtype=np.int32)
        rows[numbers - low] = np.arange(ids.count, dtype=np.int32)
    else:
        rows = np.full(_table_size(ids.count), -1, dtype=np.int32)
        kernel.fill_integer_table(numbers, seed, rows)
    return _kernel_ids(ids, direct=direct, base=low, seed=seed, rows=rows)


def _text_ids(ids: RowIds) -> layout.Ids | tuple[()]:
    if np.isin(ids.blob, _SPECIAL).any():
        return ()
    seed = np.uint64(secrets.randbits(64))
    entries = np.full(_table_size(ids.count), -1, dtype=np.int64)
    kernel.fill_text_table(ids.offsets, ids.blob, seed, entries)
    return _kernel_ids(ids, seed=seed, entries=entries)


def _kernel_ids(
    ids: RowIds,
    *,
    seed: np.uint64,
    direct: bool = False,
    base: int = 0,
    rows: NDArray[np.int32] = _NO_ROWS,
    entries: NDArray[np.int64] = _NO_ENTRIES,
) -> layout.Ids:
    arrays = (ids.integers, ids.offsets, ids.blob, rows, entries)
    frozen = [layout.frozen(array) for array in arrays]
    return layout.Ids(ids.kind is IdKind.TEXT, direct, base, seed, *frozen)


def _table_size(count: int) -> int:
    return 1 << max(4, (2 * count - 1).bit_length())
