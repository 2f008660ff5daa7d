"""Every way of reading says what a slow reader made of Python's own parts says."""

import csv
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palio.scoring import careful, fast
from palio.scoring.form import IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.rows import RowIds

Ways = Callable[[bytes, PredictionForm, RowIds], Any]

MAX_LINE, MAX_CHARS = 60, 24
TARGETS = {
    "real": TargetColumn("r"),
    "share": TargetColumn("s", minimum=0, maximum=1),
    "below": TargetColumn("b", maximum=-0.5),
    "whole": TargetColumn("w", TargetKind.INTEGER, minimum=-3),
    "label": TargetColumn("l", TargetKind.LABEL, labels=("no", "yes", "1", " x", "")),
    "items": TargetColumn("i", TargetKind.ITEMS),
}
ID_SETS = {
    "dense": (IdKind.INTEGER, [str(number) for number in range(7, 13)]),
    "sparse": (IdKind.INTEGER, ["0", "5", "99999999", str(2**61), str(2**63 - 1)]),
    "text": (IdKind.TEXT, ["a", "aa", "4", "04", "4.0", "-4", "=1", "\u00e9", "x" * 20]),
    "odd_text": (IdKind.TEXT, ["a,b", 'say "no"', " a", "a\tb", "", "\u2028"]),
}  # fmt: skip
USUAL = {
    "real": "0.25",
    "share": "0.25",
    "below": "-7e1",
    "whole": "3",
    "label": "yes",
    "items": "p q",
}
VALUES = (
    "0.5", "1", "-1", "0", "-0.0", ".5", "5.", "+2", "1e-3", "1E3", "1e400", "-1e-400",
    "0.1234567890123456789", "3.0", "1e22", "1e23", "9007199254740993", "0.30000000000000004",
    "17976931348623157e292", "nan", "inf", "1_0", "0x1", "1,5", "no", "yes", "a b", "a  b",
    "a a", " 1", "1 ", "--1", "1e", "1e+", ".", "+", "1.2.3", "12345678.12345678", "123456789.5",
    "5e-324", "2.5e-324", "0000000000000000000000001", "'1'", "", "\u0661", "\u00a01", "1\u2028",
    "1\u20282",
)  # fmt: skip
BLOWS = (
    b"", b"\n", b"\r", b"\r\n", b'"', b'""', b",", b" ", b"0", b".", b"e", b"-", b"\x00", b"\t",
    b"\xef\xbb\xbf", b"\xff", b"\xc2\x85", b"\xc2\xa0", b"\x7f", b"\x1b", b"\xed\xa0\x80",
    b"9" * 30,
)  # fmt: skip
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff]")
_DECIMAL = set("+-.0123456789eE")


def slow_columns(data: bytes, form: PredictionForm, texts: list[str]) -> list[object] | None:
    """Give the columns in the order of the ids, or None for a file to refuse."""
    try:
        lines = data.removeprefix(b"\xef\xbb\xbf").decode().replace("\r\n", "\n").split("\n")
        if lines[-1] == "":
            lines.pop()
        if any(_CONTROL.search(line) or len(line.encode()) > MAX_LINE for line in lines):
            return None
        header, *rows = (next(csv.reader([line], strict=True)) for line in lines)
        wanted = [form.id_column, *(target.name for target in form.targets)]
        if sorted(header) != sorted(wanted) or any(len(row) != len(wanted) for row in rows):
            return None
        given = [dict(zip(header, row, strict=True)) for row in rows]
        if sorted(row[form.id_column] for row in given) != sorted(texts):
            return None
        by_id = {row[form.id_column]: row for row in given}
        return [
            _slow_column(target, [by_id[text][target.name] for text in texts])
            for target in form.targets
        ]
    except (UnicodeDecodeError, csv.Error, StopIteration, ValueError, IndexError):
        return None


def _slow_column(target: TargetColumn, written: list[str]) -> object:
    if target.kind is TargetKind.LABEL:
        return np.array([target.labels.index(text) for text in written], dtype=np.int32).tobytes()
    if target.kind is TargetKind.ITEMS:
        return [_slow_items(text) for text in written]
    return np.array([_slow_number(target, text) for text in written]).tobytes()


def _slow_items(text: str) -> tuple[str, ...]:
    items = text.split(" ")
    if "" in items or len(set(items)) < len(items) or text.strip() != text:
        raise ValueError
    return tuple(items)


def _slow_number(target: TargetColumn, text: str) -> float:
    if not set(text) <= _DECIMAL or len(text) > MAX_CHARS:
        raise ValueError
    try:
        value = float(Decimal(text)) + 0.0
    except ArithmeticError:
        raise ValueError from None
    low = -np.inf if target.minimum is None else target.minimum
    high = np.inf if target.maximum is None else target.maximum
    if not (np.isfinite(value) and low <= value <= high):
        raise ValueError
    if target.kind is TargetKind.INTEGER and (value % 1 or abs(value) > 2**53):
        raise ValueError
    return value


def field(text: str, *, quoted: bool) -> str:
    """Write one field, in quotes where it must or may."""
    needs = quoted or any(character in text for character in '",\n')
    return '"' + text.replace('"', '""') + '"' if needs else text


@st.composite
def cases(draw: st.DrawFn) -> tuple[PredictionForm, list[str], bytes]:
    """Give (form, ids, a file that is good or has up to three faults)."""
    kind, texts = ID_SETS[draw(st.sampled_from(sorted(ID_SETS)))]
    names = draw(st.lists(st.sampled_from(sorted(TARGETS)), min_size=1, max_size=3, unique=True))
    targets = tuple(TARGETS[name] for name in names)
    form = PredictionForm("id", kind, targets, max_line_bytes=MAX_LINE, max_value_chars=MAX_CHARS)
    columns = draw(st.permutations(["id", *names]))
    header = [field("id" if name == "id" else TARGETS[name].name, quoted=False) for name in columns]
    lines = [header]
    odd = draw(st.integers(0, 2))
    for text in draw(st.permutations(texts)) if draw(st.booleans()) else texts:
        quoted = draw(st.integers(0, 9)) == 0
        row = {"id": text, **USUAL}
        if odd and draw(st.booleans()):
            odd -= 1
            row[draw(st.sampled_from(columns))] = draw(st.sampled_from(VALUES))
        lines.append([field(row[name], quoted=quoted) for name in columns])
    end = draw(st.sampled_from(["\n", "\r\n"]))
    data = end.join(",".join(line) for line in lines).encode() + draw(
        st.sampled_from([b"", end.encode()])
    )
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        place = draw(st.integers(0, len(data)))
        width = draw(st.integers(0, 2))
        data = data[:place] + draw(st.sampled_from(BLOWS)) + data[place + width :]
    return form, texts, data


def agree(verdicts: Ways, form: PredictionForm, texts: list[str], data: bytes) -> None:
    """Hold every way to the slow reader."""
    said = verdicts(data, form, RowIds.of(texts, kind=form.id_kind))
    slow = slow_columns(data, form, texts)
    if slow is None:
        assert isinstance(said.careful[0], tuple), data
        assert isinstance(said.careful[0][0], str), data
        assert (said.general, said.fast) == (None, None), data
    else:
        assert said.careful == slow, data
        assert said.general in (None, slow), data
        assert said.fast in (None, slow), data


@given(cases(), st.sampled_from([24, 80, careful.MOST_AT_ONCE]))
@settings(max_examples=400)
def test_every_way_says_what_the_slow_reader_says(
    verdicts: Ways, case: tuple[PredictionForm, list[str], bytes], at_once: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fast, "BUFFER_BYTES", 64)
        patched.setattr(careful, "MOST_AT_ONCE", at_once)
        patched.setattr(careful, "LEAST_AT_ONCE", 8)
        patched.setattr(careful, "LINES_ONE_BY_ONE", 2)
        agree(verdicts, *case)
