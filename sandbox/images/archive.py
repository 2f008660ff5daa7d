"""Archives as `docker save` and OCI tools write them, read in one pass with nothing unpacked."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

from palio.sandbox.images import pieces
from palio.sandbox.images.layer import Budget, Entry, clean_path, entries
from palio.sandbox.images.pieces import Hashed, Piece
from palio.sandbox.images.tar import Kind, Member, TarReader
from palio.sandbox.spec import ImageRefusedError

MEMBERS_MAX = 4096  # layers, JSON, folders; a layer has at most four in any form
SMALL_BYTES_MAX = 2**20
_SMALL_SUM_MAX = 16 * 2**20
_OVERHEAD_BYTES = 64 * 2**20  # JSON, attestations, what gzip adds to what it cannot pack
_HEAD_BYTES = 512
_MAGIC_AT = slice(257, 262)
_LINKS_MAX = 8
# Engines go by the first bytes of a layer: gzip, bzip2, xz, and frames that zstd passes over.
_TAKEN_FOR_PACKED = re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ|[\x50-\x5f]\x2a\x4d\x18")
WHAT = "The archive"


class LayerSink(Protocol):
    """Takes the unpacked layers, one at a time."""

    def start(self) -> BinaryIO:
        """Begin a layer; what is written into the file is its tar."""
        ...

    def finish(self, diff_id: str) -> None:
        """End the layer begun last, whose name is known only now."""
        ...


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer that was read and checked.

    Attributes:
        diff_id: Digest of the unpacked tar, which has so many `bytes`.
        blob_digest, blob_bytes: Of the file as it is in the archive.

    """

    diff_id: str
    bytes: int
    blob_digest: str
    blob_bytes: int
    entries: tuple[Entry, ...]


@dataclass(slots=True)
class Contents:
    """What an archive holds, by name.

    Attributes:
        small: Files that are no layers, as far as they are small enough for JSON.
        links: Links, to the names they lead to.

    """

    small: dict[str, bytes] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def name_of(self, name: str) -> str:
        """Follow links inside the archive to the name of a file.

        Raises:
            ImageRefusedError: ``image:missing``: the archive has no such file.

        """
        here = clean_path(name)
        for _ in range(_LINKS_MAX):
            if here in self.small or here in self.layers:
                return here
            if here not in self.links:
                break
            here = self.links[here]
        raise ImageRefusedError("image:missing", f"The archive lacks the file {name[:200]!a}.")


def scan(
    archive: Iterator[Piece], sink: LayerSink, *, budget: Budget, bytes_max: int, layers_max: int
) -> Contents:
    """Read an archive to its end: check every layer in it and hand it on unpacked.

    Args:
        archive: The tar, already unzipped (`pieces.opened`).
        sink: Gets the layers.
        budget: Of all layers together.
        bytes_max: Of all layers together; the archive itself may be a little longer.
        layers_max: Different layers.

    Raises:
        ImageRefusedError: See the modules `tar`, `layer` and `pieces`; here ``image:duplicate``,
            ``image:layers``, ``image:zstd``, ``image:outside-link``, ``image:too-many-files``.

    """
    reader = TarReader(_capped(archive, bytes_max + _OVERHEAD_BYTES), what=WHAT)
    contents = Contents()
    seen: set[str] = set()
    for count, member in enumerate(reader.members(), start=1):
        name = clean_path(member.name)
        if count > MEMBERS_MAX:
            raise ImageRefusedError(
                "image:too-many-files", f"The archive has more than {MEMBERS_MAX:,} members."
            )
        if member.kind is Kind.FOLDER:
            continue
        if name in seen:
            raise ImageRefusedError("image:duplicate", f"{name!a} is in the archive twice.")
        seen.add(name)
        if member.kind is Kind.FILE:
            _read_file(reader, member, name, contents, sink, budget)
            check_count(len({each.diff_id for each in contents.layers.values()}), layers_max)
        else:
            contents.links[name] = _target(member, name)
    return contents


def _read_file(
    reader: TarReader,
    member: Member,
    name: str,
    contents: Contents,
    sink: LayerSink,
    budget: Budget,
) -> None:
    head, content = pieces.peeked(reader.data(), _HEAD_BYTES)
    pieces.refuse_zstd(head, what=f"The file {name[:200]!a} in the archive")
    is_tar = head[_MAGIC_AT] == b"ustar" or head == bytes(_HEAD_BYTES)
    if is_tar and _TAKEN_FOR_PACKED.match(head):
        raise ImageRefusedError(
            "image:tar",
            f"The first name in the layer {name[:200]!a} looks like the start of packed data.",
            hint="Give the file another name.",
        )
    if is_tar or head.startswith(pieces.GZIP):
        contents.layers[name] = _read_layer(content, name, sink, budget, is_packed=not is_tar)
    elif member.size <= SMALL_BYTES_MAX:
        contents.small[name] = b"".join(content)
        if sum(map(len, contents.small.values())) > _SMALL_SUM_MAX:
            raise ImageRefusedError("image:json", "The archive holds too much that is no layer.")


def _read_layer(
    content: Iterator[Piece], name: str, sink: LayerSink, budget: Budget, *, is_packed: bool
) -> Layer:
    what = f"The layer {name[:200]!a}"
    blob = Hashed(content) if is_packed else None
    unpacked = Hashed(
        pieces.unzipped(blob, what=what) if blob is not None else content, sink.start()
    )
    found = tuple(entries(TarReader(_counted(unpacked, budget), what=what), budget))
    diff_id = unpacked.digest()
    sink.finish(diff_id)
    raw = blob if blob is not None else unpacked
    return Layer(diff_id, unpacked.bytes, raw.digest(), raw.bytes, found)


def _counted(content: Hashed, budget: Budget) -> Iterator[Piece]:
    for piece in content:
        budget.take_bytes(len(piece))
        yield piece


def _capped(content: Iterator[Piece], bytes_max: int) -> Iterator[Piece]:
    left = bytes_max
    for piece in content:
        left -= len(piece)
        if left < 0:
            raise ImageRefusedError(
                "image:too-big", f"The archive unpacks to more than {bytes_max:,} bytes."
            )
        yield piece


def check_count(layers: int, layers_max: int) -> None:
    """Refuse more layers than an engine would stack; raises ``image:layers``."""
    if layers > layers_max:
        raise ImageRefusedError(
            "image:layers",
            f"The image has more than {layers_max} layers.",
            hint="Join RUN and COPY lines, or build with: docker build --squash",
        )


def _target(member: Member, name: str) -> str:
    """Return the name in the archive that a link leads to; older engines write such links."""
    folder = posixpath.dirname(name) if member.kind is Kind.LINK else ""
    path = posixpath.normpath(posixpath.join(folder, member.link))
    if not member.link or path.startswith(("/", "..")) or "\0" in path:
        raise ImageRefusedError(
            "image:outside-link",
            f"The link {name[:200]!a} leads out of the archive.",
            hint="Make it with docker save IMAGE; docker export writes no image.",
        )
    return path
