"""Take one regular file out of a folder a hostile program filled: the only way out of a box."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from palio.sandbox.spec import Collected, Wanted

CHUNK_BYTES = 2**20
_NEVER_FOLLOW_OR_WAIT = (
    os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC  # FIFO: no wait
)
_FRESH = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Refusal(StrEnum):
    """Why a file was not taken; facts about the participant's own file, so they may be shown."""

    MISSING = "output:missing"
    SYMLINK = "output:symlink"
    NOT_A_FILE = "output:not_a_file"  # folder, FIFO, socket, device
    HARD_LINK = "output:hard_link"  # its other name might be a file of somebody else
    TOO_LARGE = "output:too_large"  # by its size, so a sparse file counts in full
    UNREADABLE = "output:unreadable"  # its program took our right to read it away


_REFUSAL_OF_ERROR = {
    errno.ENOENT: Refusal.MISSING,
    errno.ELOOP: Refusal.SYMLINK,
    errno.ENXIO: Refusal.NOT_A_FILE,  # a socket
    errno.ENODEV: Refusal.NOT_A_FILE,
    errno.EACCES: Refusal.UNREADABLE,
    errno.EPERM: Refusal.UNREADABLE,
}


def collect(folder: int | Path, wanted: Wanted, *, into: Path) -> Collected | Refusal:
    """Copy one file out of `folder`; only once every process that can write there is dead.

    The folder is never listed, walked or cleaned: it is destroyed whole by whoever made it.

    Args:
        folder: Open descriptor of it, or its path, whose last part must not be a link.
        wanted: Its name and size limit.
        into: An existing folder of ours; the file is made there, for us alone, and must be new.

    Raises:
        OSError: Ours: `folder` cannot be opened, or `into` cannot be written.
        ValueError: The wanted name is not a plain name.

    """
    _check_plain(wanted.name)
    if isinstance(folder, int):
        return _collect(folder, wanted, into=into)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return _collect(opened, wanted, into=into)
    finally:
        os.close(opened)


def _check_plain(name: str) -> None:
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not a plain file name")


def _collect(folder: int, wanted: Wanted, *, into: Path) -> Collected | Refusal:
    try:
        source = os.open(wanted.name, _NEVER_FOLLOW_OR_WAIT, dir_fd=folder)
    except OSError as error:
        refusal = _REFUSAL_OF_ERROR.get(error.errno or 0)
        if refusal is None:
            raise
        return refusal
    try:
        refusal = judge(os.fstat(source), wanted.most_bytes)
        return refusal or copy(lambda n: os.read(source, n), wanted, into=into)
    finally:
        os.close(source)


def judge(found: os.stat_result, most_bytes: int) -> Refusal | None:
    """Say why a file of this kind is not taken, or nothing."""
    if stat.S_ISLNK(found.st_mode):
        return Refusal.SYMLINK
    if not stat.S_ISREG(found.st_mode):
        return Refusal.NOT_A_FILE
    if found.st_nlink != 1:
        return Refusal.HARD_LINK
    return Refusal.TOO_LARGE if found.st_size > most_bytes else None


def copy(read: Callable[[int], bytes], wanted: Wanted, *, into: Path) -> Collected | Refusal:
    """Write what `read` gives to a new file in `into`; ask for one byte over the limit at most.

    Args:
        read: Gives up to so many bytes, nothing at the end; of a descriptor, or an engine's answer.
        wanted: Name and size limit.
        into: An existing folder of ours.

    Raises:
        OSError: The file exists already, or cannot be written.

    """
    path = into / wanted.name
    digest, size = hashlib.sha256(), 0
    with os.fdopen(os.open(path, _FRESH, 0o600), "wb") as target:
        while chunk := read(min(CHUNK_BYTES, wanted.most_bytes + 1 - size)):
            size += len(chunk)
            if size > wanted.most_bytes:
                break
            digest.update(chunk)
            target.write(chunk)
    if size > wanted.most_bytes:
        path.unlink()
        return Refusal.TOO_LARGE
    return Collected(name=wanted.name, path=path, sha256=digest.hexdigest(), bytes=size)
