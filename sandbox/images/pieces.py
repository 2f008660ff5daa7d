"""Bytes that pass by once: read, unzipped, hashed and counted without ever being whole."""

import hashlib
import queue
import threading
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

from palio.sandbox.spec import ImageRefusedError

Piece = bytes | memoryview
READ_BYTES = 2**17
UNZIPPED_BYTES = 2**18  # of one piece: small enough to stay in a core's cache
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
_WITH_GZIP_HEADER = 31
_PARTS_MIN = 1000  # of gzip, whatever their size
_PARTS_EACH = 16  # more for each piece that is read
_AHEAD = 16  # pieces that wait for the slower side


def of_file(file: BinaryIO | FileIO) -> Iterator[bytes]:
    """Read a file to its end."""
    while piece := file.read(READ_BYTES):
        yield piece


def unzipped(packed: Iterable[Piece], *, what: str) -> Iterator[bytes]:
    """Unpack gzip, also of several parts, each checked by its CRC.

    Args:
        packed: The gzip file.
        what: What it is, for the text of a refusal.

    Raises:
        ImageRefusedError: ``image:gzip``: damaged, or more follows; ``image:truncated``.

    """
    stream = zlib.decompressobj(_WITH_GZIP_HEADER)
    parts_left = _PARTS_MIN
    try:
        for piece in packed:
            rest = piece
            parts_left += _PARTS_EACH
            while rest:
                if stream.eof:
                    rest = bytes(rest).lstrip(b"\0")  # what some programs pad with
                    if not rest:
                        break
                    parts_left -= 1
                    stream = _next_part(parts_left, what=what)
                yield from _inflated(stream, rest)
                rest = stream.unused_data
    except zlib.error as error:
        raise ImageRefusedError(
            "image:gzip", f"{what} is damaged: its gzip data cannot be unpacked."
        ) from error
    if not stream.eof:
        raise ImageRefusedError(
            "image:truncated", f"{what} ends in the middle of its gzip data.", hint="Send it again."
        )


def _next_part(parts_left: int, *, what: str) -> "zlib._Decompress":
    if parts_left < 0:  # each costs a copy of what is left of its piece
        raise ImageRefusedError(
            "image:gzip", f"{what} is made of too many small gzip parts.", hint="Use plain gzip."
        )
    return zlib.decompressobj(_WITH_GZIP_HEADER)


def _inflated(stream: "zlib._Decompress", packed: Piece) -> Iterator[bytes]:
    while packed:
        unpacked = stream.decompress(packed, UNZIPPED_BYTES)
        yield unpacked
        packed = stream.unconsumed_tail
        while len(unpacked) == UNZIPPED_BYTES and not (packed or stream.eof):
            unpacked = stream.decompress(b"", UNZIPPED_BYTES)  # there may be more inside
            yield unpacked


class Hashed:
    """Pieces that are hashed and counted, and written when there is a file, as they pass.

    Attributes:
        bytes: How many have passed.

    """

    def __init__(self, pieces: Iterable[Piece], file: BinaryIO | None = None) -> None:
        self._pieces, self._file, self._hash = pieces, file, hashlib.sha256()
        self.bytes = 0

    def __iter__(self) -> Iterator[Piece]:
        """Pass the pieces on."""
        for piece in self._pieces:
            self._hash.update(piece)
            self.bytes += len(piece)
            if self._file is not None:
                self._file.write(piece)
            yield piece

    def digest(self) -> str:
        """Return ``sha256:<hex>`` of what has passed."""
        return f"sha256:{self._hash.hexdigest()}"


def peeked(pieces: Iterable[Piece], count: int) -> tuple[bytes, Iterator[Piece]]:
    """Return the first `count` bytes (fewer at the end) and all pieces, these bytes included."""
    source = iter(pieces)
    head = b""
    for piece in source:
        head += piece
        if len(head) >= count:
            break

    def everything() -> Iterator[Piece]:
        if head:
            yield head
        yield from source

    return head[:count], everything()


@contextmanager
def opened(path: Path, *, what: str) -> Generator[Iterator[Piece], None, None]:
    """Open a file that may be gzip; a thread unpacks ahead of whoever reads.

    Raises:
        ImageRefusedError: ``image:zstd``, or what `unzipped` raises.

    """
    with path.open("rb", buffering=0) as file:
        head, pieces = peeked(of_file(file), len(ZSTD))
        refuse_zstd(head, what=what)
        if not head.startswith(GZIP):
            yield pieces
            return
        with closing(_Ahead(unzipped(pieces, what=what))) as unpacked:
            yield iter(unpacked)


def refuse_zstd(head: bytes, *, what: str) -> None:
    """Raise ``image:zstd`` when this is the start of a file packed with zstd."""
    if head.startswith(ZSTD):
        raise ImageRefusedError(
            "image:zstd",
            f"{what} is packed with zstd, which is not read here.",
            hint="Pack it with gzip: docker save IMAGE | gzip > model.tar.gz",
        )


class _Ahead:
    """Works out pieces in a thread, a few ahead, so that zlib and sha256 share the time."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._waiting: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)
        self._is_over = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[bytes]:
        while (piece := self._waiting.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece

    def close(self) -> None:
        """End the thread, whether or not everything was read."""
        self._is_over = True
        while self._thread.is_alive():
            # A full queue holds the thread up: make room until it sees the word.
            with suppress(queue.Empty):
                self._waiting.get(timeout=0.01)
        self._thread.join()

    def _work(self) -> None:
        try:
            for piece in self._source:
                self._waiting.put(piece)
                if self._is_over:
                    return
            self._waiting.put(None)
        except BaseException as error:  # noqa: BLE001 (raised again where the pieces are read)
            self._waiting.put(error)
