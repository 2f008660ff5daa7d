"""The log of a container: its end, put together from an engine's pieces, and its whole size."""

from collections import deque
from itertools import chain
from pathlib import Path

LINE_BYTES = 16 * 2**10  # an engine cuts longer ones


class LogEnd:
    """The end of both streams, in order; when one floods, half the room is the other's.

    An engine reads the streams apart, so that the end of one can lie far before that of the
    other. A piece is a line, or part of a long one. A line of one stream never goes on in one
    of the other; and a long line gets back the line feed that engines before version 23 lose.

    Attributes:
        pieces: How many were added.
        is_cut: Something had to go.

    """

    def __init__(self, most_bytes: int) -> None:
        self.pieces, self.is_cut = 0, False
        self._most = most_bytes
        self._kept: dict[int, deque[tuple[int, bytes]]] = {}
        self._sizes: dict[int, int] = {}
        self._number = 0
        self._open_line = 0  # stream whose line the piece before left open
        self._in_long_line: set[int] = set()

    def add(self, stream: int, piece: bytes) -> None:
        """Take the next piece of a stream, numbered from 1."""
        if self._open_line not in {0, stream}:
            self._keep(self._open_line, b"\n")
        is_end = len(piece) < LINE_BYTES
        if is_end and stream in self._in_long_line and not piece.endswith(b"\n"):
            piece += b"\n"
        (self._in_long_line.discard if is_end else self._in_long_line.add)(stream)
        self._open_line = 0 if piece.endswith(b"\n") else stream
        self._keep(stream, piece)
        self.pieces += 1

    def _keep(self, stream: int, piece: bytes) -> None:
        self._number += 1
        self._kept.setdefault(stream, deque()).append((self._number, piece))
        self._sizes[stream] = self._sizes.get(stream, 0) + len(piece)
        while (excess := sum(self._sizes.values()) - self._most) > 0:
            self._drop(excess)

    def _drop(self, most: int) -> None:
        longest = max(self._sizes, key=self._sizes.__getitem__)
        number, piece = self._kept[longest].popleft()
        rest = piece[most:]
        if rest:
            self._kept[longest].appendleft((number, rest))
        self._sizes[longest] -= len(piece) - len(rest)
        self.is_cut = True

    def __bytes__(self) -> bytes:
        """Give what was kept."""
        return b"".join(piece for _, piece in sorted(chain(*self._kept.values())))


class LogGauge:
    """Measures how much an engine on this machine has written to a container's log.

    Args:
        folder: The engine's folder of the container; that of another machine measures as 0.
        piece: Size at which the engine begins a new file, in bytes.

    """

    def __init__(self, folder: Path, *, piece: int) -> None:
        self._folder, self._piece = folder / "local-logs", piece
        self._full, self._last_full = 0, 0

    def read(self) -> int:
        """Give the bytes written so far, as stored: with some 30 bytes for each line."""
        try:
            now = (self._folder / "container.log").stat().st_size
        except OSError:
            return 0
        try:
            ended = (self._folder / "container.log.1").stat().st_mtime_ns
        except OSError:
            return now
        self._full += ended != self._last_full
        self._last_full = ended
        return self._full * self._piece + now
