"""Text lines of a file, one by one and bounded, with every fault of the bytes told by line."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from palio.scoring.refusal import PredictionsRefusedError, refused
from palio.scoring.sniff import BOM

_UNQUOTED = bytes({*b"\t\n\r", *range(32, 256)} - {127, *b'"'})
_ODD = re.compile("[\x7f-\x9f\ufeff]")
MOST_QUOTED_LINES = 64  # how far the end of a broken quoted field is looked for


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end.

    Attributes:
        number: 1-based.
        text: Its characters.
        ended: False for a last line that has no line end.

    """

    number: int
    text: str
    ended: bool


class Lines(Iterator[Line]):
    """The lines of UTF-8 text; one byte order mark at the start is dropped.

    An empty file gives one empty line.

    Raises:
        PredictionsRefusedError: A line is too long or is not clean text (see `check_text`).

    """

    def __init__(self, file: BinaryIO, *, max_line_bytes: int) -> None:
        self.number = 0  # of the line given last
        self._file = file
        self._most = max_line_bytes
        self._mark = 0, 0

    def __next__(self) -> Line:
        """Give the next line."""
        # room for a mark, a line end and one byte too many
        raw = self._file.readline(self._most + 8)
        if not raw and self.number:
            raise StopIteration
        self.number += 1
        number = self.number
        if number == 1:
            raw = raw.removeprefix(BOM)
        ended = raw.endswith(b"\n")
        body = raw[:-1] if ended else raw
        body = body.removesuffix(b"\r") if ended else body
        if len(body) > self._most:
            text = f"Line {number} is longer than {self._most} bytes."
            raise refused("line_too_long", text, line=number)
        return Line(number, check_text(body, number=number), ended)

    def whole(self, most: int) -> list[str] | None:
        """Give the next whole lines, about `most` bytes of them, when they are surely clean.

        Clean: ended, without quotes, not too long, nothing that `check_text` would refuse. None
        when they are not, or the file has no more; the lines then are still to come.
        """
        self._mark = self._file.tell(), self.number
        block = self._file.read(most)
        block += self._file.readline(self._most + 2)
        texts = self._clean(block)
        if texts is None:
            self.back()
        else:
            self.number += len(texts)
        return texts

    def back(self) -> None:
        """Go back to before the lines that `whole` gave last."""
        place, self.number = self._mark
        self._file.seek(place)

    def _clean(self, block: bytes) -> list[str] | None:
        if not block.endswith(b"\n") or block.translate(None, _UNQUOTED):
            return None
        if b"\r" in block:
            if block.count(b"\r") != block.count(b"\r\n"):
                return None
            block = block.replace(b"\r\n", b"\n")
        lines = block[:-1].split(b"\n")
        if max(map(len, lines)) > self._most:
            return None
        try:
            text = block.decode()
        except UnicodeDecodeError:
            return None
        if not text.isascii() and _ODD.search(text):
            return None
        return text[:-1].split("\n")


def read_lines(file: BinaryIO, *, max_line_bytes: int) -> Lines:
    """Give the lines from here on; see `Lines`."""
    return Lines(file, max_line_bytes=max_line_bytes)


def check_text(body: bytes, *, number: int) -> str:
    """Decode one line.

    Raises:
        PredictionsRefusedError: NUL, bytes that are not UTF-8, a bare carriage return, a control
            character or a byte order mark inside.

    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _undecodable(body, error.start, number) from None
    if text.isascii() and text.isprintable():
        return text
    fault = _odd_character(text, number)
    if fault is not None:
        raise fault
    return text


def _undecodable(body: bytes, place: int, number: int) -> PredictionsRefusedError:
    if b"\x00" in body:
        return _nul(number)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return refused("encoding:utf16", "The file is UTF-16 or UTF-32. Save it as UTF-8.")
    text = f"Line {number} is not valid UTF-8 (byte {place + 1})."
    return refused("encoding:not_utf8", text, line=number)


def _nul(number: int) -> PredictionsRefusedError:
    text = f"Line {number} has a NUL byte (is this UTF-16 or a binary file?)."
    return refused("nul_byte", text, line=number)


def _odd_character(text: str, number: int) -> PredictionsRefusedError | None:
    if "\x00" in text:
        return _nul(number)
    if "\r" in text:
        words = f"Line {number} has a bare carriage return. Use LF or CRLF line ends."
        return refused("line_ends:cr", words, line=number)
    odd = next((c for c in text if is_control(c)), None)
    if odd is not None:
        words = f"Line {number} has a control character (U+{ord(odd):04X})."
        return refused("control_char", words, line=number)
    if "\ufeff" in text:
        words = f"Line {number} has a byte order mark inside the text."
        return refused("encoding:inner_bom", words, line=number)
    return None


def is_control(character: str) -> bool:
    """Tell a control character other than tab: C0, DEL and C1."""
    return (character < " " and character != "\t") or "\x7f" <= character <= "\x9f"


class OpenQuoteError(Exception):
    """A quoted field does not end on its line."""


def split_fields(text: str, *, number: int) -> list[str]:
    """Split one CSV line (RFC 4180 quoting; a quote inside an unquoted field is a plain character).

    Raises:
        PredictionsRefusedError: The quoting is broken.

    """
    if '"' not in text:
        return text.split(",")
    try:
        return split_quoted(text, number=number)
    except OpenQuoteError:
        words = f"Line {number}: the CSV quoting is broken (a quote is opened and never closed)."
        raise refused("csv_syntax", words, line=number) from None


def split_quoted(text: str, *, number: int) -> list[str]:
    """Split a CSV line that has quotes in it.

    Raises:
        OpenQuoteError: The last field's quotes are not closed.
        PredictionsRefusedError: Something other than a comma follows a closing quote.

    """
    fields: list[str] = []
    place = 0
    while True:
        if text.startswith('"', place):
            field, place = _quoted_field(text, place + 1)
        else:
            end = text.find(",", place)
            end = len(text) if end < 0 else end
            field, place = text[place:end], end
        fields.append(field)
        if place == len(text):
            return fields
        if text[place] != ",":
            words = f"Line {number}: the CSV quoting is broken (',' expected after '\"')."
            raise refused("csv_syntax", words, line=number)
        place += 1


def _quoted_field(text: str, place: int) -> tuple[str, int]:
    start = place
    while True:
        place = text.find('"', place)
        if place < 0:
            raise OpenQuoteError
        if not text.startswith('""', place):
            return text[start:place].replace('""', '"'), place + 1
        place += 2
