"""Reads predictions from Parquet: caps first, then whole columns, then row by row for the words."""

from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from palio.scoring.careful import CarefulReader
from palio.scoring.columns import Placement, Predictions
from palio.scoring.faults import TooManyFaultsError
from palio.scoring.form import IdKind, PredictionForm, TargetKind
from palio.scoring.general import aligned, rows_of
from palio.scoring.header import ID_ROLE, parse_names
from palio.scoring.refusal import refused, shown
from palio.scoring.rows import LARGEST_ID, RowIds

_BATCH = 16_384
_BROKEN = (pa.ArrowException, OSError, ValueError, KeyError)
_NUMERIC = (TargetKind.REAL, TargetKind.INTEGER)


def read_parquet(
    file: BinaryIO, *, form: PredictionForm, ids: RowIds, placement: Placement | None
) -> Predictions:
    """Read a Parquet file.

    Text may be plain or dictionary encoded; numbers of any width are taken as the double they
    are; a null is an empty value. Rows are counted from 1 in the messages.

    Raises:
        PredictionsRefusedError: Anything is wrong, with a row number where there is one.

    """
    try:
        table, roles = _read(file, form, ids)
    except _BROKEN:
        raise refused("parquet:broken", "The Parquet file cannot be read. Write it anew.") from None
    done = _read_columns(table, roles, form, ids, placement)
    if done is not None:
        return done
    reader = CarefulReader(form, ids, placement, unit="Row")
    return reader.finish(complete=_read_rows(reader, table, roles))


def _read(file: BinaryIO, form: PredictionForm, ids: RowIds) -> tuple[Any, tuple[int, ...]]:
    file.seek(0)
    held = parquet.ParquetFile(file, pre_buffer=False)
    meta = held.metadata
    groups = [meta.row_group(place) for place in range(meta.num_row_groups)]
    if sum(group.total_byte_size for group in groups) > form.max_bytes:
        raise refused("too_large", f"More than {form.max_bytes:,} bytes are packed in the file.")
    if max(meta.num_rows, sum(group.num_rows for group in groups)) > ids.count:
        text = f"The file has {meta.num_rows:,} rows; the test set has {ids.count:,}."
        raise refused("row_count", text)
    for field in held.schema_arrow:
        _check_type(field)
    roles = parse_names(list(held.schema_arrow.names), form=form).roles
    names = held.schema_arrow.names
    file.seek(0)
    held = parquet.ParquetFile(file, read_dictionary=names, pre_buffer=False)
    batches = []
    room = form.max_bytes
    for batch in held.iter_batches(_BATCH, use_threads=False):
        room -= sum(_text_bytes(column, form) for column in batch.columns)
        if room < 0:
            raise refused("too_large", f"More than {form.max_bytes:,} bytes come out of the file.")
        batches.append(_plain(batch))
    return pa.Table.from_batches(batches) if batches else held.schema_arrow.empty_table(), roles


def _check_type(field: Any) -> None:  # noqa: ANN401 - pyarrow has no types
    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, _is_text)
    if not any(check(kind) for check in checks):
        text = (
            f"The column {shown(field.name)} has the type {shown(str(kind))}; use text or numbers."
        )
        raise refused("parquet:type", text)


def _is_text(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _text_bytes(column: Any, form: PredictionForm) -> int:  # noqa: ANN401 - pyarrow has no types
    """Count the bytes of a column's texts when they are written out, and look at each."""
    held = column.dictionary if pa.types.is_dictionary(column.type) else column
    if not _is_text(held.type):
        return 0
    try:
        held.validate(full=True)
    except pa.ArrowInvalid:
        raise refused("encoding:not_utf8", "A text in the file is not valid UTF-8.") from None
    lengths = pc.binary_length(held)
    if (pc.max(lengths).as_py() or 0) > form.max_line_bytes:
        text = f"A text in the file is longer than {form.max_line_bytes} bytes."
        raise refused("line_too_long", text)
    if held is not column:
        lengths = lengths.take(column.indices)
    return pc.sum(lengths).as_py() or 0


def _plain(batch: Any) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Write dictionaries out."""
    columns = []
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()  # noqa: PLW2901 - the same values
        columns.append(column.cast(pa.large_string()) if _is_text(column.type) else column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _read_columns(
    table: Any,  # noqa: ANN401 - pyarrow has no types
    roles: tuple[int, ...],
    form: PredictionForm,
    ids: RowIds,
    placement: Placement | None,
) -> Predictions | None:
    """Give the predictions, or None when there is any doubt."""
    if table.num_rows != ids.count or any(column.null_count for column in table.columns):
        return None
    given = _ids(table.column(roles.index(ID_ROLE)), ids.kind)
    rows = None if given is None else rows_of(given, ids)
    if rows is None:
        return None
    values = {}
    for role, column in zip(roles, table.columns, strict=True):
        if role != ID_ROLE:
            values[role] = _values(column, form.targets[role].kind)
    if any(column is None for column in values.values()):
        return None
    return aligned(values, form=form, rows=rows, placement=placement)


def _ids(column: Any, kind: IdKind) -> Any | None:  # noqa: ANN401 - pyarrow has no types
    if _is_text(column.type):
        return column
    if not pa.types.is_integer(column.type):
        return None
    if kind is IdKind.TEXT:
        return column.cast(pa.large_string())
    if pa.types.is_uint64(column.type) and (pc.max(column).as_py() or 0) > LARGEST_ID:
        return None
    return column.cast(pa.int64())


def _values(column: Any, kind: TargetKind) -> Any | None:  # noqa: ANN401 - pyarrow has no types
    if kind in _NUMERIC:
        exact = pa.types.is_floating(column.type) or pa.types.is_integer(column.type)
        return column.cast(pa.float64(), safe=False) if exact else None
    if pa.types.is_integer(column.type):
        return column.cast(pa.large_string())
    return column if _is_text(column.type) else None


def _read_rows(reader: CarefulReader, table: Any, roles: tuple[int, ...]) -> bool:  # noqa: ANN401 - pyarrow has no types
    """Hand every row to the careful reader as text; False when it stopped early."""
    number = 0
    try:
        for batch in table.to_batches(max_chunksize=_BATCH):
            for fields in zip(*(map(_written, c.to_pylist()) for c in batch.columns), strict=True):
                number += 1
                reader.read_fields(fields, number, roles)
    except TooManyFaultsError:
        return False
    return True


def _written(value: object) -> str:
    return "" if value is None else str(value)
