"""Packages of a challenge unpacked once on each machine that runs boxes, by digest."""

import os
import shutil
import tempfile
import time
from pathlib import Path

from palio.core.storage import full_disk_in_words
from palio.sandbox import bundle

_FOLDER = "packages"
LIMITS = bundle.BundleLimits(bytes=50 * 2**30, files=200_000)  # the host's own files


def unpacked(path: Path, *, sha256: str, into: Path) -> Path:
    """Return the folder with a package's files, read-only to whoever is not us.

    Args:
        path: The stored bundle.
        sha256: Its digest, which names the folder.
        into: Our folder for boxes.

    Raises:
        ImageRefusedError: It is no bundle of ours; then the store is broken.
        StorageFullError: No room.

    """
    target = into / _FOLDER / sha256
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        with (
            full_disk_in_words(),
            tempfile.TemporaryDirectory(dir=target.parent, prefix="new-") as new,
        ):
            made = Path(new) / "made"
            made.mkdir(mode=0o755)
            bundle.unpack(path, made, limits=LIMITS)
            try:
                made.rename(target)
            except OSError:
                if not target.exists():  # else another process was faster
                    raise
    os.utime(target)  # `forget` goes by it
    return target


def forget(folder: Path, *, days: int) -> tuple[str, ...]:
    """Remove what was not used for so many days; it is unpacked again when needed."""
    oldest = time.time() - days * 24 * 3600  # compared with the file system's own times
    gone = []
    for path in sorted((folder / _FOLDER).glob("*")):
        if path.stat().st_mtime < oldest:
            shutil.rmtree(path, ignore_errors=True)
            gone.append(path.name)
    return tuple(gone)
