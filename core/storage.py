"""Files by their SHA-256: written whole or not at all, never changed, never named by people."""

import errno
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from palio.core.errors import AppError

_INCOMING_SECONDS_MAX = 24 * 3600  # since the last byte; uploads end much sooner
_BYTES_BETWEEN_LOOKS = 64 * 2**20  # one file of some GiB would fill the reserve by itself


class StorageFullError(AppError):
    """The server has no room left for the file."""

    code = "storage_full"
    status = 507


class FileTooLargeError(AppError):
    """More bytes came than the limit allows."""

    code = "file_too_large"
    status = 413


class BlobMissingError(AppError):
    """A file the database knows is not in the store: the platform's fault."""

    code = "blob_missing"
    status = 500


@dataclass(frozen=True, slots=True)
class Blob:
    """A stored file: lower-case hex SHA-256 of its content, and its size."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Reserve:
    """What of a disk stays free: a share of it, yet never more than so many bytes.

    The share keeps small disks usable; the bytes keep a large one from refusing files while
    hundreds of gigabytes are free.

    Attributes:
        share: 0.1 = refuse files from 90 % full on.
        max_bytes: Most that is kept free.

    """

    share: float = 0.0
    max_bytes: int = sys.maxsize


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes of a disk: free, free at the least, and in all. What root alone may fill is no part."""

    free_bytes: int
    least_bytes: int
    total_bytes: int

    @property
    def is_short(self) -> bool:
        """Whether the reserve is touched."""
        return self.free_bytes < self.least_bytes


def room(folder: Path, reserve: Reserve) -> Room:
    """Look at the disk of `folder`; its total counts as ``df`` counts it: used and free."""
    usage = shutil.disk_usage(folder)
    total = usage.used + usage.free
    least = min(int(total * reserve.share), reserve.max_bytes)
    return Room(free_bytes=usage.free, least_bytes=least, total_bytes=total)


NO_RESERVE = Reserve()


class BlobWriter(Protocol):
    """Takes a file in pieces. Leaving the block before `place` leaves no trace."""

    def write(self, piece: bytes) -> None:
        """Append; raises `FileTooLargeError`, `StorageFullError`."""

    def sync(self) -> Blob:
        """Make the bytes durable, and return the name they will have; raises `StorageFullError`."""

    def place(self) -> None:
        """Give the file its name (rename, fsync of the folder); again, it changes nothing."""

    def keep(self) -> Blob:
        """Do both; raises `StorageFullError`."""

    @property
    def sha256(self) -> str:
        """Digest of what was written so far."""

    def __enter__(self) -> Self:
        """Open the temporary file."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the temporary file unless it was kept."""


class Storage(Protocol):
    """Where blobs live: a local folder today, an object store behind the same five verbs."""

    def writer(self, *, limit_bytes: int) -> BlobWriter:
        """Start a file of at most `limit_bytes`; raises `StorageFullError` when space is short."""

    def path(self, sha256: str) -> Path:
        """Return a local path to read; raises `BlobMissingError`."""

    def keep_file(self, source: Path, *, limit_bytes: int) -> Blob:
        """Store a copy of a local file."""


class LocalStorage:
    """Blobs in a folder: ``<folder>/ab/abcdef…``, temporary files in ``<folder>/incoming``.

    Opening it removes what killed processes left in ``incoming`` more than a day ago.

    Args:
        folder: Made if it is not there.
        reserve: What of the disk stays free; files are refused beyond it.

    """

    def __init__(self, folder: Path, *, reserve: Reserve = NO_RESERVE) -> None:
        self._folder = folder
        self._reserve = reserve
        (folder / "incoming").mkdir(parents=True, exist_ok=True)
        _remove_left_over(folder / "incoming")

    def writer(self, *, limit_bytes: int) -> "LocalBlobWriter":
        """Start a file; raises `StorageFullError` when the reserve is touched."""
        _check_room(self._folder, self._reserve)
        return LocalBlobWriter(self._folder, limit_bytes=limit_bytes, reserve=self._reserve)

    def path(self, sha256: str) -> Path:
        """Return the blob's path; raises `BlobMissingError`."""
        path = blob_path(self._folder, sha256)
        if not path.is_file():
            raise BlobMissingError(f"The stored file {sha256[:12]}… is missing on the server.")
        return path

    def keep_file(self, source: Path, *, limit_bytes: int) -> Blob:
        """Store a copy of a local file."""
        with self.writer(limit_bytes=limit_bytes) as writer, source.open("rb") as file:
            while piece := file.read(2**20):
                writer.write(piece)
            return writer.keep()


def _check_room(folder: Path, reserve: Reserve) -> None:
    if room(folder, reserve).is_short:
        raise StorageFullError(
            "The server has no room for files right now. Nothing was stored; try again later."
        )


def _remove_left_over(incoming: Path) -> None:
    oldest = time.time() - _INCOMING_SECONDS_MAX  # compared with the file system's own times
    for path in incoming.iterdir():
        with suppress(OSError):  # another process was faster, or may alone
            if path.stat().st_mtime < oldest:
                path.unlink()


def blob_path(folder: Path, sha256: str) -> Path:
    """Return where a blob stands; two hex digits of fan-out keep folders small."""
    return folder / sha256[:2] / sha256


class LocalBlobWriter:
    """One file on its way into a `LocalStorage`."""

    def __init__(self, folder: Path, *, limit_bytes: int, reserve: Reserve = NO_RESERVE) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._reserve = reserve
        self._bytes = self._looked_at = 0
        self._hash = hashlib.sha256()
        self._path: Path | None = None

    def __enter__(self) -> Self:
        """Open the temporary file."""
        with full_disk_in_words():
            descriptor, name = tempfile.mkstemp(dir=self._folder / "incoming")
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._path = Path(name)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the temporary file unless it was kept."""
        self._file.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """Digest of what was written so far."""
        return self._hash.hexdigest()

    def write(self, piece: bytes) -> None:
        """Append one piece; the reserve is looked at again now and then."""
        self._bytes += len(piece)
        if self._bytes > self._limit:
            raise FileTooLargeError(f"The file is larger than the limit of {self._limit:,} bytes.")
        if self._bytes - self._looked_at >= _BYTES_BETWEEN_LOOKS:
            self._looked_at = self._bytes
            _check_room(self._folder, self._reserve)
        self._hash.update(piece)
        view = memoryview(piece)
        with full_disk_in_words():
            while view:
                view = view[self._file.write(view) :]

    def sync(self) -> Blob:
        """Make the bytes durable, which takes long for many; the file has no name yet."""
        if self._path is None:
            raise RuntimeError("a file is kept once, inside the with block")
        with full_disk_in_words():
            os.fsync(self._file.fileno())
        return Blob(sha256=self.sha256, bytes=self._bytes)

    def place(self) -> None:
        """Give the file its digest for a name; again, it changes nothing."""
        if self._path is None:
            return
        target = blob_path(self._folder, self.sha256)
        with full_disk_in_words():
            target.parent.mkdir(exist_ok=True)
            self._path.replace(target)
            _fsync_folder(target.parent)
        self._path = None

    def keep(self) -> Blob:
        """Make the file durable under its digest."""
        blob = self.sync()
        self.place()
        return blob


def _fsync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def full_disk_in_words() -> Iterator[None]:
    """Turn the system's "no room" into `StorageFullError` while the block runs."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFullError(
                "The server has no room for this file. Nothing was stored; try again later."
            ) from error
        raise
