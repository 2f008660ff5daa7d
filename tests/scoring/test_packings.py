"""Packed files, Parquet and Netflix's form: read where allowed, refused with a code otherwise."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from palio.scoring.form import FileFormat, IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.read import read_predictions
from palio.scoring.refusal import PredictionsRefusedError
from palio.scoring.rows import RowIds

PLAIN = b"id,y\n" + b"".join(b"%d,0.%d\n" % (i, i) for i in range(1, 21))
VALUES = [float(f"0.{i}") for i in range(1, 21)]
TWENTY = [str(i) for i in range(1, 21)]
Read = Callable[..., list[float]]


def form_of(*formats: FileFormat, kind: IdKind = IdKind.INTEGER) -> PredictionForm:
    target = TargetColumn("y", minimum=0, maximum=5)
    return PredictionForm("id", kind, (target,), formats=formats, max_bytes=100_000)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Read bytes as a prediction file; give the values in the order of the ids."""

    def read_bytes(
        data: bytes,
        *formats: FileFormat,
        ids: list[str] | None = None,
        kind: IdKind = IdKind.INTEGER,
    ) -> list[float]:
        path = tmp_path / "sent"
        path.write_bytes(data)
        rows = RowIds.of(ids or TWENTY, kind=kind)
        got = read_predictions(path, form=form_of(*formats, kind=kind), ids=rows)
        column = got.columns[0]
        assert isinstance(column, np.ndarray)
        return [float(value) for value in column]

    return read_bytes


def findings(read: Read, data: bytes, *formats: FileFormat, **more: object) -> list[object]:
    with pytest.raises(PredictionsRefusedError) as refusal:
        read(data, *formats, **more)
    return [(finding.code, finding.line) for finding in refusal.value.findings]


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return packed.getvalue()


ONE = zipped(("../../etc/passwd", PLAIN))


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (gzip.compress(PLAIN), FileFormat.CSV_GZ),
        (gzip.compress(PLAIN[:40]) + gzip.compress(PLAIN[40:]), FileFormat.CSV_GZ),
        (ONE, FileFormat.ZIP),
        (zipped(("a.csv", PLAIN), method=zipfile.ZIP_STORED), FileFormat.ZIP),
    ],
    ids=["gzip", "gzip_in_parts", "zip", "zip_stored"],
)
def test_packed_file_is_read_where_allowed(read: Read, data: bytes, wanted: FileFormat) -> None:
    assert read(data, FileFormat.CSV, wanted) == VALUES


def test_packed_file_is_refused_by_name_where_not_allowed(read: Read) -> None:
    packed = gzip.compress(PLAIN)
    assert findings(read, packed, FileFormat.CSV) == [("wrong_format:gzip", None)]
    only_gzip = (FileFormat.CSV, FileFormat.CSV_GZ)
    assert findings(read, ONE, *only_gzip) == [("wrong_format:zip_or_xlsx", None)]


ENCRYPTED = bytearray(ONE)
for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    ENCRYPTED[ONE.index(mark) + place] |= 1


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (gzip.compress(b"0" * 100_001), "too_large"),
        (zipped(("bomb", b"0" * 10_000_000)), "too_large"),
        (gzip.compress(gzip.compress(PLAIN)), "packed:nested"),
        (zipped(("a.zip", ONE)), "packed:nested"),
        (gzip.compress(ONE), "packed:nested"),
        (zipped(("a", PLAIN), ("b", PLAIN)), "packed:members"),
        (zipped(), "packed:members"),
        (zipped(("folder/", b"")), "packed:members"),
        (zipped(("a", PLAIN), method=zipfile.ZIP_BZIP2), "packed:method"),
        (bytes(ENCRYPTED), "packed:encrypted"),
        (ONE + b"x", "packed:broken"),
        (gzip.compress(PLAIN) + b"garbage", "packed:broken"),
        (gzip.compress(PLAIN)[:-8] + bytes(8), "packed:broken"),
        (gzip.compress(b""), "empty"),
        (gzip.compress(b"id,y\n"), "id:missing"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_packing_gives_its_code(read: Read, data: bytes, code: str) -> None:
    allowed = (FileFormat.CSV, FileFormat.CSV_GZ, FileFormat.ZIP)
    assert findings(read, data, *allowed) == [(code, None)]


@pytest.mark.parametrize("packed", [gzip.compress(PLAIN), ONE], ids=["gzip", "zip"])
def test_packed_file_cut_anywhere_never_passes(read: Read, packed: bytes) -> None:
    for length in range(len(packed)):
        findings(read, packed[:length], FileFormat.CSV, FileFormat.CSV_GZ, FileFormat.ZIP)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_flipped_bytes_of_a_packed_file_never_change_a_value(
    read: Read, data: st.DataObject
) -> None:
    packed = bytearray(data.draw(st.sampled_from([gzip.compress(PLAIN, mtime=0), ONE])))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        values = read(bytes(packed), FileFormat.CSV, FileFormat.CSV_GZ, FileFormat.ZIP)
    except PredictionsRefusedError:
        return
    assert values == VALUES


def table(**columns: object) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


NUMBERS = list(range(1, 21))
GOOD_TABLE = table(id=NUMBERS, y=VALUES)
TABULAR = (FileFormat.CSV, FileFormat.PARQUET)


@pytest.mark.parametrize("kind", IdKind)
@pytest.mark.parametrize("ids", [NUMBERS, TWENTY, pa.array(TWENTY).dictionary_encode()])
def test_parquet_is_read_where_allowed(read: Read, kind: IdKind, ids: object) -> None:
    assert read(table(y=VALUES, id=ids), *TABULAR, kind=kind) == VALUES


def test_parquet_rows_may_be_shuffled_and_values_narrow(read: Read) -> None:
    data = table(id=pa.array(NUMBERS[::-1], pa.uint16()), y=pa.array([0.5] * 20, pa.float32()))
    assert read(data, *TABULAR) == [0.5] * 20


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (table(id=NUMBERS, y=[float("nan"), *VALUES[1:]]), [("value:not_finite", 1)]),
        (table(id=NUMBERS, y=[*VALUES[:-1], None]), [("value:empty", 20)]),
        (table(id=NUMBERS, y=[9.0, *VALUES[1:]]), [("value:range", 1)]),
        (table(id=NUMBERS[:2], y=VALUES[:2]), [("id:missing", None)]),
        (table(id=NUMBERS, y=["True"] + ["1"] * 19), [("value:not_number", 1)]),
        (table(id=[*NUMBERS[:-1], 1], y=VALUES), [("id:duplicate", 20), ("id:missing", None)]),
        (table(id=[*NUMBERS[:-1], -1], y=VALUES), [("id:formula", 20), ("id:missing", None)]),
        (table(id=NUMBERS, z=VALUES), [("header:missing_column", 1), ("header:extra_column", 1)]),
        (table(id=[*NUMBERS, 21], y=[*VALUES, 0.5]), [("row_count", None)]),
        (table(id=NUMBERS, y=[[0.5]] * 20), [("parquet:type", None)]),
        (GOOD_TABLE[:-20], [("parquet:broken", None)]),
        (GOOD_TABLE[:10] + bytes(40) + GOOD_TABLE[50:], [("parquet:broken", None)]),
    ],
)  # fmt: skip
def test_bad_parquet_gives_its_code(read: Read, data: bytes, expected: list[object]) -> None:
    assert findings(read, data, *TABULAR) == expected


def test_parquet_bomb_is_refused_before_it_unfolds(read: Read) -> None:
    long = pa.array(["x" * 90_000] * 20).dictionary_encode()
    assert findings(read, table(id=NUMBERS, y=long), *TABULAR) == [("line_too_long", None)]


def test_parquet_texts_are_capped_by_what_they_come_to(read: Read) -> None:
    many = [str(number) for number in range(1, 101)]
    repeated = table(id=many, y=pa.array(["x" * 4000] * 100))
    assert len(repeated) < 100_000
    assert findings(read, repeated, *TABULAR, ids=many) == [("too_large", None)]


def test_parquet_text_that_is_not_utf8_is_refused(read: Read) -> None:
    sink = io.BytesIO()
    columns = pa.table({"id": TWENTY, "y": ["caf\u00e9"] * 20})
    parquet.write_table(columns, sink, compression="none", write_statistics=False)
    broken = sink.getvalue().replace("\u00e9".encode(), b"\xe9e")
    assert findings(read, broken, *TABULAR, kind=IdKind.TEXT) == [("encoding:not_utf8", None)]


MOVIES = ["1:30878", "1:2647871", "10:1952305", "10:1531863", "100:7"]
SHEET = b"1:\n3.0\n3.4\n10:\n4.0\n1\n100:\n2.5\n"


def netflix(read: Read, data: bytes, *formats: FileFormat) -> list[float]:
    return read(data, *(formats or (FileFormat.NETFLIX,)), ids=MOVIES, kind=IdKind.TEXT)


@pytest.mark.parametrize("data", [SHEET, SHEET[:-1], SHEET.replace(b"\n", b"\r\n")])
def test_netflix_sheet_is_read(read: Read, data: bytes) -> None:
    assert netflix(read, data) == [3.0, 3.4, 4.0, 1.0, 2.5]


def test_netflix_sheet_is_told_from_csv_by_its_first_line(read: Read) -> None:
    both = (FileFormat.CSV, FileFormat.NETFLIX, FileFormat.CSV_GZ)
    assert netflix(read, gzip.compress(SHEET), *both) == [3.0, 3.4, 4.0, 1.0, 2.5]
    csv = b"id,y\n" + b"".join(f"{movie},1\n".encode() for movie in MOVIES)
    assert netflix(read, csv, *both) == [1.0] * 5


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (SHEET.replace(b"10:", b"11:"), [("netflix:header", 4)]),
        (b"10:\n4.0\n1\n1:\n3.0\n3.4\n100:\n2.5\n", [("netflix:header", 1)]),
        (SHEET.replace(b"3.4\n", b""), [("netflix:line", 3)]),
        (SHEET.replace(b"3.4\n", b"3.4\n1\n"), [("netflix:line", 4)]),
        (SHEET.replace(b"10:\n", b""), [("netflix:line", 4)]),
        (SHEET.replace(b"4.0", b""), [("blank_line", 5)]),
        (SHEET.replace(b"4.0", b"NaN"), [("value:not_finite", 5)]),
        (SHEET.replace(b"4.0", b"6"), [("value:range", 5)]),
        (SHEET.replace(b"3.", b"x"), [("value:not_number", 2), ("value:not_number", 3)]),
        (SHEET + b"1\n", [("row_count", 9)]),
        (SHEET + b"\n", [("row_count", 9)]),
        (SHEET[:-4], [("id:missing", None)]),
        (b"\x00" + SHEET, [("nul_byte", 1)]),
    ],
)  # fmt: skip
def test_bad_netflix_sheet_is_refused_with_its_line(
    read: Read, data: bytes, expected: list[object]
) -> None:
    with pytest.raises(PredictionsRefusedError) as refusal:
        netflix(read, data)
    assert [(finding.code, finding.line) for finding in refusal.value.findings] == expected


def test_label_columns_are_read_from_parquet(tmp_path: Path) -> None:
    target = TargetColumn("y", TargetKind.LABEL, labels=("dog", "cat"))
    form = PredictionForm("id", IdKind.TEXT, (target,), formats=TABULAR)
    path = tmp_path / "sent"
    path.write_bytes(table(id=["a", "b"], y=["cat", "dog"]))
    ids = RowIds.of(["b", "a"], kind=IdKind.TEXT)
    column = read_predictions(path, form=form, ids=ids).columns[0]
    assert np.array_equal(column, [0, 1])
