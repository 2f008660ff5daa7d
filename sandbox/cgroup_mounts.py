"""Reads where control groups are mounted, and in which of them this process is."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Mount:
    """A hierarchy of control groups, or a part of one, where this process sees it."""

    kind: str
    root: str  # which part of the hierarchy is mounted
    point: Path
    options: tuple[str, ...]

    def folder(self, own: str) -> Path:
        """Give the folder of a group whose path in the hierarchy is `own`."""
        root = "" if self.root == "/" else self.root
        inside = own.removeprefix(root) if own.startswith(root) else own
        return self.point / inside.lstrip("/")


def read(mountinfo: str) -> Iterator[Mount]:
    """Read proc(5) mountinfo."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _source, options = after.split(" ")[:3]
        root, point = (unescape(part) for part in before.split(" ")[3:5])
        if kind in {"cgroup", "cgroup2"}:
            yield Mount(kind, root, Path(point), tuple(options.split(",")))


def unescape(text: str) -> str:
    """Read a path as proc(5) mountinfo writes it."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), text)


def own_paths(text: str) -> dict[str, str]:
    """Read proc(5) cgroup: path of this process for each controller, ``""`` for v2."""
    rows = (line.split(":", 2) for line in text.splitlines())
    return {name: path for _, names, path in rows for name in names.split(",")}
