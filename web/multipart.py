"""A form with one file, read as it arrives: short fields first, then the file in pieces."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from palio.core.errors import BadRequestError
from palio.web.texts import check_storable

_FIELD_BYTES = 4096
_PARTS = 16


class BadFormError(BadRequestError):
    """The body is not a form this page sends."""

    code = "bad_form"


@dataclass(slots=True)
class FileForm:
    """A form being read.

    Attributes:
        fields: Text fields seen so far; complete once the file begins.
        file_name: Name of the file as the browser gave it; None before the file begins.

    """

    content_type: str
    fields: dict[str, str] = field(default_factory=dict)
    file_name: str | None = None
    _parser: MultipartParser = field(init=False)
    _parts: int = 0
    _header_name: bytes = b""
    _header_value: bytes = b""
    _headers: dict[bytes, bytes] = field(default_factory=dict)
    _name: str | None = None  # of the text field being read
    _value: bytearray = field(default_factory=bytearray)
    _file_pieces: list[bytes] = field(default_factory=list)
    _is_complete: bool = False

    def __post_init__(self) -> None:
        """Find the boundary and start the parser."""
        kind, options = parse_options_header(self.content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise BadFormError("The form must be sent as multipart/form-data.")
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    async def file_pieces(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the file's bytes; the first yield (perhaps empty) comes once `fields` are known.

        Raises:
            BadFormError: No file, more than one, a field too long, or no proper end.
            BadTextError: A field cannot be stored.

        """
        has_begun = False
        async for piece in body:
            try:
                self._parser.write(piece)
            except MultipartParseError as error:
                raise BadFormError("The form could not be read. Load the page again.") from error
            if self.file_name is not None and not has_begun:
                has_begun = True
                yield b""
            for part in self._file_pieces:
                yield part
            self._file_pieces.clear()
        if not self._is_complete:
            raise BadFormError("The form ended too early, so nothing was stored. Send it again.")
        if self.file_name is None:
            raise BadFormError("Choose a file first.")

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > _PARTS:
            raise BadFormError("The form has too many fields.")
        self._headers.clear()

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _on_headers_finished(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"")
        _, options = parse_options_header(disposition)
        if b"filename" not in options:
            self._name = options.get(b"name", b"").decode(errors="replace")
            self._value.clear()
            return
        if self.file_name is not None:
            raise BadFormError("Send one file at a time.")
        self._name = None
        self.file_name = options[b"filename"].decode(errors="replace")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._name is None:
            self._file_pieces.append(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > _FIELD_BYTES:
            raise BadFormError(f"The field {self._name} is too long.")

    def _on_part_end(self) -> None:
        if self._name is not None:
            text = self._value.decode(errors="replace")
            check_storable(text)
            self.fields[self._name] = text

    def _on_end(self) -> None:
        self._is_complete = True
