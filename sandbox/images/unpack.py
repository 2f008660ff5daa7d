"""Roots from images without an engine: each layer's files stored once, each root made of links.

No path of a participant is ever followed on disk. The files of a layer lie side by side, numbered;
a root is drawn from the merged tree in memory into a new folder, where all that could be followed
was made by us a moment ago.
"""

import errno
import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from palio.sandbox.images import config, pieces
from palio.sandbox.images.archive import WHAT
from palio.sandbox.images.layer import Budget, Entry, Type, entries
from palio.sandbox.images.pieces import Hashed
from palio.sandbox.images.program import MOUNT_POINTS
from palio.sandbox.images.tar import TarReader
from palio.sandbox.images.tree import Node, Tree
from palio.sandbox.spec import ImageRefusedError

_NEW = ".new-"
_APP = "app"  # somebody may want to mount there, but an image may have its own
_LIST = "manifest.json"
_UNBOUNDED = 2**63  # intake has held the image against its limits
_FOLDER_MODE, _FILE_MODE, _PROGRAM_MODE = 0o755, 0o644, 0o755


def unpack_root(archive: Path, *, into: Path, layers: Path) -> None:
    """Make the file system of an image as a folder; nothing to do when it is there.

    Everything belongs to us and may be read by everybody; set-id bits are gone; folders to mount
    at are there. Beside the root, ``<name>.json`` keeps which layers it is made of. A process that
    dies on the way leaves only what `prune` clears away.

    Args:
        archive: What intake wrote.
        into: The root to be, such as ``roots/<hex of the image id>``; its parent exists.
        layers: An existing folder for layers, on the same file system; shared by all roots.

    Raises:
        ImageRefusedError: The archive is not what intake wrote, or changed since
            (``image:digest``).
        OSError: The disk is full, or a file cannot be written.

    """
    if into.is_dir():
        return
    with _locked(layers):
        if into.is_dir():
            return
        found, diff_ids = _read(archive, layers)
        tree = Tree()
        for diff_id in diff_ids:
            tree.add_layer(_hex(diff_id), found[diff_id])
        for name in MOUNT_POINTS:
            tree.require_folder(name)
        if not tree.has(_APP):
            tree.require_folder(_APP)
        with _new_folder(into.parent) as folder:
            _draw_root(tree.root, folder, layers)
            _record(into).write_text(json.dumps([_hex(one) for one in diff_ids]), encoding="utf-8")
            folder.rename(into)


def prune(*, roots: Path, layers: Path, keep: frozenset[str]) -> tuple[str, ...]:
    """Remove the roots that are not to be kept, then each layer that no root is made of.

    What a process left behind that died while it unpacked goes as well.

    Args:
        roots: The folder of all roots.
        layers: The folder of all layers.
        keep: Names of roots in `roots`.

    Returns:
        The names of the roots that went.

    """
    with _locked(layers):
        gone = tuple(sorted(path.name for path in _folders(roots) if path.name not in keep))
        for name in gone:
            shutil.rmtree(roots / name)
        for record in roots.glob("*.json"):
            if not record.with_suffix("").is_dir():
                record.unlink()
        used = {
            name
            for record in roots.glob("*.json")
            for name in json.loads(record.read_text(encoding="utf-8"))
        }
        for layer in _folders(layers):
            if layer.name not in used:
                shutil.rmtree(layer)
        for folder in (roots, layers):
            for rest in folder.glob(f"{_NEW}*"):
                shutil.rmtree(rest)
    return gone


def _read(archive: Path, layers: Path) -> tuple[dict[str, tuple[Entry, ...]], tuple[str, ...]]:
    """Read the entries of every layer, storing the files of new ones, and their order."""
    found: dict[str, tuple[Entry, ...]] = {}
    diff_ids: tuple[str, ...] = ()
    with pieces.opened(archive, what=WHAT) as content:
        reader = TarReader(content, what=WHAT)
        for member in reader.members():
            if member.name == _LIST:
                diff_ids = _order(reader.read(config.JSON_BYTES_MAX))
            elif member.name.endswith(".tar"):
                diff_id = _diff_id(member.name)
                found[diff_id] = _read_layer(reader, layers, diff_id)
    if not diff_ids or set(diff_ids) != set(found):
        raise ImageRefusedError("image:missing", "The archive lacks a layer.")
    return found, diff_ids


def _order(manifest: bytes) -> tuple[str, ...]:
    listed = config.parse(manifest, what=_LIST)
    image = config.fold(listed[0] if isinstance(listed, list) and listed else None, what=_LIST)
    return tuple(_diff_id(name) for name in config.texts(image.get("layers"), what=_LIST))


def _diff_id(name: str) -> str:
    return config.digest(f"sha256:{name.removesuffix('.tar')}", what=_LIST)


def _read_layer(outer: TarReader, layers: Path, diff_id: str) -> tuple[Entry, ...]:
    content = Hashed(outer.data())
    reader = TarReader(content, what=f"The layer {diff_id}")
    budget = Budget(bytes_max=_UNBOUNDED, entries_max=_UNBOUNDED)
    if (layers / _hex(diff_id)).is_dir():
        found = tuple(entries(reader, budget))
        _check_digest(content, diff_id)
        return found
    with _new_folder(layers) as folder:
        found = tuple(_stored(reader, budget, folder))
        _check_digest(content, diff_id)
        os.sync()  # a layer that is there must be whole, also after a loss of power
        folder.rename(layers / _hex(diff_id))
    return found


def _stored(reader: TarReader, budget: Budget, folder: Path) -> Iterator[Entry]:
    """Give the entries of a layer and write each file under the number of its entry."""
    for number, entry in enumerate(entries(reader, budget)):
        if entry.type is Type.FILE:
            mode = _PROGRAM_MODE if entry.mode & 0o111 else _FILE_MODE
            with (folder / str(number)).open("xb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(entry.head)
                for piece in reader.data():
                    file.write(piece)
        yield entry


def _draw_root(root: Node, folder: Path, layers: Path) -> None:
    layers_fd = os.open(layers, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _draw(root, os.open(folder, os.O_RDONLY | os.O_DIRECTORY), layers_fd)
    finally:
        os.close(layers_fd)


def _draw(folder: Node, here: int, layers: int) -> None:
    """Draw what a folder holds into the open, empty folder `here`, and close that."""
    try:
        os.fchmod(here, _FOLDER_MODE)
        for text, node in (folder.children or {}).items():
            name = text.encode("utf-8", "surrogateescape")
            if node.children is not None:
                os.mkdir(name, dir_fd=here)
                below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
                _draw(node, below, layers)
            elif node.link:
                os.symlink(node.link.encode("utf-8", "surrogateescape"), name, dir_fd=here)
            else:
                _link("{}/{}".format(*node.content), layers, name, here)
    finally:
        os.close(here)


def _link(source: str, layers: int, name: bytes, here: int) -> None:
    try:
        os.link(source, name, src_dir_fd=layers, dst_dir_fd=here, follow_symlinks=False)
    except OSError as error:
        if error.errno != errno.EMLINK:
            raise
        _renew(source, layers)
        os.link(source, name, src_dir_fd=layers, dst_dir_fd=here, follow_symlinks=False)


def _renew(source: str, layers: int) -> None:
    """Put a copy in the place of a file that has as many links as the file system allows."""
    copy = f"{source}.copy"

    def opener(path: str, flags: int) -> int:
        return os.open(path, flags, dir_fd=layers)

    with open(source, "rb", opener=opener) as old, open(copy, "wb", opener=opener) as new:
        shutil.copyfileobj(old, new)
        os.fchmod(new.fileno(), os.fstat(old.fileno()).st_mode)
    os.rename(copy, source, src_dir_fd=layers, dst_dir_fd=layers)


def _check_digest(content: Hashed, diff_id: str) -> None:
    if content.digest() != diff_id:
        raise ImageRefusedError("image:digest", f"The layer {diff_id} is not what its name says.")


def _hex(diff_id: str) -> str:
    return diff_id.removeprefix("sha256:")


def _record(root: Path) -> Path:
    return root.with_name(f"{root.name}.json")


def _folders(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(_NEW)]


@contextmanager
def _new_folder(parent: Path) -> Generator[Path, None, None]:
    """Make a folder that is gone afterwards, unless it was given its name."""
    folder = Path(tempfile.mkdtemp(prefix=_NEW, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(layers: Path) -> Generator[None, None, None]:
    """Keep other processes and threads from unpacking or pruning meanwhile."""
    with (layers / ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
