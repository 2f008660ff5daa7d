"""File systems that we mount for runs: named, and found again by the reaper."""

import ctypes
import os
from contextlib import ExitStack
from pathlib import Path

from palio.sandbox import cgroup_mounts

# linux/mount.h; the last since 5.10
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _NOSYMFOLLOW = 1, 2, 4, 8, 256
_DETACH = 2
_LIBC = ctypes.CDLL(None, use_errno=True)


def mount_tmpfs(
    target: Path, *, source: str, size: int, inodes: int, follows_links: bool = False
) -> None:
    """Mount a bounded file system in memory that runs nothing.

    Args:
        target: An existing folder.
        source: The name it is to be found by.
        size: Bytes.
        inodes: Files and folders, with the root.
        follows_links: False makes every open of a symbolic link fail, whoever forgets to ask.

    Raises:
        OSError: We may not, or the kernel cannot.

    """
    flags = _NOSUID | _NODEV | _NOEXEC | (0 if follows_links else _NOSYMFOLLOW)
    _mount(target, source, "tmpfs", flags, f"size={size},nr_inodes={inodes},mode=0700")


def mount_view(target: Path, *, source: str, of: Path, empty: Path) -> None:
    """Show a folder, read-only, through an overlay of one run.

    Locks, leases and watches belong to the overlay's own inodes, so that runs which are shown the
    same folder cannot speak through them; and where it really is, the mount does not tell.

    Args:
        target: An existing folder.
        source: The name it is to be found by.
        of: What is shown.
        empty: Any empty folder: an overlay wants two.

    Raises:
        OSError: We may not, or the kernel cannot.

    """
    with ExitStack() as stack:
        layers = []
        for layer in (empty, of):
            layers.append(os.open(layer, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
            stack.callback(os.close, layers[-1])
        lower = ":".join(f"/proc/self/fd/{layer}" for layer in layers)
        _mount(target, source, "overlay", _RDONLY | _NOSUID | _NODEV, f"lowerdir={lower}")


def _mount(target: Path, source: str, kind: str, flags: int, options: str) -> None:
    words = (source.encode(), bytes(target), kind.encode())
    _checked(_LIBC.mount(*words, ctypes.c_ulong(flags), options.encode()), target)


def unmount(target: Path) -> None:
    """Take a mount away, even when somebody still looks into it.

    Raises:
        OSError: There is none, or we may not.

    """
    _checked(_LIBC.umount2(bytes(target), _DETACH), target)


def _checked(result: int, target: Path) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))


def mounts_of(prefix: str) -> dict[Path, str]:
    """Find the mounts that this process sees and whose source begins with `prefix`.

    Returns:
        Each place with its source.

    """
    found = {}
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields, _, rest = line.partition(" - ")
        source = rest.split(" ")[1]
        if source.startswith(prefix):
            found[Path(cgroup_mounts.unescape(fields.split(" ")[4]))] = source
    return found
