"""Cursor pages: opaque, stable under inserts, the same in every list."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from palio.core.errors import BadRequestError

T = TypeVar("T")
LIMIT_DEFAULT = 50
LIMIT_MAX = 500


class BadCursorError(BadRequestError):
    """The cursor did not come from this list."""

    code = "bad_cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items and, when there are more, the cursor that continues after them."""

    items: tuple[T, ...]
    next_cursor: str | None


def encode_cursor(key: str) -> str:
    """Make an opaque cursor of the sort key of the last item shown."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """Return the sort key inside a cursor.

    Raises:
        BadCursorError: It is not one of ours.

    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise BadCursorError("This cursor is not known; start from the first page.") from error
    if "\0" in key:  # no sort key has one, and PostgreSQL takes none
        raise BadCursorError("This cursor is not known; start from the first page.")
    return key


def cut_page(items: Sequence[T], keys: Sequence[str], *, limit: int) -> Page[T]:
    """Cut one page from up to ``limit + 1`` fetched items; the extra one tells there is more."""
    if len(items) <= limit:
        return Page(items=tuple(items), next_cursor=None)
    return Page(items=tuple(items[:limit]), next_cursor=encode_cursor(keys[limit - 1]))
