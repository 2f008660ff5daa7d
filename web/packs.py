"""A challenge folder that arrives as a zip: unpacked under caps, never outside its folder."""

from pathlib import Path

from palio.core.errors import AppError, ConflictError
from palio.core.storage import Blob, BlobWriter, FileTooLargeError, LocalStorage
from palio.sandbox import bundle
from palio.sandbox.bundle import BundleLimits
from palio.sandbox.spec import ImageRefusedError

MEMBERS_MAX = 10_000


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
    unpack_files(source, folder, limit_bytes=limit_bytes)
    roots = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    for root in roots:
        if (root / "challenge.toml").is_file():
            return root
    raise BadZipError("There is no challenge.toml in the zip, nor in its top folder.")


def unpack_files(source: Path, folder: Path, *, limit_bytes: int) -> None:
    """Unpack a zip of any files into an empty folder.

    Raises:
        BadZipError: No zip, an unsafe or encrypted member.
        FileTooLargeError: More than the cap comes out.

    """
    limits = BundleLimits(bytes=limit_bytes, files=MEMBERS_MAX)
    try:
        bundle.unpack(source, folder, limits=limits)
    except ImageRefusedError as error:
        if error.code == "bundle:too-big":
            raise FileTooLargeError(error.text) from error
        raise BadZipError(f"The zip cannot be taken. {error.text}") from error
