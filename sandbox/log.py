"""What a program wrote: only its end is kept, and it is made harmless before anyone sees it."""

import os
import unicodedata
from pathlib import Path

_PLAIN = frozenset("\n\t")
# Control, format (bidi overrides, zero width), surrogate, private use, unassigned; line separators.
_ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Tail:
    """The end of a stream of any length, in bounded memory.

    Attributes:
        written: How many bytes were added in all.

    """

    def __init__(self, most_bytes: int) -> None:
        self.written = 0
        self._most = most_bytes
        self._kept = bytearray()

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the stream."""
        self.written += len(chunk)
        self._kept += chunk
        if len(self._kept) > 2 * self._most:  # not at each chunk: cutting copies what is kept
            self._cut()

    def _cut(self) -> None:
        del self._kept[: max(0, len(self._kept) - self._most)]

    @property
    def is_cut(self) -> bool:
        """There was more than is kept."""
        return self.written > self._most

    def __bytes__(self) -> bytes:
        """Give the end, at most as many bytes as were asked for."""
        self._cut()
        return bytes(self._kept)


def tail_of(file: Path, most_bytes: int) -> tuple[bytes, bool]:
    """Read the end of a regular file of ours.

    Returns:
        At most `most_bytes` bytes, and whether there was more.

    Raises:
        OSError: It cannot be read.

    """
    with file.open("rb") as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, size - most_bytes))
        return stream.read(most_bytes), size > most_bytes


def printable(raw: bytes) -> str:
    r"""Write raw output so that it can be shown in a terminal, a page or a log of ours.

    Line feeds and tabs stay. Bytes that are no UTF-8, control characters (so terminal escapes),
    format characters (so bidi overrides and zero width) and line separators become ``\x1b`` or
    ``\u202e``. Whoever shows it still has to escape for HTML, and to mark each line as quoted.
    """
    return "".join(map(_printable, raw.decode("utf-8", "backslashreplace")))


def _printable(character: str) -> str:
    if character in _PLAIN or unicodedata.category(character) not in _ESCAPED_CATEGORIES:
        return character
    code = ord(character)
    if code <= 0xFF:  # noqa: PLR2004 (two digits)
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 (four digits)
