"""Lays out a root: what is copied from this machine, and where it stands. Nothing else comes in."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from palio.sandbox.runtime import elf, python
from palio.sandbox.runtime.packages import RuntimeBuildError

# Where a box mounts something: it cannot make folders in a root that is read-only.
MOUNT_POINTS = (
    "input/ref",
    "input/res",
    "output",
    "tmp",
    "proc",
    "dev",
    "sys",
    "run",
    "var/tmp",
    "app",
    "metric",
    "palio",
)
_LINKS = {"bin": "usr/bin", "sbin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64"}
_ETC = {
    "passwd": "root:x:0:0:root:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n",
    "group": "root:x:0:\nnogroup:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_TOOLS = ("sh", "env", "true")
# Opened by libc when it needs them, so that no program names them.
_UNNAMED = ("libgcc_s.so.1", "libnss_files.so.2")
_MADE_AT = 315_532_800  # 1980-01-01, the same for every file: archives of equal roots are equal


@dataclass(frozen=True, slots=True)
class Copy:
    """A program or library of this machine, and its copy in the root."""

    source: Path
    copy: Path
    is_optional: bool = False


def inside(root: Path, path: str) -> Path:
    """Return where an absolute path of the box stands on this machine."""
    return root / path.lstrip("/")


def lay_out(root: Path) -> None:
    """Make the empty folders and the few files of /etc."""
    root.mkdir(parents=True)
    for name in ("usr/bin", "usr/lib", "usr/lib64", "etc", *MOUNT_POINTS):
        (root / name).mkdir(parents=True)
    for name, target in _LINKS.items():
        (root / name).symlink_to(target)
    for name, text in _ETC.items():
        (root / "etc" / name).write_text(text, encoding="utf-8")


def copy_python(root: Path, ours: python.Python) -> list[Copy]:
    """Copy a Python and its standard library; return what of it needs libraries."""
    program = root / "usr/bin" / f"python{python.VERSION}"
    copies = [_copy_program(ours.program, program)]
    for link in ("python3", "python"):
        program.with_name(link).symlink_to(program.name)
    library = inside(root, ours.library_inside)
    for source in python.library_files(ours.library):
        target = library / source.relative_to(ours.library)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.name.startswith("_sysconfigdata"):
            # It says how Python was built, with paths of this machine.
            text = source.read_text(encoding="utf-8").replace(str(ours.prefix), "/usr")
            target.write_text(text, encoding="utf-8")
            continue
        shutil.copyfile(source, target)
        if elf.is_elf(source):
            copies.append(Copy(source, target, is_optional=True))
    return copies


def copy_tools(root: Path) -> list[Copy]:
    """Copy a shell, ``env`` and ``true``; return what of it needs libraries."""
    copies = []
    for name in _TOOLS:
        found = shutil.which(name, path="/bin:/usr/bin:/run/current-system/sw/bin")
        if not found:
            raise RuntimeBuildError(f"This machine has no {name}, which the box needs.")
        copies.append(_copy_program(Path(found).resolve(), root / "usr/bin" / name))
    return copies


def copy_libraries(root: Path, copies: Sequence[Copy], *, program: Path) -> Path:
    """Copy the loader and every shared library anything in the root needs.

    All of them go to the one folder where this loader looks by itself.

    Returns:
        The loader's copy.

    Raises:
        RuntimeBuildError: A library is missing on this machine.

    """
    try:
        named = elf.loader_of(program)
    except elf.NotElfError as error:
        raise RuntimeBuildError(f"{error} Palio cannot make a box from such a Python.") from error
    home = Path((elf.libraries(program, loader=named).get("libc.so.6") or Path(named)).parent)
    folder = inside(root, str(home))
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {name: home / name for name in _UNNAMED if (home / name).is_file()}
    for each in (*copies, *_in_packages(root, copies)):
        wanted = _needed(each, loader=named, root=root.resolve()) | wanted
    for name, place in wanted.items():
        shutil.copyfile(place, folder / name)
    loader = inside(root, named)
    loader.parent.mkdir(parents=True, exist_ok=True)
    _copy_program(Path(named).resolve(), loader)
    return loader


def compile_all(root: Path) -> None:
    """Compile every module, to be used without a look at its source: the root never changes."""
    command = [sys.executable, "-I", "-m", "compileall", "-q", "-j", "0"]
    paths = ["-s", str(root), "-p", "/", "--invalidation-mode", "unchecked-hash", "-x", "/tests/"]
    # A file that does not compile (a template, say) is none that is imported.
    subprocess.run(  # noqa: S603 (the Python that runs us)
        [*command, *paths, str(root / "usr")], capture_output=True, check=False
    )


def try_out(root: Path, *, loader: Path, imports: Sequence[str]) -> None:
    """Start what was built, outside of any box, as far as that goes.

    Raises:
        RuntimeBuildError: It does not start.

    """
    libraries = {str(each.parent) for each in (root / "usr").rglob("libc.so.6")} or {
        str(loader.parent)
    }
    code = f"import ctypes, hashlib, json, zlib, {', '.join(('math', *imports))}"
    start = [str(loader), "--library-path", ":".join(sorted(libraries))]
    for command in (
        [str(root / "usr/bin/sh"), "-c", "exit 0"],
        [str(root / "usr/bin/python3"), "-s", "-P", "-B", "-c", code],
    ):
        done = subprocess.run(  # noqa: S603 (what we just built)
            [*start, *command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env={"PYTHONHOME": str(root / "usr"), "OPENBLAS_NUM_THREADS": "1", "LANG": "C.UTF-8"},
        )
        if done.returncode:
            last = (done.stderr.splitlines() or ["it gave no reason"])[-1]
            raise RuntimeBuildError(f"The Python made for the box does not start: {last}")


def settle(root: Path) -> None:
    """Let everybody read and nobody but the owner write; give every file the same time."""
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
                os.utime(path, (_MADE_AT, _MADE_AT))
        Path(folder).chmod(0o755)
        os.utime(folder, (_MADE_AT, _MADE_AT))


def _copy_program(source: Path, target: Path) -> Copy:
    shutil.copyfile(source, target)
    target.chmod(0o755)
    return Copy(source, target)


def _needed(each: Copy, *, loader: str, root: Path) -> dict[str, Path]:
    """Return the libraries from outside the root; what is optional goes where one is missing."""
    needs = elf.libraries(each.source, loader=loader)
    missing = sorted(name for name, place in needs.items() if place is None)
    if missing and each.is_optional:
        each.copy.unlink()
        return {}
    if missing:
        raise _missing(each, missing)
    return {
        name: place
        for name, place in needs.items()
        if place and not place.resolve().is_relative_to(root)
    }


def _in_packages(root: Path, copies: Sequence[Copy]) -> list[Copy]:
    known = {each.copy for each in copies}
    found = (path for path in sorted((root / "usr").rglob("*.so*")) if path not in known)
    return [Copy(path, path) for path in found if not path.is_symlink() and elf.is_elf(path)]


def _missing(each: Copy, names: Sequence[str]) -> RuntimeBuildError:
    return RuntimeBuildError(
        f"{each.source.name} needs {', '.join(names)}, which this machine does not have.",
        hint="Install the package of your system that brings it,"
        " such as libstdc++6 or libgomp1 on Debian.",
    )
