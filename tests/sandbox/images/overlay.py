"""What a stack of layers should look like, told another way than the product does."""

import io
import os
import stat
import tarfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.sandbox.images.archives import M

# Kind, and content or target; a program is marked by a `*`.
Shown = dict[str, tuple[str, bytes]]
OURS = frozenset({"input", "output", "tmp", "proc", "dev", "sys", "app"})


def expected(layers: Sequence[Sequence[M]]) -> Shown:
    """Apply layers to a flat list of paths, lowest first."""
    shown: Shown = {}
    for written in layers:
        layer = [
            replace(one, name=one.name.removeprefix("./"), link=_target(one)) for one in written
        ]
        for one in layer:
            shown = _hidden(shown, one)
        for one in layer:
            parts = one.name.split("/")
            for count in range(1, len(parts)):
                _make_folder(shown, "/".join(parts[:count]))
            if one.type == tarfile.DIRTYPE:
                _make_folder(shown, one.name)
            elif not parts[-1].startswith(".wh."):
                shown = without(shown, one.name)
                shown[one.name] = shown[one.link] if one.type == tarfile.LNKTYPE else _node(one)
    return shown


def _target(one: M) -> str:
    return one.link.removeprefix("./") if one.type == tarfile.LNKTYPE else one.link


def _hidden(shown: Shown, one: M) -> Shown:
    above, _, name = one.name.rpartition("/")
    if name == ".wh..wh..opq":
        return {path: node for path, node in shown.items() if not is_below(path, above)}
    if name.startswith(".wh."):
        return without(shown, f"{above}/{name[4:]}".lstrip("/"))
    return shown


def is_below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder}/") if folder else True


def without(shown: Shown, gone: str) -> Shown:
    return {path: node for path, node in shown.items() if path != gone and not is_below(path, gone)}


def _make_folder(shown: Shown, path: str) -> None:
    if shown.get(path, ("folder",))[0] != "folder":
        del shown[path]
    shown[path] = ("folder", b"")


def _node(one: M) -> tuple[str, bytes]:
    if one.type == tarfile.SYMTYPE:
        return "link", one.link.encode()
    return "file*" if one.mode & 0o111 else "file", one.content


def on_disk(root: Path) -> Shown:
    """Read a root as it is, following nothing."""
    shown: Shown = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            if stat.S_ISLNK(mode):
                node = ("link", os.fsencode(path.readlink()))
            elif stat.S_ISDIR(mode):
                node = ("folder", b"")
            else:
                node = ("file*" if mode & 0o111 else "file", path.read_bytes())
            shown[path.relative_to(root).as_posix()] = node
    return without_ours(shown)


def exported(tar: bytes) -> Shown:
    """Read what `docker export` gives."""
    shown: Shown = {}
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        for member in archive:
            if member.isdir():
                node = ("folder", b"")
            elif member.issym():
                node = ("link", member.linkname.encode())
            else:
                file = archive.extractfile(member)
                assert file is not None
                node = ("file*" if member.mode & 0o111 else "file", file.read())
            shown[member.name.rstrip("/")] = node
    return without_ours(shown)


def without_ours(shown: Shown) -> Shown:
    """Leave out empty places to mount at, and what an engine puts into /etc and /dev."""
    full = {path.partition("/")[0] for path in shown if "/" in path}
    return {
        path: node
        for path, node in shown.items()
        if not (path in OURS - full or path.startswith(("etc/", "dev/")))
        and path not in ("etc", "dev", ".dockerenv")
    }
