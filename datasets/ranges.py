"""Which bytes of a file a request asks for, so that broken downloads go on where they ended."""

import re

from palio.datasets.errors import RangeNotSatisfiableError

_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.ASCII | re.IGNORECASE)
_HEADER_CHARS = 100


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the half-open span (start, stop) of bytes asked for, None for the whole file.

    None stands for no header, and for every header that RFC 9110 §14.2 lets a server ignore:
    other units, more than one range, what is not well formed. A span is never empty.

    Args:
        header: Value of ``Range``.
        size: Bytes of the whole file.

    Raises:
        RangeNotSatisfiableError: The range begins behind the end (§15.5.17).

    """
    match = _RANGE.fullmatch((header or "")[: _HEADER_CHARS + 1])
    if match is None or len(match[0]) > _HEADER_CHARS:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(last, size)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise RangeNotSatisfiableError(size=size)
    return start, min(int(last) + 1, size) if last else size


def _suffix(length: str, size: int) -> tuple[int, int] | None:
    if not length or (size == 0 and int(length)):
        return None
    if int(length) == 0:
        raise RangeNotSatisfiableError(size=size)
    return max(size - int(length), 0), size
