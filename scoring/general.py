"""The general way: any good CSV (quotes, CRLF, labels, item lists), whole columns at a time.

Like the compiled pass it only says "done" or "in doubt"; the careful reader has the words.
"""

import re
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from palio.scoring.columns import (
    Placement,
    Predictions,
    ValueReader,
    check_numbers,
    empty_columns,
)
from palio.scoring.form import IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.header import ID_ROLE, parse_header
from palio.scoring.lines import read_lines
from palio.scoring.refusal import PredictionsRefusedError
from palio.scoring.rows import RowIds
from palio.scoring.sniff import BOM
from palio.scoring.values import NUMBER_PATTERN, ValueFaultError

_CONTROLS = {*range(32), 127} - {*b"\t\n\r"}
_CLEAN = bytes(byte for byte in range(256) if byte not in _CONTROLS)
_C1 = re.compile(rb"\xc2[\x80-\x9f]")
_LF, _CR, _QUOTE = 10, 13, 34
_BLOCK_BYTES = 1 << 20
_NUMBER = f"^(?:{NUMBER_PATTERN})$"
_INTEGER_ID = "^(?:0|[1-9][0-9]{0,18})$"


def read_general(
    file: BinaryIO, *, form: PredictionForm, ids: RowIds, placement: Placement | None
) -> Predictions | None:
    """Read a CSV file, or give None when there is any doubt about it."""
    texts = read_texts(file, form=form, most_rows=ids.count)
    if texts is None or len(texts[ID_ROLE]) != ids.count:
        return None
    rows = rows_of(texts[ID_ROLE], ids)
    if rows is None:
        return None
    return aligned(texts, form=form, rows=rows, placement=placement)


def read_texts(
    file: BinaryIO, *, form: PredictionForm, most_rows: int | None = None
) -> dict[int, Any] | None:
    """Give each column's values as written, by role, or None when the CSV is not surely good.

    The columns are pyarrow chunked arrays of large strings. With `most_rows` a longer file is
    given up before it takes more memory than its own bytes.
    """
    file.seek(0)
    try:
        first = next(read_lines(file, max_line_bytes=form.max_line_bytes))
        roles = parse_header(first.text, form=form).roles
    except PredictionsRefusedError:
        return None
    file.seek(0)
    data = file.read()
    lines = data.count(b"\n") + 1
    if most_rows is not None and lines > most_rows + 2:
        return None
    if data.count(b'"') > 2 * len(roles) * lines:
        return None
    rows = _clean_rows(data, form=form)
    table = None if rows is None else _parse(data, len(roles), form)
    if table is None or table.num_rows != rows:
        return None
    return dict(zip(roles, table.columns, strict=True))


def _clean_rows(data: bytes, *, form: PredictionForm) -> int | None:
    """Count the lines after the header of clean text; None when it is not surely clean."""
    if data.translate(None, _CLEAN) or data.find(BOM, 1) >= 0:
        return None
    if data.count(b"\r") != data.count(b"\r\n"):
        return None
    if b"\xc2" in data and _C1.search(data):
        return None
    array = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(array == _LF)
    edges = np.concatenate(([-1], ends, [len(data)] if data[-1] != _LF else []))
    if np.diff(edges).max() - 1 > form.max_line_bytes:
        return None
    start = len(BOM) if data.startswith(BOM) else 0
    if b'"' in data and not _is_cleanly_quoted(array, ends, start=start):
        return None
    return len(edges) - 2


def _is_cleanly_quoted(array: NDArray[np.uint8], ends: NDArray[np.intp], *, start: int) -> bool:
    """Tell that every quote opens or closes a whole field on one line; none is escaped."""
    quotes = np.flatnonzero(array == _QUOTE)
    opening, closing = quotes[::2], quotes[1::2]
    if len(opening) != len(closing) or (np.searchsorted(quotes, ends) % 2).any():
        return False
    before = array[np.maximum(opening - 1, 0)]
    after = array[np.minimum(closing + 1, len(array) - 1)]
    opens = (opening == start) | (before == ord(",")) | (before == _LF)
    closes = (closing == len(array) - 1) | (after == ord(",")) | (after == _LF) | (after == _CR)
    return bool(opens.all() and closes.all())


def _parse(data: bytes, width: int, form: PredictionForm) -> Any | None:  # noqa: ANN401 - pyarrow has no types
    names = [str(place) for place in range(width)]
    try:
        return csv.read_csv(
            pa.BufferReader(data),
            read_options=csv.ReadOptions(
                use_threads=False,
                block_size=max(_BLOCK_BYTES, 4 * form.max_line_bytes),
                column_names=names,
                skip_rows=1,
            ),
            parse_options=csv.ParseOptions(ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None


def rows_of(given: Any, ids: RowIds) -> NDArray[np.intp] | None:  # noqa: ANN401 - pyarrow has no types
    """Give the row of each line, or None unless each row is there exactly once."""
    expected = _expected(ids)
    if ids.kind is IdKind.INTEGER and not pa.types.is_integer(given.type):
        given = integer_ids(given)
    if given is None:
        return None
    if given.equals(pa.chunked_array([expected])):
        return np.arange(ids.count)
    found = pc.index_in(given, value_set=expected)
    if found.null_count:
        return None
    rows: NDArray[np.intp] = found.to_numpy().astype(np.intp)
    seen = np.zeros(ids.count, dtype=np.bool_)
    seen[rows] = True
    return rows if seen.all() else None


def integer_ids(texts: Any) -> Any | None:  # noqa: ANN401 - pyarrow has no types
    """Read a column of INTEGER ids as int64; None when one is not surely good."""
    if not pc.all(pc.match_substring_regex(texts, _INTEGER_ID)).as_py():
        return None
    try:
        return texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return None


def _expected(ids: RowIds) -> Any:  # noqa: ANN401 - pyarrow has no types
    if ids.kind is IdKind.INTEGER:
        return pa.array(ids.integers)
    return pa.LargeStringArray.from_buffers(
        ids.count, pa.py_buffer(ids.offsets), pa.py_buffer(ids.blob)
    )


def aligned(
    columns_given: dict[int, Any],
    *,
    form: PredictionForm,
    rows: NDArray[np.intp],
    placement: Placement | None,
) -> Predictions | None:
    """Check the values (texts, or numbers as doubles) and put each where its row goes."""
    slots = rows if placement is None else placement[rows]
    columns = empty_columns(form.targets, rows=len(rows))
    for role, target in enumerate(form.targets):
        values = values_of(columns_given[role], target, form.max_value_chars)
        if values is None:
            return None
        if isinstance(values, list):
            for slot, items in zip(slots.tolist(), values, strict=True):
                columns[role][slot] = items
        else:
            columns[role][slots] = values
    return Predictions(tuple(columns), len(rows), placement is not None)


def values_of(texts: Any, target: TargetColumn, max_chars: int) -> Any | None:  # noqa: ANN401 - arrays and lists alike
    """Read a column; None when any value is not surely good."""
    if target.kind is TargetKind.LABEL:
        found = pc.index_in(texts, value_set=pa.array(target.labels, pa.large_string()))
        return None if found.null_count else found.to_numpy().astype(np.int32)
    if target.kind is TargetKind.ITEMS:
        reader = ValueReader.of(target, max_chars=max_chars)
        try:
            return [reader.read(text) for text in texts.to_pylist()]
        except ValueFaultError:
            return None
    return _numbers(texts, target, max_chars)


def _numbers(texts: Any, target: TargetColumn, max_chars: int) -> NDArray[np.float64] | None:  # noqa: ANN401 - pyarrow has no types
    if pa.types.is_float64(texts.type):
        return check_numbers(texts.to_numpy() + 0.0, target)
    if pc.max(pc.binary_length(texts)).as_py() > max_chars:
        return None
    if not pc.all(pc.match_substring_regex(texts, _NUMBER)).as_py():
        return None
    if pc.any(pc.starts_with(texts, "+")).as_py():
        texts = pc.replace_substring_regex(texts, r"^\+", "")
    try:
        values: NDArray[np.float64] = texts.cast(pa.float64()).to_numpy() + 0.0
    except pa.ArrowInvalid:
        return None  # an exponent out of range
    return check_numbers(values, target)
