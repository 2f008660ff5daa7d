"""Output of programs nobody trusts is bounded, and harmless to show."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox.log import Tail, printable, tail_of


@given(chunks=st.lists(st.binary(max_size=50), max_size=30), most=st.integers(1, 100))
def test_a_tail_is_the_end_of_what_was_added(chunks: list[bytes], most: int) -> None:
    tail = Tail(most)
    for chunk in chunks:
        tail.add(chunk)
    whole = b"".join(chunks)
    assert bytes(tail) == whole[-most:]
    assert tail.is_cut == (len(whole) > most)
    assert tail.written == len(whole)


def test_the_tail_of_a_file_is_its_end(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes(b"0123456789")
    assert tail_of(file, 4) == (b"6789", True)
    assert tail_of(file, 10) == (b"0123456789", False)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"plain\n\ttext", "plain\n\ttext"),
        ("naïve 日本 🙂".encode(), "naïve 日本 🙂"),
        (b"\x1b[2Jgone\r\x07", "\\x1b[2Jgone\\x0d\\x07"),
        ("\u202etxt.exe\u2028".encode(), "\\u202etxt.exe\\u2028"),
        ("\U000e0041\x9b".encode(), "\\U000e0041\\x9b"),
        (b"\xff\xfe", "\\xff\\xfe"),
    ],
)
def test_only_harmless_characters_are_shown_as_they_are(raw: bytes, shown: str) -> None:
    assert printable(raw) == shown


@given(st.binary())
def test_whatever_was_written_is_shown_in_printable_characters(raw: bytes) -> None:
    shown = printable(raw).replace("\n", "").replace("\t", "")
    assert [c for c in shown if not c.isprintable() and not c.isspace()] == []
    assert not {"\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"} & set(shown)
