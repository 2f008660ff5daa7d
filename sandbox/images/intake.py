"""The door for images: an archive nobody trusts comes in, and a checked one of ours goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from palio.sandbox.images import pieces
from palio.sandbox.images.archive import WHAT, check_count, scan
from palio.sandbox.images.config import native_architecture, read_config
from palio.sandbox.images.layer import Budget
from palio.sandbox.images.manifest import Image, check_diff_ids, find_image
from palio.sandbox.images.program import check_start
from palio.sandbox.images.tree import Tree
from palio.sandbox.images.write import ArchiveWriter, Start, config_of

ARCHIVE = "image.tar"


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """What one image may be.

    Attributes:
        bytes: Of all unpacked layers together.
        entries: Files, folders and links of all layers together.
        layers: As many as the image is made of, one that is there twice counted twice.

    """

    bytes: int = 10 * 2**30
    entries: int = 200_000
    layers: int = 64


@dataclass(frozen=True, slots=True)
class AcceptedImage:
    """An image that may be run, and all that is known of it from now on.

    Attributes:
        image_id: ``sha256:<hex>`` of the config that was written, as Docker's own store names it.
        argv: What to start, ENTRYPOINT and CMD together.
        env: As the image sets it.
        workdir: Absolute; `/tmp` when the image names none.
        user: As the image names it; programs run as nobody all the same.
        uncompressed_bytes: Of its layers, each counted once.
        layers: Their diff ids, lowest first.
        archive: The docker-archive that was written: no tags, no gzip, layers named by their
            digests, and a config with nothing but what is here, so that no engine reads another.

    """

    image_id: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    workdir: str
    user: str
    uncompressed_bytes: int
    layers: tuple[str, ...]
    archive: Path


def take_in(
    archive: Path, *, into: Path, limits: IntakeLimits, architecture: str = ""
) -> AcceptedImage:
    """Check an image and write it anew, in one pass over the file and without an engine.

    Args:
        archive: What `docker save` or an OCI tool wrote, plain or gzip.
        into: A folder of the caller's that gets the file ``image.tar``; nothing when this raises.
        limits: See `IntakeLimits`.
        architecture: What programs must be for, such as ``amd64``; empty: this machine's.

    Raises:
        ImageRefusedError: ``image:*``, see `docs/compete/errors.md`.
        OSError: The disk is full, or a file cannot be read.

    """
    target = into / ARCHIVE
    try:
        return _take_in(archive, target, limits, architecture or native_architecture())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _take_in(archive: Path, target: Path, limits: IntakeLimits, architecture: str) -> AcceptedImage:
    budget = Budget(bytes_max=limits.bytes, entries_max=limits.entries)
    with pieces.opened(archive, what=WHAT) as content, target.open("xb") as file:
        writer = ArchiveWriter(file)
        contents = scan(
            content, writer, budget=budget, bytes_max=limits.bytes, layers_max=limits.layers
        )
        image = find_image(contents)
        check_count(len(image.layers), limits.layers)
        config = read_config(image.config, architecture=architecture)
        check_diff_ids(image, config.diff_ids)
        check_start(_tree(image), config, architecture=architecture)
        start = Start(argv=config.argv, env=config.env, workdir=config.workdir)
        written = config_of(start, config.diff_ids, architecture=architecture)
        image_id = writer.close(written, config.diff_ids)
    return AcceptedImage(
        image_id=image_id,
        argv=config.argv,
        env=config.env,
        workdir=config.workdir,
        user=config.user,
        uncompressed_bytes=sum({layer.diff_id: layer.bytes for layer in image.layers}.values()),
        layers=config.diff_ids,
        archive=target,
    )


def _tree(image: Image) -> Tree:
    tree = Tree()
    for layer in image.layers:
        tree.add_layer(layer.diff_id, layer.entries)
    return tree
