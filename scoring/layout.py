"""The arrays that the compiled pass works on, in named tuples."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

# places in the state array
NEXT_ROW, WAITING, KNOWN_AT, HARD_END = range(4)
STATE_SIZE = 4
TABLE = 3  # beside floats.GOOD, DOUBT and HARD: a table is needed
BATCH = 1024


def frozen(array: NDArray[Any]) -> NDArray[Any]:
    """Give a read-only view: the compiled pass takes its inputs in no other form."""
    view = array.view()
    view.flags.writeable = False
    return view


class Ids(NamedTuple):
    """The expected ids and the table to find one: see `rows.RowIds` and `lookup`."""

    text: bool
    ready: bool  # the tables are filled
    direct: bool  # `rows` is indexed by id - base
    base: int
    seed: np.uint64
    integers: NDArray[np.int64]
    offsets: NDArray[np.int64]
    blob: NDArray[np.uint8]
    rows: NDArray[np.int32]
    entries: NDArray[np.int64]


class Rules(NamedTuple):
    """What a line has to look like."""

    roles: NDArray[np.int64]  # for each column of the file -1 (id) or the target's place
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    whole: NDArray[np.bool_]
    max_chars: int
    max_line_bytes: int


class Store(NamedTuple):
    """Where rows go."""

    rows: int
    placed: bool  # rows go to their slot in `placement`
    placement: NDArray[np.int32]
    seen: NDArray[np.uint8]  # one bit a row
    columns: NDArray[np.float64]  # (targets, rows)
    line: NDArray[np.float64]  # (targets,), the values of the line at hand
    known: NDArray[np.float64]  # one number that Python read


class Batch(NamedTuple):
    """Lines that wait for their row to be looked up."""

    keys: NDArray[np.int64]  # the id, or the hash of its bytes
    firsts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    found: NDArray[np.int64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[np.float64]  # (BATCH, targets)


def new_batch(targets: int) -> Batch:
    """Give an empty batch."""
    keys, firsts, lengths, found, starts, ends = np.empty((6, BATCH), dtype=np.int64)
    return Batch(keys, firsts, lengths, found, starts, ends, np.empty((BATCH, targets)))
