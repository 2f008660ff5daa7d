"""The three ways of reading CSV agree to the last bit on generated files, good and bad."""

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palio.scoring import fast
from palio.scoring.form import IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.rows import RowIds

Ways = Callable[[bytes, PredictionForm, RowIds], Any]
Case = tuple[PredictionForm, RowIds, bytes]

INTEGER_IDS = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=12, unique=True)
DENSE_IDS = st.permutations([str(number) for number in range(40, 52)])
HIDDEN: tuple[Literal["Cc", "Cs", "Zs", "Zl", "Zp"], ...] = ("Cc", "Cs", "Zs", "Zl", "Zp")
ID_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=HIDDEN), min_size=1, max_size=20)
CLEAN_ID = ID_TEXT.filter(lambda text: "\ufeff" not in text and text == text.strip())
TEXT_IDS = st.lists(CLEAN_ID, min_size=1, max_size=8, unique=True)
GOOD_NUMBER = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"[+-]?[0-9]{1,25}(\.[0-9]{0,25})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.integers(-(10**20), 10**20).map(str),
)
ANY_VALUE = st.one_of(
    GOOD_NUMBER,
    st.sampled_from(
        ["", "nan", "inf", "1e400", "1e-400", "1_0", "0x1", " 1", "1 ", '"1"', "1,2", "."]
    ),
    st.text(max_size=4),
)


@st.composite
def files(draw: st.DrawFn, *, values: st.SearchStrategy[str]) -> Case:
    """Give (form, ids, bytes): a file that is right but for its values and the odd blow."""
    kind = draw(st.sampled_from(IdKind))
    if kind is IdKind.INTEGER:
        texts = draw(st.one_of(DENSE_IDS, INTEGER_IDS.map(lambda numbers: [*map(str, numbers)])))
    else:
        texts = draw(TEXT_IDS)
    targets = tuple(TargetColumn(name) for name in ["y", "z"][: draw(st.integers(1, 2))])
    form = PredictionForm("id", kind, targets)
    order = texts if draw(st.booleans()) else draw(st.permutations(texts))
    quote = draw(st.booleans())
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = [",".join(["id", *(target.name for target in targets)])]
    for text in order:
        needs = any(c in text for c in '",') or quote
        written = '"' + text.replace('"', '""') + '"' if needs else text
        lines.append(",".join([written, *(draw(values) for _ in targets)]))
    body = end.join(lines) + draw(st.sampled_from(["", end]))
    return form, RowIds.of(texts, kind=kind), body.encode(errors="surrogatepass")


@given(files(values=GOOD_NUMBER))
def test_good_files_give_equal_bits_every_way(verdicts: Ways, case: Case) -> None:
    form, ids, data = case
    said = verdicts(data, form, ids)
    assert isinstance(said.careful[0], bytes) or {code for code, _ in said.careful} == {
        "value:not_finite"
    }
    assert said.general in (None, said.careful)
    if b'"' not in data and isinstance(said.careful[0], bytes):
        assert said.fast == said.careful
    else:
        assert said.fast in (None, said.careful)


@given(files(values=ANY_VALUE), st.data())
@settings(max_examples=300)
def test_damaged_files_never_get_two_verdicts(
    verdicts: Ways, case: Case, data: st.DataObject
) -> None:
    form, ids, body = case
    for _ in range(data.draw(st.integers(0, 2))):
        place = data.draw(st.integers(0, len(body)))
        width = data.draw(st.integers(0, 3))
        blow = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b"\n", b"\r", b'"', b",", b'""']))
        )
        body = body[:place] + blow + body[place + width :]
    said = verdicts(body, form, ids)
    assert said.general in (None, said.careful)
    assert said.fast in (None, said.careful)


@given(st.lists(GOOD_NUMBER, min_size=1, max_size=50))
def test_numbers_are_the_nearest_doubles(verdicts: Ways, texts: list[str]) -> None:
    texts = [text for text in texts if abs(float(text)) <= 1e308]
    ids = RowIds.of([str(row) for row in range(len(texts))], kind=IdKind.INTEGER)
    data = "id,y\n" + "".join(f"{row},{text}\n" for row, text in enumerate(texts))
    form = PredictionForm("id", IdKind.INTEGER, (TargetColumn("y"),))
    said = verdicts(data.encode(), form, ids)
    assert said.careful == [np.array([float(text) + 0.0 for text in texts]).tobytes()]


@pytest.mark.parametrize("kind", IdKind)
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_over_the_edges_of_many_buffers_are_whole(
    kind: IdKind, *, shuffled: bool, end: bytes, verdicts: Ways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fast, "BUFFER_BYTES", 257)
    rng = np.random.default_rng(5)
    texts = [str(number) for number in np.cumsum(rng.integers(1, 10**9, 5000)).tolist()]
    order = rng.permutation(5000) if shuffled else np.arange(5000)
    lines = [
        f"{texts[row]},{float(rng.random() * 10.0 ** rng.integers(-9, 9))!r}".encode()
        for row in order
    ]
    form = PredictionForm("id", kind, (TargetColumn("y"),), max_line_bytes=64)
    said = verdicts(end.join([b"id,y", *lines, b""]), form, RowIds.of(texts, kind=kind))
    assert said.fast == said.general == said.careful


@pytest.mark.parametrize("count", [5_000, 250_000])
@pytest.mark.parametrize("kind", IdKind)
def test_faults_among_many_good_lines_are_told_by_their_lines(
    kind: IdKind, count: int, verdicts: Ways
) -> None:
    lines = ["id,y", *(f"{row},0.5" for row in range(count))]
    faults = {
        2: ("value:not_number", "0,x"),
        700: ("id:duplicate", lines[9]),
        701: ("row_width", "700"),
        3000: ("blank_line", ""),
        3001: ("csv_syntax", '3000,"0.5" '),
    }
    for line, (_, text) in faults.items():
        lines[line - 1] = text
    ids = RowIds.of([str(row) for row in range(count)], kind=kind)
    form = PredictionForm("id", kind, (TargetColumn("y"),))
    said = verdicts("\n".join(lines).encode(), form, ids)
    assert said.careful == [(code, line) for line, (code, _) in faults.items()]


def test_exact_midpoints_are_left_to_python_and_even(verdicts: Ways) -> None:
    midpoint = "1.00000000000000011102230246251565404236316680908203125"
    ids = RowIds.of([str(row) for row in range(100)], kind=IdKind.INTEGER)
    data = "id,y\n" + "".join(f"{row},{midpoint}\n" for row in range(100))
    form = PredictionForm("id", IdKind.INTEGER, (TargetColumn("y"),))
    said = verdicts(data.encode(), form, ids)
    assert said.fast == said.general == said.careful == [np.ones(100).tobytes()]


@pytest.mark.parametrize("written", ["1e400", "-1e400", "9" * 30 + "e300", "+2.5e308"])
def test_overflow_is_refused_every_way_where_the_range_has_no_end(
    written: str, verdicts: Ways
) -> None:
    form = PredictionForm("id", IdKind.INTEGER, (TargetColumn("y"),))
    said = verdicts(f"id,y\n7,{written}\n".encode(), form, RowIds.of(["7"], kind=IdKind.INTEGER))
    assert said.careful == [("value:not_finite", 2)]
    assert (said.general, said.fast) == (None, None)


@pytest.mark.parametrize(
    ("kind", "written", "code"),
    [
        (TargetKind.INTEGER, "3.0", None),
        (TargetKind.INTEGER, "3.5", "value:not_whole"),
        (TargetKind.INTEGER, "9007199254740994", "value:range"),
        (TargetKind.LABEL, "cat", None),
        (TargetKind.LABEL, "cow", "value:label"),
        (TargetKind.LABEL, "cat ", "value:space"),
        (TargetKind.LABEL, "", "value:empty"),
        (TargetKind.ITEMS, "a b c", None),
        (TargetKind.ITEMS, "a  b", "value:items"),
        (TargetKind.ITEMS, "a b a", "value:items"),
        (TargetKind.ITEMS, "", "value:empty"),
    ],
)
def test_other_kinds_of_targets_are_checked_every_way(
    kind: TargetKind, written: str, code: str | None, verdicts: Ways
) -> None:
    form = PredictionForm("id", IdKind.INTEGER, (TargetColumn("y", kind, labels=("dog", "cat")),))
    ids = RowIds.of(["7", "8"], kind=IdKind.INTEGER)
    said = verdicts(f"id,y\n8,{written}\n7,{written}\n".encode(), form, ids)
    if code is None:
        assert said.general == said.careful
        assert said.fast == (said.careful if kind is TargetKind.INTEGER else None)
    else:
        assert said.careful == [(code, 2), (code, 3)]
        assert (said.general, said.fast) == (None, None)
