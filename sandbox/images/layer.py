"""What one layer may hold, whoever reads it afterwards: an engine, or our own unpacking."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from palio.sandbox.images.tar import Kind, Member, TarReader
from palio.sandbox.spec import ImageRefusedError

PATH_BYTES_MAX = 1024
DEPTH_MAX = 128
NAME_BYTES_MAX = 255
LINK_BYTES_MAX = 4095
NAMES_MAX = 2**26  # characters of all names and links of an image: they are held in memory
HEAD_BYTES = 256  # of a program: enough for its kind, or its `#!` line as long as Linux reads it
ATTRIBUTES_MAX = 2048  # bytes of all of one file: what every file system takes
_ATTRIBUTE_BYTES = 32  # that one costs beside its name and value
# Versions 2 and 3 of struct vfs_cap_data in linux/capability.h; the kernel takes no others.
_CAPABILITIES = re.compile(rb"[\x00\x01]\x00\x00(\x02.{16}|\x03.{16}(?!\xff{4}).{4})", re.DOTALL)
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_X = 0o111


class Type(Enum):
    """What an entry means for the merged file system."""

    FILE = auto()
    FOLDER = auto()
    LINK = auto()
    HARD_LINK = auto()
    WHITEOUT = auto()  # `path` of the layers below is gone
    OPAQUE = auto()  # all that the layers below have in the folder `path` is gone


@dataclass(frozen=True, slots=True)
class Entry:
    """One checked entry of a layer.

    Attributes:
        path: Relative to the root, no ``.``, ``..``, empty or doubled parts; empty: the root.
        mode: Permission bits, with set-id and sticky bits.
        link: Of a link as written, of a hard link the path of an earlier entry.
        size: Of a file, in bytes.
        head: First bytes of a file that may be executed.

    """

    path: str
    type: Type
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    link: str = ""
    size: int = 0
    head: bytes = b""


class Budget:
    """How much all layers of one image may hold together.

    Args:
        bytes_max: Of the unpacked layers, headers included.
        entries_max: Files, folders, links, and folders that are only named in a path.

    """

    def __init__(self, *, bytes_max: int, entries_max: int) -> None:
        self._bytes_max, self._entries_max = bytes_max, entries_max
        self._bytes = self._entries = self._names = 0

    def take_bytes(self, count: int) -> None:
        """Count bytes; raises ``image:too-big``."""
        self._bytes += count
        if self._bytes > self._bytes_max:
            raise ImageRefusedError(
                "image:too-big",
                f"The image unpacks to more than the limit of {self._bytes_max:,} bytes.",
                hint="Leave out build tools, caches and data.",
            )

    def take_entry(self) -> None:
        """Count an entry; raises ``image:too-many-files``."""
        self._entries += 1
        if self._entries > self._entries_max:
            raise ImageRefusedError(
                "image:too-many-files",
                f"The image holds more than {self._entries_max:,} files and folders.",
                hint="Leave out build tools, caches and data.",
            )

    def take_names(self, *names: str) -> None:
        """Count the characters of names; raises ``image:name``."""
        self._names += sum(map(len, names))
        if self._names > NAMES_MAX:
            raise ImageRefusedError(
                "image:name",
                f"The names and links in the image have more than {NAMES_MAX:,} characters.",
                hint="Leave out build tools, caches and data.",
            )


def entries(reader: TarReader, budget: Budget) -> Iterator[Entry]:
    """Give the checked entries of a layer; `reader.data()` is then the content of a file.

    What is refused: names that lead out of the root or through a link, two things of one name,
    hard links to anything but an earlier file of the layer, whiteouts that are no plain empty
    files or that hide what the same layer adds, attributes that change how layers are merged.
    So that the order in which a layer is read makes no difference, nor who reads it.

    Raises:
        ImageRefusedError: ``image:name``, ``image:duplicate``, ``image:through-link``,
            ``image:hard-link``, ``image:whiteout``, ``image:attribute``, what `Budget` and
            `TarReader` raise.

    """
    layer = _Layer(budget)
    for member in reader.members():
        entry = layer.entry(member)
        if entry.type is Type.FILE and entry.mode & _X:
            yield replace(entry, head=reader.read(HEAD_BYTES))
        else:
            yield entry


def clean_path(name: str) -> str:
    """Return a name without a leading ``./`` and the slash at the end of a folder's name.

    Raises:
        ImageRefusedError: ``image:name``: it leads elsewhere, or is too long.

    """
    path = name.removeprefix("./").removesuffix("/")
    if path in ("", ".") and name in (".", "./"):
        return ""
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ImageRefusedError("image:name", f"A name in it is not safe: {name[:200]!a}.")
    raw = path.encode("utf-8", "surrogateescape")
    is_long = len(raw) > PATH_BYTES_MAX or len(parts) > DEPTH_MAX
    if is_long or any(len(part) > NAME_BYTES_MAX for part in raw.split(b"/")):
        raise ImageRefusedError(
            "image:name",
            f"A name in it is too long: {name[:200]!a}…",
            hint=f"At most {PATH_BYTES_MAX} bytes in {DEPTH_MAX} folders.",
        )
    return path


class _Layer:
    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._types: dict[str, Type] = {"": Type.FOLDER}
        self._hidden: set[str] = set()

    def entry(self, member: Member) -> Entry:
        path = clean_path(member.name)
        _check_attributes(member)
        self._budget.take_entry()
        self._budget.take_names(path, member.link)
        folder, _, name = path.rpartition("/")
        self._add_folders(folder, of=path)
        if name.startswith(_WHITEOUT):
            return self._whiteout(member, folder, name)
        if member.kind is Kind.FOLDER:
            self._add_folder(path)
            return Entry(path, Type.FOLDER, member.mode, member.uid, member.gid)
        if path in self._types:
            raise ImageRefusedError("image:duplicate", f"{path!a} is twice in one layer.")
        self._check_not_hidden(path)
        link = self._link(member, path)
        type_ = {Kind.LINK: Type.LINK, Kind.HARD_LINK: Type.HARD_LINK}.get(member.kind, Type.FILE)
        self._types[path] = type_
        return Entry(path, type_, member.mode, member.uid, member.gid, link, member.size)

    def _add_folders(self, path: str, *, of: str) -> None:
        """Add a folder and those above it that only the path of an entry names."""
        if self._types.get(path) is Type.FOLDER:
            return
        if path in self._types:
            raise ImageRefusedError(
                "image:through-link", f"{of!a} leads through something that is no folder."
            )
        self._add_folders(path.rpartition("/")[0], of=of)
        self._budget.take_entry()
        self._add_folder(path)

    def _add_folder(self, path: str) -> None:
        if self._types.setdefault(path, Type.FOLDER) is not Type.FOLDER:
            raise ImageRefusedError("image:duplicate", f"{path!a} is twice in one layer.")
        self._check_not_hidden(path)
        if path.rpartition("/")[2].startswith(_WHITEOUT):
            raise _bad_whiteout(path)

    def _check_not_hidden(self, path: str) -> None:
        if path in self._hidden:
            raise ImageRefusedError(
                "image:whiteout", f"{path!a} is both added and removed in one layer."
            )

    def _whiteout(self, member: Member, folder: str, name: str) -> Entry:
        marked = f"{folder}/{name}".removeprefix("/")
        hidden = name.removeprefix(_WHITEOUT)
        is_opaque = name == _OPAQUE
        is_odd = hidden in ("", ".", "..") or hidden.startswith(_WHITEOUT)
        if (is_odd and not is_opaque) or member.kind is not Kind.FILE or member.size:
            raise _bad_whiteout(marked)
        if marked in self._types:
            raise ImageRefusedError("image:duplicate", f"{marked!a} is twice in one layer.")
        self._types[marked] = Type.OPAQUE if is_opaque else Type.WHITEOUT
        if is_opaque:
            return Entry(folder, Type.OPAQUE)
        path = f"{folder}/{hidden}".removeprefix("/")
        self._hidden.add(path)
        if path in self._types:
            self._check_not_hidden(path)
        return Entry(path, Type.WHITEOUT)

    def _link(self, member: Member, path: str) -> str:
        if member.kind is Kind.LINK:
            is_long = len(member.link.encode("utf-8", "surrogateescape")) > LINK_BYTES_MAX
            if not member.link or is_long:
                raise ImageRefusedError("image:name", f"The link {path!a} leads nowhere.")
            return member.link
        if member.kind is not Kind.HARD_LINK:
            return ""
        target = clean_path(member.link)
        if self._types.get(target) not in (Type.FILE, Type.HARD_LINK, Type.LINK):
            raise ImageRefusedError(
                "image:hard-link", f"The hard link {path!a} leads to no earlier file of its layer."
            )
        return target


def _check_attributes(member: Member) -> None:
    """Refuse attributes that change how layers are merged, or that no file system takes."""
    left = ATTRIBUTES_MAX
    for name, value in member.attributes.items():
        left -= len(name.encode("utf-8", "surrogateescape")) + len(value) + _ATTRIBUTE_BYTES
        if not _is_usual(name, value) or left < 0:
            raise ImageRefusedError(
                "image:attribute",
                f"{member.name[:200]!a} has a rare or long attribute, {name[:80]!a}.",
                hint="Leave attributes out: tar --no-xattrs",
            )


def _is_usual(name: str, value: bytes) -> bool:
    if name == "security.capability":
        return bool(_CAPABILITIES.fullmatch(value))
    is_named = name.startswith("user.") and len("user.") < len(name) <= NAME_BYTES_MAX
    return is_named and "overlay" not in name


def _bad_whiteout(path: str) -> ImageRefusedError:
    return ImageRefusedError(
        "image:whiteout",
        f"{path[:200]!a} is not a mark of something removed that can be followed.",
        hint=f"Names of files must not start with {_WHITEOUT}",
    )
