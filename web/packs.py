"""A challenge folder that arrives as a zip: unpacked under caps, never outside its folder."""

import io
import os
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from palio.core.errors import AppError, ConflictError
from palio.core.storage import Blob, BlobWriter, FileTooLargeError, LocalStorage

MEMBERS_MAX = 10_000
_PIECE_BYTES = 2**20


_LIST_BYTES_MAX = 4 * 2**20  # of the list of members, which zipfile reads in one piece
_PATH_MAX = 400
_FOLDERS_MAX = 20
_NAME_BYTES_MAX = 255  # most file systems take no more
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,  # encrypted
    EOFError,
    ValueError,  # names in no encoding, offsets outside the file
)


class BadZipError(AppError):
    """The body is no zip, or one that is not to be trusted."""

    code = "bad_zip"
    status = 422


class PublishElsewhereError(ConflictError):
    """The web process may not write the sealed store."""

    code = "publish_elsewhere"


class SealedDoor:
    """The sealed store as a web process holds it: answers go in, none come out.

    Only scoring workers read them. `path` is refused, so that a mistake in a route cannot leak.

    Args:
        folder: Of the sealed store; looked at when the first answers go in, because where web
            processes may not write it, challenges are published at the command line.

    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def writer(self, *, limit_bytes: int) -> BlobWriter:
        """Start a file; raises `PublishElsewhereError`, `StorageFullError`."""
        return self._open().writer(limit_bytes=limit_bytes)

    def keep_file(self, source: Path, *, limit_bytes: int) -> Blob:
        """Store a copy of a local file; raises `PublishElsewhereError`, `StorageFullError`."""
        return self._open().keep_file(source, limit_bytes=limit_bytes)

    def path(self, sha256: str) -> Path:
        """Refuse; a web process reads no answers."""
        raise PermissionError(f"a web process does not read sealed answers ({sha256[:12]}…)")

    def _open(self) -> LocalStorage:
        try:
            return LocalStorage(self._folder)
        except OSError as error:
            raise PublishElsewhereError(
                "This server takes no answers over the web. Publish on the machine of the "
                "workers: palio challenge publish FOLDER"
            ) from error


class _SmallReads(io.FileIO):
    """A file that gives a few MiB at a time: a list of millions of members never fills memory."""

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = os.fstat(self.fileno()).st_size if size is None or size < 0 else size
        piece = super().read(min(wanted, _LIST_BYTES_MAX + 1))
        if piece is None or len(piece) > _LIST_BYTES_MAX:
            raise BadZipError(f"The zip lists more than {MEMBERS_MAX:,} members.")
        return piece


def unpack(source: Path, folder: Path, *, limit_bytes: int) -> Path:
    """Unpack a zip and return the folder that holds challenge.toml.

    Args:
        source: The zip.
        folder: Empty.
        limit_bytes: Cap on all files together, counted while unpacking, not as announced.

    Raises:
        BadZipError: No zip, an unsafe or encrypted member, or no challenge.toml.
        FileTooLargeError: More than the cap comes out.

    """
    try:
        with _SmallReads(source) as file, zipfile.ZipFile(file) as archive:
            _unpack_members(archive, folder, limit_bytes=limit_bytes)
    except (FileExistsError, NotADirectoryError) as error:
        raise BadZipError("Two members of the zip have one name.") from error
    except _UNREADABLE as error:
        raise BadZipError("The body is not a zip file that can be read.") from error
    roots = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    for root in roots:
        if (root / "challenge.toml").is_file():
            return root
    raise BadZipError("There is no challenge.toml in the zip, nor in its top folder.")


def _unpack_members(archive: zipfile.ZipFile, folder: Path, *, limit_bytes: int) -> None:
    members = archive.infolist()
    if len(members) > MEMBERS_MAX:
        raise BadZipError(f"The zip has {len(members):,} members; at most {MEMBERS_MAX:,}.")
    left = limit_bytes
    for member in members:
        if member.is_dir():
            continue
        target = folder / _safe_path(member)
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member) as packed, target.open("xb") as file:
            while piece := packed.read(_PIECE_BYTES):
                left -= len(piece)
                if left < 0:
                    raise FileTooLargeError(
                        f"The zip unpacks to more than the limit of {limit_bytes:,} bytes."
                    )
                file.write(piece)


def _safe_path(member: zipfile.ZipInfo) -> PurePosixPath:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    mode = member.external_attr >> 16
    is_plain = stat.S_IFMT(mode) in (0, stat.S_IFREG)
    if path.is_absolute() or ".." in path.parts or not path.parts or not is_plain:
        raise BadZipError(f"The zip has an unsafe member: {member.filename[:_PATH_MAX]!r}.")
    if len(str(path)) > _PATH_MAX or len(path.parts) > _FOLDERS_MAX or _has_long_name(path):
        raise BadZipError(f"The zip has a name too long: {member.filename[:_PATH_MAX]!r}…")
    if member.compress_type not in _METHODS:
        raise BadZipError("The zip is packed in a rare way; use plain zip (deflate).")
    return path


def _has_long_name(path: PurePosixPath) -> bool:
    return any(len(part.encode(errors="replace")) > _NAME_BYTES_MAX for part in path.parts)
