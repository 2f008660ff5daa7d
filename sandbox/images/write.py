"""Writes images as Docker reads them, always the same bytes for the same files."""

import hashlib
import json
import os
import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, cast

from palio.sandbox.images.config import native_architecture
from palio.sandbox.images.tar import BLOCK


@dataclass(frozen=True, slots=True)
class FolderLayer:
    """The content of a folder as a layer.

    Attributes:
        at: Where it lies in the image, relative to the root; empty: it is the root.

    """

    folder: Path
    at: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """How an image is started."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = ""
    user: str = ""


class ArchiveWriter:
    """A docker-archive that grows layer by layer; layers of the same content are kept once.

    Args:
        file: Open for writing, at its start, and able to seek.

    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._layers: set[str] = set()
        self._start = 0

    def start(self) -> BinaryIO:
        """Begin a layer; its tar is written into the file this returns."""
        self._start = self._file.tell()
        self._file.write(bytes(BLOCK))  # its header, once name and size are known
        return self._file

    def finish(self, diff_id: str) -> None:
        """End the layer begun last."""
        end = self._file.tell()
        self._file.seek(self._start)
        if diff_id in self._layers:
            self._file.truncate()
            return
        self._layers.add(diff_id)
        size = end - self._start - BLOCK
        self._file.write(_header(layer_name(diff_id), size))
        self._file.seek(end)
        self._file.write(bytes(-size % BLOCK))

    def close(self, config: bytes, diff_ids: Sequence[str]) -> str:
        """Write the config and the list without tags, and return the image's id.

        The id is the digest of the config as it is, as Docker's own store computes it.
        """
        digest = hashlib.sha256(config).hexdigest()
        name = f"{digest}.json"
        listed = [
            {"Config": name, "RepoTags": None, "Layers": [layer_name(one) for one in diff_ids]}
        ]
        self._add(name, config)
        self._add("manifest.json", json.dumps(listed).encode())
        self._file.write(bytes(2 * BLOCK))
        return f"sha256:{digest}"

    def _add(self, name: str, content: bytes) -> None:
        self._file.write(_header(name, len(content)) + content + bytes(-len(content) % BLOCK))


def layer_name(diff_id: str) -> str:
    """Return the name of a layer in an archive of ours."""
    return f"{diff_id.removeprefix('sha256:')}.tar"


def write_image(
    path: Path, layers: Sequence[FolderLayer], start: Start, *, architecture: str = ""
) -> str:
    """Write an image made of folders as a docker-archive without tags, and return its id.

    Everything belongs to root and may be read by everybody; links stay as they are.

    Args:
        path: The file to write.
        layers: Lowest first.
        start: What to run.
        architecture: Such as ``amd64``; empty: this machine's.

    """
    with path.open("wb") as file:
        archive = ArchiveWriter(file)
        diff_ids = []
        for layer in layers:
            tar = _HashingFile(archive.start())
            _write_layer(tar, layer)
            diff_ids.append(tar.digest())
            archive.finish(diff_ids[-1])
        config = config_of(start, diff_ids, architecture=architecture or native_architecture())
        return archive.close(config, diff_ids)


def config_of(start: Start, diff_ids: Sequence[str], *, architecture: str) -> bytes:
    """Return the config of an image as JSON."""
    config = {
        "Cmd": list(start.argv),
        "Env": [f"{name}={value}" for name, value in sorted(start.env.items())],
        "User": start.user,
        "WorkingDir": start.workdir,
    }
    image = {
        "architecture": architecture,
        "config": config,
        "created": "1970-01-01T00:00:00Z",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": list(diff_ids)},
    }
    return json.dumps(image, sort_keys=True).encode()


class _HashingFile:
    """What tarfile writes into: hashed on its way to the archive."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hash, self._bytes = file, hashlib.sha256(), 0

    def write(self, piece: bytes) -> int:
        self._hash.update(piece)
        self._bytes += len(piece)
        return self._file.write(piece)

    def tell(self) -> int:
        return self._bytes

    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def _write_layer(file: _HashingFile, layer: FolderLayer) -> None:
    output = cast("IO[bytes]", file)  # tarfile needs no more of a file to write one
    with tarfile.open(fileobj=output, mode="w", format=tarfile.PAX_FORMAT) as tar:
        parts = Path(layer.at).parts
        for count in range(1, len(parts) + 1):
            tar.addfile(_folder("/".join(parts[:count])))
        for path in _below(layer.folder):
            name = (Path(layer.at) / path.relative_to(layer.folder)).as_posix()
            _add_path(tar, path, name)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


def _add_path(tar: tarfile.TarFile, path: Path, name: str) -> None:
    status = path.lstat()
    if stat.S_ISDIR(status.st_mode):
        tar.addfile(_folder(name))
        return
    member = tarfile.TarInfo(name)
    member.mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
    if stat.S_ISLNK(status.st_mode):
        member.type, member.linkname, member.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
        tar.addfile(member)
        return
    with path.open("rb") as file:
        member.size = os.fstat(file.fileno()).st_size
        tar.addfile(member, file)


def _folder(name: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)  # one block, whatever the size
