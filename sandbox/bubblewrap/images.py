"""Keep accepted images as unpacked folders, where no engine keeps them."""

import hashlib
import re
import tarfile
from pathlib import Path
from typing import IO, cast

from palio.sandbox.images import unpack
from palio.sandbox.spec import ImageRefusedError, SandboxError

_PREFIX = "sha256:"
_ID = re.compile(_PREFIX + r"[0-9a-f]{64}")


def folder_of(state: Path, image_id: str) -> Path:
    """Give the folder of an image, there or not.

    Raises:
        SandboxError: That is no image id.

    """
    if not _ID.fullmatch(image_id):
        raise SandboxError(f"{image_id!r} is not an image id")
    return _roots(state) / image_id.removeprefix(_PREFIX)


def add(state: Path, archive: Path, *, image_id: str) -> None:
    """Unpack an image; nothing to do when it is there.

    Raises:
        SandboxError: No room, or the archive is not what intake wrote.

    """
    folder = folder_of(state, image_id)
    try:
        _check_id(archive, image_id)
        for each in (folder.parent, _layers(state)):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        unpack.unpack_root(archive, into=folder, layers=_layers(state))
    except (OSError, tarfile.TarError, KeyError, ImageRefusedError) as error:
        raise SandboxError(f"The image {image_id} cannot be unpacked: {error}") from error


def _check_id(archive: Path, image_id: str) -> None:
    digest = image_id.removeprefix(_PREFIX)
    with tarfile.open(archive) as tar, cast("IO[bytes]", tar.extractfile(f"{digest}.json")) as file:
        if hashlib.sha256(file.read()).hexdigest() != digest:
            raise ImageRefusedError("image:digest", "its config is another one")


def prune(state: Path, *, keep: frozenset[str]) -> tuple[str, ...]:
    """Remove every unpacked image not among `keep`; return their ids.

    Raises:
        SandboxError: One cannot be removed.

    """
    if not _layers(state).is_dir():
        return ()
    names = frozenset(image_id.removeprefix(_PREFIX) for image_id in keep)
    try:
        gone = unpack.prune(roots=_roots(state), layers=_layers(state), keep=names)
    except OSError as error:
        raise SandboxError(f"Images cannot be removed: {error}") from error
    return tuple(_PREFIX + name for name in gone)


def _roots(state: Path) -> Path:
    return state / "roots"


def _layers(state: Path) -> Path:
    return state / "layers"
