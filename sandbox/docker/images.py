"""What an engine has to have before a run: roots and images of ours, and nobody else's touched."""

import fcntl
import json
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from palio.sandbox.docker import hold
from palio.sandbox.docker.calls import Calls
from palio.sandbox.spec import ImageRoot, RuntimeRoot, SandboxError


@dataclass(slots=True)
class Record:
    """What we put into an engine: kept in our state, as nothing of an image can be believed.

    Attributes:
        images: Ids that `add` loaded.
        roots: Image id of each runtime's digest, latest last.

    """

    images: list[str] = field(default_factory=list)
    roots: dict[str, str] = field(default_factory=dict)


class Images:
    """Roots and images in one engine.

    Args:
        calls: The engine.
        state: A folder of ours; holds the record, under a lock of all processes.

    """

    def __init__(self, calls: Calls, state: Path) -> None:
        self._calls, self._path = calls, state / "images.json"

    def id_of(self, root: ImageRoot | RuntimeRoot) -> str:
        """Give the id to start; a runtime is imported when the engine does not have it.

        Raises:
            SandboxError: The image was never added, or the engine refused.

        """
        if isinstance(root, RuntimeRoot):
            return self._runtime(root)
        if not self._calls.find_image(root.image_id):
            raise SandboxError(f"the engine does not have the image {root.image_id}")
        return root.image_id

    def hold(self) -> str:
        """Give the id of our image of `hold`: the same for everybody, and so never removed."""
        image, archive = hold.archive()
        if not self._calls.find_image(image):
            self._calls.load(archive)
        return image

    def _runtime(self, root: RuntimeRoot) -> str:
        digest = digest_of(root)
        image = self._read().roots.get(digest, "")
        if image and self._calls.find_image(image):
            return image
        with self._changing() as record:
            image = record.roots.pop(digest, "")
            if not image or not self._calls.find_image(image):  # nobody else was first
                with tar_of(root.folder) as tar:
                    image = self._calls.import_root(tar)
            record.roots[digest] = image
        return image

    def add(self, archive: Path, *, image_id: str) -> None:
        """Load an accepted image unless it is there; see `Sandbox.add_image`."""
        if self._calls.find_image(image_id):
            return
        with self._changing() as record, archive.open("rb") as file:
            if image_id not in record.images:
                record.images.append(image_id)
                self._write(record)  # first, or who dies here leaves an image that nobody knows
            answer = self._calls.load(file)
            if not self._calls.find_image(image_id):
                raise SandboxError(f"the engine took another image than {image_id}: {answer}")

    def prune(self, *, keep: frozenset[str]) -> tuple[str, ...]:
        """Remove images of ours that are not in `keep`; return their ids.

        Of the runtimes all go but the one imported last: one that is used again is imported
        again. What a container still stands on stays until the next time.
        """
        with self._changing() as record:
            gone = [image for image in record.images if image not in keep and self._removed(image)]
            record.images = [image for image in record.images if image not in gone]
            for digest in [*record.roots][:-1]:
                if self._removed(record.roots[digest]):
                    del record.roots[digest]
        return tuple(gone)

    def _removed(self, image: str) -> bool:
        # A tag is somebody else's, for images of ours have none: then it is no longer our affair.
        return self._calls.has_tag(image) or self._calls.remove_image(image)

    def _read(self) -> Record:
        if not self._path.exists():
            return Record()
        return Record(**json.loads(self._path.read_text(encoding="utf-8")))

    def _write(self, record: Record) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(record)), encoding="utf-8")
        fresh.replace(self._path)

    @contextmanager
    def _changing(self) -> Iterator[Record]:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            record = self._read()
            yield record
            self._write(record)


def digest_of(root: RuntimeRoot) -> str:
    """Give the digest by which a runtime's builder named it.

    Raises:
        SandboxError: The folder is no runtime.

    """
    try:
        described = json.loads((root.folder / "runtime.json").read_text(encoding="utf-8"))
        return str(described["digest"])
    except (OSError, ValueError, KeyError) as error:
        raise SandboxError(f"{root.folder} holds no runtime") from error


@contextmanager
def tar_of(folder: Path) -> Iterator[IO[bytes]]:
    """Write a folder as a tar owned by root, for an engine to take in."""
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as tar:
            tar.add(folder, arcname=".", filter=_of_root)
        file.seek(0)
        yield file


def _of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
