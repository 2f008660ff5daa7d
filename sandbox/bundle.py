"""Folders as one file: a zip that is always the same for the same files, unpacked under caps."""

import errno
import io
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from palio.sandbox.spec import ImageRefusedError

LEFT_OUT = frozenset({"__pycache__", ".git"})  # never part of what somebody wants to send
PATH_MAX = 400  # characters
DEPTH_MAX = 20
NAME_BYTES_MAX = 255  # most file systems take no more
_PIECE_BYTES = 2**20
_LIST_ENTRY_BYTES = 46 + PATH_MAX + 100  # header, name, what packers add
_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can tell
_UNIX = 3
_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_TWICE = frozenset({errno.EEXIST, errno.EISDIR, errno.ENOTDIR})
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    ValueError,  # names in no encoding, offsets outside the file
)
_HINT = "Make it with: palio model pack FOLDER"


@dataclass(frozen=True, slots=True)
class BundleLimits:
    """What may come out of one bundle.

    Attributes:
        bytes: Of all files together, counted while unpacking, never as announced.
        files: Files and folders.

    """

    bytes: int
    files: int = 10_000


def pack(folder: Path, path: Path, *, only: Collection[str] | None = None) -> None:
    """Write the files of a folder as a zip; the same files always give the same bytes.

    Empty folders, `__pycache__` and `.git` are left out. Of modes only "may be executed" stays.

    Args:
        folder: What to pack.
        path: The zip to write, replaced when it is there; not inside `folder`.
        only: Names of files and folders, relative to `folder`; None: everything.

    Raises:
        ImageRefusedError: A link or another thing that is no file (``bundle:link``,
            ``bundle:special``), a name that no bundle may have (``bundle:name``), or a name in
            `only` that is not there (``bundle:missing``).

    """
    files = sorted(_files(folder, only), key=lambda file: file[0])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in files:
            check_name(name)
            status = source.stat()
            member = zipfile.ZipInfo(name, _TIME)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.create_system = _UNIX
            member.external_attr = (stat.S_IFREG | _mode(status.st_mode)) << 16
            member.file_size = status.st_size  # zipfile chooses its 64-bit form by it
            with source.open("rb") as file, archive.open(member, "w") as packed:
                shutil.copyfileobj(file, packed, _PIECE_BYTES)


def unpack(path: Path, into: Path, *, limits: BundleLimits) -> None:
    """Unpack a zip that nobody trusts.

    Files get mode 0644, or 0755 where the zip says that they may be executed.

    Args:
        path: The zip.
        into: An empty folder of the caller's, who clears it away when this raises.
        limits: See `BundleLimits`.

    Raises:
        ImageRefusedError: ``bundle:unreadable``, ``bundle:too-many-files``,
            ``bundle:too-big``, ``bundle:name``, ``bundle:duplicate``, ``bundle:link``,
            ``bundle:special``, ``bundle:encrypted`` or ``bundle:method``.
        OSError: The disk is full, or `into` cannot be written.

    """
    try:
        with _SmallReads(path, limits) as file, zipfile.ZipFile(file) as archive:
            _unpack_members(archive, into, limits)
    except _UNREADABLE as error:
        raise ImageRefusedError(
            "bundle:unreadable", "This is not a zip file that can be read.", hint=_HINT
        ) from error


def check_name(name: str) -> PurePosixPath:
    """Return the name of a member as a path; raise ``bundle:name`` when it is not to be trusted."""
    path = PurePosixPath(name)
    is_plain = name.isprintable() and "\\" not in name and not path.is_absolute()
    if not is_plain or ".." in path.parts or not path.parts or str(path) != name.removesuffix("/"):
        raise ImageRefusedError(
            "bundle:name", f"A name in it is not safe: {name[:PATH_MAX]!a}.", hint=_HINT
        )
    is_short = len(name) <= PATH_MAX and len(path.parts) <= DEPTH_MAX
    if not is_short or any(len(part.encode()) > NAME_BYTES_MAX for part in path.parts):
        raise ImageRefusedError(
            "bundle:name",
            f"A name in it is too long: {name[:PATH_MAX]!a}.",
            hint=f"At most {PATH_MAX} characters in {DEPTH_MAX} folders.",
        )
    return path


def _files(folder: Path, only: Collection[str] | None) -> Iterator[tuple[str, Path]]:
    for top in sorted(only) if only is not None else ["."]:
        if not os.path.lexists(folder / top):
            raise ImageRefusedError("bundle:missing", f"There is no {top!a} in the folder.")
        yield from _files_below(folder / top, folder)


def _files_below(path: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    name = path.relative_to(folder).as_posix()
    # The folder itself may be reached by a link; nothing in it may be one.
    mode = path.stat().st_mode if path == folder else path.lstat().st_mode
    if stat.S_ISREG(mode):
        yield name, path
    elif stat.S_ISDIR(mode):
        for entry in path.iterdir():
            if entry.name not in LEFT_OUT:
                yield from _files_below(entry, folder)
    elif stat.S_ISLNK(mode):
        raise ImageRefusedError(
            "bundle:link", f"{name!a} is a link.", hint="Put the file itself in its place."
        )
    else:
        raise ImageRefusedError("bundle:special", f"{name!a} is neither a file nor a folder.")


class _SmallReads(io.FileIO):
    """A file that gives no more at once than the list of allowed members may take."""

    def __init__(self, path: Path, limits: BundleLimits) -> None:
        super().__init__(path)
        self._most_bytes = max(limits.files * _LIST_ENTRY_BYTES, 4 * _PIECE_BYTES)
        self._limits = limits

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = os.fstat(self.fileno()).st_size if size is None or size < 0 else size
        piece = super().read(min(wanted, self._most_bytes + 1))
        if piece is None or len(piece) > self._most_bytes:
            raise _too_many(self._limits)
        return piece

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        if whence == os.SEEK_SET and offset < 0:  # not the disk's fault, as an OSError would say
            raise EOFError("an offset before the start of the file")
        return super().seek(offset, whence)


def _folders(members: list[zipfile.ZipInfo], limits: BundleLimits) -> list[PurePosixPath]:
    """Check every member and return the folders they need, parents first."""
    if len(members) > limits.files:
        raise _too_many(limits)
    paths = [(_check_member(member), member.is_dir()) for member in members]
    folders = {path for path, is_folder in paths if is_folder}
    folders.update(parent for path, _ in paths for parent in path.parents if parent.parts)
    if len(folders) + sum(not is_folder for _, is_folder in paths) > limits.files:
        raise _too_many(limits)
    return sorted(folders)


def _check_member(member: zipfile.ZipInfo) -> PurePosixPath:
    name = member.orig_filename  # as it is in the file: `filename` ends at a NUL
    path = check_name(name)
    kind = stat.S_IFMT(member.external_attr >> 16)
    wanted = stat.S_IFDIR if member.is_dir() else stat.S_IFREG
    if kind == stat.S_IFLNK:
        raise ImageRefusedError(
            "bundle:link", f"{name!a} is a link.", hint="Put the file itself in its place."
        )
    if kind not in (0, wanted):
        raise ImageRefusedError("bundle:special", f"{name!a} is neither a file nor a folder.")
    if member.flag_bits & _ENCRYPTED:
        raise ImageRefusedError(
            "bundle:encrypted", f"{name!a} is encrypted.", hint="Send it without a password."
        )
    if member.compress_type not in _METHODS:
        raise ImageRefusedError(
            "bundle:method", f"{name!a} is packed in a rare way.", hint="Use plain zip (deflate)."
        )
    return path


def _unpack_members(archive: zipfile.ZipFile, into: Path, limits: BundleLimits) -> None:
    left = limits.bytes
    for folder in _folders(archive.infolist(), limits):
        (into / folder).mkdir()
        (into / folder).chmod(0o755)  # whatever the umask
    for member in archive.infolist():
        if member.is_dir():
            continue
        name = member.orig_filename
        try:
            left -= _unpack_file(archive, member, into / name, left)
        except OSError as error:
            if error.errno not in _TWICE:
                raise
            raise ImageRefusedError("bundle:duplicate", f"{name!a} is in it twice.") from error
        if left < 0:
            raise ImageRefusedError(
                "bundle:too-big", f"It unpacks to more than the limit of {limits.bytes:,} bytes."
            )


def _unpack_file(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, most_bytes: int
) -> int:
    """Write one file and return its bytes; stops once they are more than `most_bytes`."""
    written = 0
    with archive.open(member) as packed, target.open("xb") as file:
        os.fchmod(file.fileno(), _mode(member.external_attr >> 16))
        while piece := packed.read(_PIECE_BYTES):
            written += len(piece)
            if written > most_bytes:
                break
            file.write(piece)
    return written


def _mode(mode: int) -> int:
    return 0o755 if mode & stat.S_IXUSR else 0o644


def _too_many(limits: BundleLimits) -> ImageRefusedError:
    return ImageRefusedError(
        "bundle:too-many-files", f"It holds more than {limits.files:,} files and folders."
    )
