"""Tar as strictly as every reader agrees on: what two of them could take differently is refused."""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from palio.sandbox.images.pieces import Piece
from palio.sandbox.spec import ImageRefusedError

BLOCK = 512
_EXTENSION_MAX = 2**18  # of one extended header: names, times, attributes
_RECORDS_MAX = 256  # in it
_LONG_NAME_MAX = 2**14
_BASE_256, _BASE_256_NEGATIVE = 0x80, 0xFF
_ZEROS = bytes(BLOCK)
_FIELDS = struct.Struct("100s8s8s8s12s12s8sc100s8s32s32s8s8s155s12s")
_OCTAL = re.compile(rb"[0-7]*")
_RECORD = re.compile(rb"([1-9][0-9]{0,7}) ")
_TIME = re.compile(r"-?[0-9]{1,18}(\.[0-9]*)?")
_ATTRIBUTE = re.compile(r"(?:SCHILY|LIBARCHIVE)\.xattr\.(.*)", re.DOTALL)
_TIMES = frozenset({"atime", "ctime", "mtime"})
_TEXTS = frozenset({"path", "linkpath", "uname", "gname"})
_USTAR, _GNU = b"ustar\x0000", b"ustar  \x00"


class Kind(Enum):
    """What a member is; every other kind is refused."""

    FILE = b"0"
    HARD_LINK = b"1"
    LINK = b"2"
    FOLDER = b"5"


_DEVICES = {b"3": "a character device", b"4": "a block device", b"6": "a named pipe"}


@dataclass(frozen=True, slots=True)
class Member:
    """One member, extended headers worked in.

    Attributes:
        name, link: As written; bytes that are no UTF-8 as surrogates.
        attributes: Its extended attributes.

    """

    name: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    size: int
    link: str
    attributes: Mapping[str, bytes] = field(default_factory=dict)


class TarReader:
    """The members of a tar, one after the other, from pieces that pass by once.

    Args:
        pieces: The tar.
        what: What it is, for the text of refusals.

    """

    def __init__(self, pieces: Iterable[Piece], *, what: str) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")
        self._what = what
        self._left = 0  # bytes of the current member that nobody has read
        self._padding = 0

    def members(self) -> Iterator[Member]:
        """Give each member; its `data` is read before the next, or passed over.

        Raises:
            ImageRefusedError: ``image:tar``, ``image:truncated``, ``image:trailing``,
                ``image:sparse``, ``image:device``.

        """
        long: dict[str, str] = {}
        while (block := self._next_block()) is not None:
            fields = self._fields(block)
            kind, size = fields[7], self._number(fields[4], "size")
            if kind in b"LKxg":
                long |= self._extension(kind, size, long)
                continue
            member = self._member(fields, size, long)
            self._left, self._padding = member.size, -member.size % BLOCK
            long = {}
            yield member
        if long:
            raise self._bad("ends behind an extended header")

    def data(self) -> Iterator[memoryview]:
        """Give what is left of the current member's content."""
        while self._left:
            piece = self._some(self._left)
            self._left -= len(piece)
            yield piece

    def read(self, count: int) -> bytes:
        """Read up to `count` bytes of the current member's content."""
        wanted = min(count, self._left)
        self._left -= wanted
        return self._exactly(wanted)

    def _next_block(self) -> bytes | None:
        for _ in self.data():
            pass
        self._skip(self._padding)
        self._padding = 0
        block = self._exactly(BLOCK)
        if block != _ZEROS:
            return block
        size = BLOCK
        for piece in self._everything():
            size += len(piece)
            if bytes(piece).count(0) != len(piece):
                raise ImageRefusedError("image:trailing", f"{self._what} goes on behind its end.")
        if size % BLOCK:
            raise self._bad("does not end at a whole block")
        return None

    def _fields(self, block: bytes) -> tuple[bytes, ...]:
        fields: tuple[bytes, ...] = _FIELDS.unpack(block)
        if sum(block) - sum(fields[6]) + 8 * 0x20 != self._number(fields[6], "checksum"):
            raise self._bad("has a header with a wrong checksum")
        magic = fields[9]
        has_times = magic == _GNU and (any(fields[14]) or any(fields[15]))
        if magic not in (_USTAR, _GNU) or has_times or (magic == _USTAR and any(fields[15])):
            raise self._bad("has a header in an old or rare form")
        # Nothing of these is used here, but engines read them, and give up where they cannot.
        self._check_signed(fields[5], "time")
        for device in fields[12:14]:
            self._check_signed(device, "device number")
        return fields

    def _extension(self, kind: bytes, size: int, known: dict[str, str]) -> dict[str, str]:
        if kind == b"g":
            raise self._bad("has a global header")
        if known and (kind == b"x" or "x" in known):
            raise self._bad("has two extended headers for one member")
        if size > (_EXTENSION_MAX if kind == b"x" else _LONG_NAME_MAX):
            raise self._bad("has an extended header that is too long")
        content = self._exactly(size)
        self._skip(-size % BLOCK)
        if kind == b"x":
            return {"x": "", **self._records(content)}
        key = "path" if kind == b"L" else "linkpath"
        text = content.rstrip(b"\0")
        if key in known or b"\0" in text or not text:
            raise self._bad("has a long name that cannot be read")
        return {key: _text(text)}

    def _records(self, content: bytes) -> dict[str, str]:
        records: dict[str, str] = {}
        at = 0
        while at < len(content):
            match = _RECORD.match(content, at)
            end = at + int(match.group(1)) if match else at
            record = content[match.end() if match else end : end]
            key, equals, value = record[:-1].partition(b"=")
            is_whole = end <= len(content) and record.endswith(b"\n")
            if not is_whole or not key or not equals or len(records) >= _RECORDS_MAX:
                raise self._bad("has an extended header that cannot be read")
            at = end
            name = _text(key)
            if name.startswith("GNU.sparse."):
                raise self._sparse()
            is_empty = name in ("path", "linkpath") and not value
            has_nul = b"\0" in key or (name in _TEXTS and b"\0" in value)
            is_no_time = name in _TIMES and not _TIME.fullmatch(_text(value))
            if name in records or is_empty or has_nul or is_no_time:
                raise self._bad("has an extended header that cannot be read")
            records[name] = _text(value)
        return records

    def _member(self, fields: tuple[bytes, ...], size: int, long: dict[str, str]) -> Member:
        kind = self._kind(fields[7])
        name, link = _text(_until_nul(fields[0])), _text(_until_nul(fields[8]))
        if fields[9] == _USTAR and (prefix := _until_nul(fields[14])):
            name = f"{_text(prefix)}/{name}"
        name, link = long.get("path", name), long.get("linkpath", link)
        size = self._decimal(long["size"]) if "size" in long else size
        is_folder = kind is Kind.FOLDER
        if (name.endswith("/") and not is_folder) or (size and kind is not Kind.FILE):
            raise self._bad(f"has a member of two kinds: {name[:200]!a}")
        return Member(
            name=name,
            kind=kind,
            mode=self._number(fields[1], "mode") & 0o7777,
            uid=self._owner(long.get("uid"), fields[2]),
            gid=self._owner(long.get("gid"), fields[3]),
            size=size,
            link=link,
            attributes={
                match.group(1): value.encode("utf-8", "surrogateescape")
                for key, value in long.items()
                if (match := _ATTRIBUTE.fullmatch(key))
            },
        )

    def _kind(self, letter: bytes) -> Kind:
        if letter in _DEVICES:
            raise ImageRefusedError(
                "image:device",
                f"{self._what} holds {_DEVICES[letter]}.",
                hint="Leave /dev empty in the image: it is filled when the program runs.",
            )
        if letter == b"S":
            raise self._sparse()
        try:
            return Kind(b"0" if letter == b"\0" else letter)
        except ValueError:
            raise self._bad("has a member of a rare kind") from None

    def _number(self, field: bytes, name: str) -> int:
        if field[0] == _BASE_256:  # base 256, for what octal digits cannot hold
            return int.from_bytes(field[1:], "big")
        digits, _, rest = field.strip(b" ").partition(b"\0")
        digits = digits.rstrip(b" ")
        # Some readers pass over zero bytes in front, and see a number that others do not.
        if not _OCTAL.fullmatch(digits) or rest.strip(b" \0"):
            raise self._bad(f"has a header whose {name} cannot be read")
        return int(digits or b"0", 8)

    def _check_signed(self, field: bytes, name: str) -> None:
        is_negative = field[0] == _BASE_256_NEGATIVE
        value = (
            int.from_bytes(field, "big", signed=True) if is_negative else self._number(field, name)
        )
        if not -(2**63) <= value < 2**63:
            raise self._bad(f"has a header whose {name} cannot be read")

    def _owner(self, record: str | None, field: bytes) -> int:
        return self._number(field, "owner") if record is None else self._decimal(record)

    def _decimal(self, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 (of 64 bits)
            raise self._bad("has an extended header with a number that cannot be read")
        return int(text)

    def _some(self, most: int) -> memoryview:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                raise ImageRefusedError(
                    "image:truncated", f"{self._what} ends too early.", hint="Send it again."
                )
            self._rest = memoryview(piece)
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece

    def _exactly(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            taken += self._some(count - len(taken))
        return taken

    def _skip(self, count: int) -> None:
        while count:
            count -= len(self._some(count))

    def _everything(self) -> Iterator[Piece]:
        yield self._rest
        self._rest = memoryview(b"")
        yield from self._pieces

    def _sparse(self) -> ImageRefusedError:
        return ImageRefusedError(
            "image:sparse",
            f"{self._what} holds a sparse file.",
            hint="Make the file plain: cp --sparse=never",
        )

    def _bad(self, what_is_wrong: str) -> ImageRefusedError:
        return ImageRefusedError(
            "image:tar",
            f"{self._what} {what_is_wrong}.",
            hint="Make it with: docker save IMAGE | gzip > model.tar.gz",
        )


def _until_nul(field: bytes) -> bytes:
    return field.partition(b"\0")[0]


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
