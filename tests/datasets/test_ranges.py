"""Byte ranges: every header, every size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.datasets.errors import RangeNotSatisfiableError
from palio.datasets.ranges import parse_range

NUMBERS = st.integers(min_value=0, max_value=30)


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", (0, 1)),
        ("bytes=0-9", (0, 10)),
        ("bytes=0-99", (0, 10)),
        ("bytes=3-", (3, 10)),
        ("bytes=9-", (9, 10)),
        ("bytes=-1", (9, 10)),
        ("bytes=-99", (0, 10)),
        ("BYTES= 3-4 ", (3, 5)),
        ("bytes=3-" + "9" * 50, (3, 10)),
    ],
)
def test_range_within_the_file_is_a_span(header: str, span: tuple[int, int]) -> None:
    assert parse_range(header, 10) == span


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-3",
        "bytes=0-1,3-4",
        "bytes=a-b",
        "bytes=+1-2",
        "bytes=1-2x",
        "bytes=\u0661-\u0662",
        "bytes=0x1-",
        "rows=0-1",
        "bytes=1--2",
        "bytes=0-" + "9" * 5000,
    ],
)
def test_header_that_may_be_ignored_means_the_whole_file(header: str | None) -> None:
    assert parse_range(header, 10) is None


@pytest.mark.parametrize(
    "header", ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=" + "9" * 50 + "-"]
)
def test_range_behind_the_end_is_refused_with_the_size(header: str) -> None:
    with pytest.raises(RangeNotSatisfiableError) as caught:
        parse_range(header, 10)
    assert caught.value.size == 10


def test_empty_file_has_no_ranges() -> None:
    assert parse_range("bytes=-5", 0) is None
    with pytest.raises(RangeNotSatisfiableError):
        parse_range("bytes=0-", 0)


@given(first=NUMBERS, last=NUMBERS, size=NUMBERS)
def test_span_is_what_slicing_the_positions_gives(first: int, last: int, size: int) -> None:
    content = list(range(size))
    wanted = [position for position in content if first <= position <= last]
    try:
        span = parse_range(f"bytes={first}-{last}", size)
    except RangeNotSatisfiableError:
        assert wanted == []
        return
    if last < first:
        assert span is None
    else:
        assert span is not None
        assert content[span[0] : span[1]] == wanted


@given(header=st.text(max_size=30), size=NUMBERS)
def test_any_text_gives_the_whole_file_a_span_in_it_or_a_refusal(header: str, size: int) -> None:
    try:
        span = parse_range(header, size)
    except RangeNotSatisfiableError:
        return
    assert span is None or 0 <= span[0] < span[1] <= size
