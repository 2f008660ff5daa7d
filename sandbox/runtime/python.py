"""Knows the Python that runs us: its program, its library, where each belongs in the root."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
# Nothing a model needs: tests, windows, and what installs packages.
_LEFT_OUT = frozenset(
    {
        "__pycache__",
        "dist-packages",
        "ensurepip",
        "idlelib",
        "idle_test",
        "lib2to3",
        "site-packages",
        "sitecustomize.py",
        "test",
        "tests",
        "tkinter",
        "turtledemo",
        "usercustomize.py",
    }
)
_LEFT_OUT_STARTS = ("config-", "_tkinter.", "_test", "_ctypes_test.", "_xx", "xxlimited")


@dataclass(frozen=True, slots=True)
class Python:
    """The Python below any virtual environment we run in.

    Attributes:
        program: Its binary, symbolic links resolved.
        prefix: Under which it was installed; this text is taken out of what is copied.
        library: Folder of its standard library.

    """

    program: Path
    prefix: Path
    library: Path

    @property
    def library_inside(self) -> str:
        """Where the standard library stands in the root: Python looks there from /usr/bin."""
        return f"/usr/{sys.platlibdir}/python{VERSION}"


def running() -> Python:
    """Return the Python that runs us."""
    base = Path(sys.base_prefix)
    given = getattr(sys, "_base_executable", "") or sys.executable
    named = [Path(given), base / "bin" / f"python{VERSION}", Path(sys.executable)]
    program = next((each for each in named if each.is_file()), Path(sys.executable))
    return Python(
        program=program.resolve(),
        prefix=base,
        library=Path(sysconfig.get_path("stdlib")).resolve(),
    )


def packages_inside(python: Python) -> str:
    """Return the folder in the root where this Python looks for packages.

    Distributions change it (``dist-packages``), so the Python itself is asked.
    """
    asked = "import site; print(site.getsitepackages(['/usr'])[0])"
    answer = subprocess.run(  # noqa: S603 (the Python that runs us)
        [python.program, "-I", "-c", asked], capture_output=True, text=True, check=False, timeout=30
    )
    return answer.stdout.strip() or f"{python.library_inside}/site-packages"


def library_files(folder: Path) -> Iterator[Path]:
    """Yield the files of the standard library that a model may need."""
    for path in sorted(folder.iterdir()):
        if path.name in _LEFT_OUT or path.name.startswith(_LEFT_OUT_STARTS):
            continue
        if path.is_dir():
            if not path.is_symlink():
                yield from library_files(path)
        elif path.suffix != ".pyc" and path.is_file():
            yield path
