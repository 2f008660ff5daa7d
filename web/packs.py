"""A challenge folder that arrives as a zip: unpacked under caps, never outside its folder."""

import stat
import zipfile
from pathlib import Path, PurePosixPath

from palio.core.errors import AppError, ConflictError
from palio.core.storage import Blob, BlobWriter, FileTooLargeError, LocalStorage

MEMBERS_MAX = 10_000
_PIECE_BYTES = 2**20


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
        with zipfile.ZipFile(source) as archive:
            _unpack_members(archive, folder, limit_bytes=limit_bytes)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
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
    is_plain = mode == 0 or stat.S_ISREG(mode) or stat.S_IFMT(mode) == 0
    if path.is_absolute() or ".." in path.parts or not path.parts or not is_plain:
        raise BadZipError(f"The zip has an unsafe member: {member.filename!r}.")
    return path
