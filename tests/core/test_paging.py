"""Cursors: opaque, exact, and refused when they are not ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.core.paging import BadCursorError, cut_page, decode_cursor, encode_cursor


@given(st.text().filter(lambda key: "\0" not in key))
def test_cursor_when_decoded_gives_the_key_back(key: str) -> None:
    assert decode_cursor(encode_cursor(key)) == key


@pytest.mark.parametrize("cursor", ["%%%", "é", "_w", "a b", "AA"])
def test_cursor_when_not_ours_is_refused(cursor: str) -> None:
    with pytest.raises(BadCursorError):
        decode_cursor(cursor)


@given(items=st.lists(st.integers(), max_size=12), limit=st.integers(1, 12))
def test_pages_when_followed_give_every_item_once(items: list[int], limit: int) -> None:
    seen: list[int] = []
    start = 0
    while True:
        fetched = items[start : start + limit + 1]
        keys = [str(start + i) for i in range(len(fetched))]
        page = cut_page(fetched, keys, limit=limit)
        seen += page.items
        if page.next_cursor is None:
            break
        start = int(decode_cursor(page.next_cursor)) + 1
    assert seen == items
