"""What is kept of a submission beside its scores, so that any two can be compared later.

Rows are dealt into buckets, and cells are drawn, by keys derived from a secret of the challenge:
whoever could tell which rows share a bucket could aim at them (integrity.md §2.9, §4.1).
A *cell* is one predicted value: row r of target c is number ``c * rows + r``, rows in the order
of the ids, so that another split of the rows leaves sketches comparable.
"""

import hashlib
import math
import zlib
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from palio.core.derivation import derived_key
from palio.scoring.card import Trace
from palio.scoring.columns import Placement
from palio.scoring.key import AnswerKey
from palio.scoring.metrics import sums
from palio.scoring.metrics.base import Column, Metric, Parameter, UndefinedMetricError

__all__ = [
    "BUCKETS",
    "SAMPLE",
    "SKETCH",
    "Trace",
    "bucket_sizes",
    "bucket_sums",
    "constant_sketches",
    "standard_error",
    "trace",
]

BUCKETS = 2000
SKETCH = 512
SAMPLE = 1024

_DEALS_KEPT = 8  # of both parts of four challenges; 2 bytes a row
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2**64 divided by the golden ratio: spreads small numbers
_SIGN = np.uint64(1 << 63)  # of a double
_FEW_CELLS = 4 * SAMPLE

Floats = NDArray[np.float32]
Losses = Callable[[slice], NDArray[np.float64]]


def trace(
    *,
    key: AnswerKey,
    columns: tuple[Column, ...],
    secret: bytes,
    metric: Metric | None = None,
    parameters: dict[str, Parameter] | None = None,
) -> Trace:
    """Make the trace of one submission.

    Args:
        key: The answers.
        columns: The predicted ones, in slot order.
        secret: Of the challenge.
        metric: The ranking one; None for a host's own, which gives no loss for each row.
        parameters: Its keyword arguments.

    """
    public_sums = private_sums = None
    if metric is not None and metric.losses is not None:
        losses = _losses(key, columns, metric, metric.settled(parameters or {}))
        parts = (0, key.public_rows, key.public_rows + key.private_rows)
        keys = [derived_key(secret, purpose=f"buckets:{part}") for part in ("public", "private")]
        public_sums = _sums(losses, parts[0], parts[1], keys[0])
        private_sums = _sums(losses, parts[1], parts[2], keys[1])
    sketch, canonical_sha256 = _sketch(columns, key.placement, secret)
    return Trace(
        public_sums=public_sums,
        private_sums=private_sums,
        sketch=sketch,
        sample=_sample(columns, key.placement, secret),
        canonical_sha256=canonical_sha256,
    )


def bucket_sizes(rows: int) -> NDArray[np.int64]:
    """Give the number of rows in each bucket, shape (min(BUCKETS, rows),): no two differ by 2."""
    count = min(BUCKETS, rows)
    return rows // max(count, 1) + (np.arange(count) < rows % max(count, 1))


def bucket_sums(losses: Losses, *, rows: int, key: bytes) -> NDArray[np.float64]:
    """Add up per-row losses by bucket, shape (min(BUCKETS, rows),).

    Args:
        losses: Gives the losses of a slice of the rows.
        rows: How many rows there are.
        key: 32 secret bytes that deal the rows.

    """
    dealt = _deal(key, rows)
    found = np.zeros(min(BUCKETS, rows))
    for block in sums.blocks(rows):
        found += np.bincount(dealt[block], weights=losses(block), minlength=len(found))
    return found


def standard_error(found: NDArray[np.floating], *, rows: int) -> float:
    """Estimate the standard error of a mean of `rows` losses from their bucket sums.

    Exact (standard deviation with n - 1, divided by the root of n) where every bucket is a single
    row. Pass the difference of two submissions' sums for the error of their difference.

    Args:
        found: Shape (min(BUCKETS, rows),).
        rows: How many there are.

    """
    count = len(found)
    if count < 2:  # noqa: PLR2004 - one number has no spread
        return math.inf
    sizes = bucket_sizes(rows)
    residuals = found - sizes * (found.sum(dtype=np.float64) / rows)
    spread = float(np.square(residuals, dtype=np.float64).sum())
    return math.sqrt(spread * count / (count - 1)) / rows


@lru_cache(maxsize=_DEALS_KEPT)
def _deal(key: bytes, rows: int) -> NDArray[np.int16]:
    """Give each row its bucket: a shuffle, for a pattern in the rows' order must not show."""
    dealt = np.resize(np.arange(min(BUCKETS, rows), dtype=np.int16), rows)
    # Unlike a Generator's, this shuffle is frozen for ever: sums of years are compared.
    np.random.RandomState(np.frombuffer(key, dtype="<u4")).shuffle(dealt)
    dealt.flags.writeable = False
    return dealt


def _sums(losses: Losses, first: int, last: int, key: bytes) -> Floats | None:
    if first == last:
        return None

    def shifted(rows: slice) -> NDArray[np.float64]:
        return losses(slice(first + rows.start, first + rows.stop))

    try:
        with np.errstate(all="ignore"):
            found = bucket_sums(shifted, rows=last - first, key=key).astype(np.float32)
    except UndefinedMetricError:
        return None
    return found if np.isfinite(found).all() else None


def _losses(
    key: AnswerKey, columns: tuple[Column, ...], metric: Metric, parameters: dict[str, Parameter]
) -> Losses:
    function = metric.losses
    if function is None:
        raise ValueError(f"{metric.name} gives no loss for each row")

    def losses(slots: slice) -> NDArray[np.float64]:
        truth = tuple(column[slots] for column in key.truth)
        return function(truth, tuple(column[slots] for column in columns), **parameters)

    return losses


def _pick(column: Column, rows: NDArray[np.integer]) -> Column:
    if isinstance(column, np.ndarray):
        picked: Column = column[rows]
        return picked
    return [column[row] for row in rows.tolist()]


def _sketch(columns: Sequence[Column], slots: Placement, secret: bytes) -> tuple[Floats, str]:
    """Add each value, with a random sign, to one of SKETCH sums (a count sketch).

    Charikar, Chen, Farach-Colton, Finding frequent items in data streams, 2002. The digest of the
    values comes with it: reading them in the order of the ids is what takes the time.
    """
    found = np.zeros(SKETCH)
    digest = hashlib.sha256()
    for place, column in enumerate(columns):
        bits = _bits(secret, f"sketch:{place}")
        for block in sums.blocks(len(slots)):
            values = _pick(column, slots[block])
            digest.update(_canonical(values))
            where, terms = _terms(values, bits.random_raw(block.stop - block.start))
            found += np.bincount(where, weights=terms, minlength=SKETCH)
        digest.update(b"\n\n")
    with np.errstate(over="ignore"):
        return np.nan_to_num(found.astype(np.float32)), digest.hexdigest()


def constant_sketches(*, rows: int, is_number: Sequence[bool], secret: bytes) -> Floats:
    """Sketch the prediction of 1 in every row, for each numeric target alone.

    Args:
        rows: Of the holdout.
        is_number: For each target whether it is one; a constant means nothing for the others.
        secret: Of the challenge.

    Returns:
        float32 (numeric targets, SKETCH).

    """
    slots: Placement = np.arange(rows, dtype=np.int32)
    nothing, ones = np.zeros(rows), np.ones(rows)
    places = [place for place, is_so in enumerate(is_number) if is_so]
    found = [
        _sketch([ones if there == place else nothing for there in range(place + 1)], slots, secret)[
            0
        ]
        for place in places
    ]
    return np.array(found, dtype=np.float32).reshape(len(places), SKETCH)


def _terms(
    values: Column, drawn: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give place and signed value of each term of a sketch."""
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        signed = np.ascontiguousarray(values).view(np.uint64) ^ (drawn & _SIGN)
        return (drawn % np.uint64(SKETCH)).astype(np.int64), signed.view(np.float64)
    if isinstance(values, np.ndarray):
        kinds = values.astype(np.uint64)
    else:
        lengths = [len(items) for items in values]
        drawn = np.repeat(drawn, lengths)
        kinds = np.array([_number(item) for items in values for item in items], dtype=np.uint64)
    # A sign and a place of its own for each kind of answer in each row.
    mixed = (drawn ^ (kinds * _MIXER)) * _MIXER
    mixed ^= mixed >> np.uint64(32)
    mixed *= _MIXER
    signs = np.where(mixed >> np.uint64(63), -1.0, 1.0)
    return ((mixed >> np.uint64(32)) % np.uint64(SKETCH)).astype(np.int64), signs


def _sample(columns: Sequence[Column], slots: Placement, secret: bytes) -> Floats:
    rows = len(slots)
    cells = _cells(rows * len(columns), secret)
    found = np.empty(len(cells), dtype=np.float32)
    for place, column in enumerate(columns):
        is_here = cells // rows == place
        picked = _pick(column, slots[cells[is_here] % rows])
        if not isinstance(picked, np.ndarray):
            picked = np.array([_number(" ".join(items)) for items in picked], dtype=np.float64)
        with np.errstate(over="ignore"):
            found[is_here] = picked
    return np.nan_to_num(found)


def _cells(count: int, secret: bytes) -> NDArray[np.int64]:
    """Draw up to SAMPLE different cells, the same ones in the same order for every submission."""
    bits = _bits(secret, "sample")
    if count <= _FEW_CELLS:
        return np.argsort(bits.random_raw(count), kind="stable")[:SAMPLE]
    drawn = (bits.random_raw(_FEW_CELLS) % np.uint64(count)).astype(np.int64)
    _, firsts = np.unique(drawn, return_index=True)
    return drawn[np.sort(firsts)][:SAMPLE]


def _canonical(values: Column) -> bytes:
    if isinstance(values, np.ndarray):
        return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()
    return "".join(f"{' '.join(items)}\n" for items in values).encode()


def _bits(secret: bytes, purpose: str) -> np.random.Philox:
    """Give a stream of bits that is the same in every version of numpy."""
    key = derived_key(secret, purpose=purpose)
    return np.random.Philox(key=int.from_bytes(key[:16], "little"))


def _number(text: str) -> int:
    """Give a number that a float32 holds exactly."""
    return zlib.crc32(text.encode()) & 0xFFFFFF
