"""Builds the root for code and metrics once, and finds it again: `ensure`."""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from palio.sandbox.runtime import files, python
from palio.sandbox.runtime.packages import LOCK, RuntimeBuildError, install, installed
from palio.sandbox.spec import RuntimeRoot

BUILDER = 2  # raise it when the same lock and Python would give another root
RECORD = "runtime.json"
_FOLDER = "runtime"
_LOCK = ".lock"


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a built root holds; stands in it as runtime.json.

    Attributes:
        digest: 64 hex digits over the lock, the Python and the builder: what the root is made of.
        python: Version, such as ``3.11.7``.
        packages: Name and version of each.

    """

    digest: str
    python: str
    packages: dict[str, str]


def ensure(
    state: Path,
    *,
    wheels: Path | None = None,
    packages: bool = True,
    say: Callable[[str], None] = lambda _text: None,
) -> RuntimeRoot:
    """Return the root for this Python and this lock; built first where it is not there yet.

    About 400 MB and a minute with packages; 60 MB and some seconds without. What is there
    already costs a look at one file. Two that build at once make it once.

    Args:
        state: Folder of ours; the root comes to ``runtime/<digest>`` in it.
        wheels: Folder of wheels to install from, for machines without network.
        packages: False gives Python alone.
        say: Is told what is going on, a line at a time.

    Raises:
        RuntimeBuildError: It cannot be made here; the text says why.
        OSError: No room, or `state` cannot be written.

    """
    digest = digest_of(packages=packages)
    folder = state / _FOLDER / digest[:16]
    if (folder / RECORD).is_file():
        folder.with_suffix(_LOCK).touch()  # `forget` goes by it
        return RuntimeRoot(folder)
    if sys.platform != "linux":
        raise RuntimeBuildError(
            "Code runs in a box that only Linux has.",
            hint="Use Linux: a virtual machine, or WSL 2 on Windows.",
        )
    with _alone(folder.with_suffix(_LOCK)):
        if not (folder / RECORD).is_file():
            _build(folder, digest=digest, wheels=wheels, has_packages=packages, say=say)
    return RuntimeRoot(folder)


def find(state: Path, *, packages: bool = True) -> RuntimeRoot | None:
    """Return the root when it is built already."""
    folder = state / _FOLDER / digest_of(packages=packages)[:16]
    return RuntimeRoot(folder) if (folder / RECORD).is_file() else None


def forget(state: Path, *, days: int) -> tuple[str, ...]:
    """Remove roots that nothing used for so many days; never those that `ensure` would give.

    Args:
        state: As for `ensure`.
        days: Longer than any run.

    Returns:
        The names of their folders.

    """
    ours = {digest_of(packages=has)[:16] for has in (True, False)}
    oldest = time.time() - days * 24 * 3600  # compared with the file system's own times
    gone = []
    for lock in sorted((state / _FOLDER).glob(f"*{_LOCK}")):
        if lock.stem in ours or lock.stat().st_mtime >= oldest:
            continue
        with _alone(lock):
            for suffix in ("", ".new"):
                shutil.rmtree(lock.with_suffix(suffix), ignore_errors=True)
            lock.unlink()
        gone.append(lock.stem)
    return tuple(gone)


def read(root: RuntimeRoot) -> Runtime:
    """Return what a built root holds."""
    return Runtime(**json.loads((root.folder / RECORD).read_text(encoding="utf-8")))


def digest_of(*, packages: bool) -> str:
    """Return the digest of the root that this Python and this lock make, 64 hex digits."""
    parts = (
        str(BUILDER),
        sys.version,
        sys.implementation.cache_tag,
        platform.machine(),
        LOCK.read_text(encoding="utf-8") if packages else "",
    )
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(
    folder: Path,
    *,
    digest: str,
    wheels: Path | None,
    has_packages: bool,
    say: Callable[[str], None],
) -> None:
    root = folder.with_suffix(".new")  # what a builder that died left there, under our lock
    shutil.rmtree(root, ignore_errors=True)
    ours = python.running()
    say(f"copying Python {platform.python_version()}")
    files.lay_out(root)
    sources = files.copy_python(root, ours)
    sources += files.copy_tools(root)
    place = files.inside(root, python.packages_inside(ours))
    place.mkdir(parents=True, exist_ok=True)
    if has_packages:
        say(f"installing the packages of {LOCK.name} with pip")
        install(place, python=ours, wheels=wheels)
    say("copying shared libraries")
    loader = files.copy_libraries(root, sources, program=ours.program)
    say("compiling")
    files.compile_all(root)
    names = installed(place)
    say("trying it out")
    files.try_out(root, loader=loader, imports=("numpy", "pandas", "sklearn") if names else ())
    record = Runtime(digest=digest, python=platform.python_version(), packages=names)
    (root / RECORD).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    files.settle(root)
    os.replace(root, folder)  # noqa: PTH105 (over nothing: the lock is ours)
