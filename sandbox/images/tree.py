"""The file system that the layers of an image make together, as an overlay would show it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from palio.sandbox.images.layer import Entry, Type
from palio.sandbox.spec import ImageRefusedError

_LINKS_MAX = 40  # as Linux


@dataclass(slots=True)
class Node:
    """A file, a link, or (with `children`) a folder.

    Attributes:
        content: For a file: the layer that brought its bytes, and the number of its entry there.

    """

    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    link: str = ""
    size: int = 0
    head: bytes = b""
    content: tuple[str, int] = ("", -1)
    children: "dict[str, Node] | None" = None


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path leads.

    Attributes:
        path: The true one, without links.
        folders: All that were passed on the way, those behind links as well.

    """

    node: Node
    path: tuple[str, ...]
    folders: tuple[Node, ...]


@dataclass(slots=True)
class Tree:
    """A merged file system; layers are added from the lowest to the highest."""

    root: Node = field(default_factory=lambda: Node(children={}))

    def add_layer(self, name: str, entries: Iterable[Entry]) -> None:
        """Lay one layer (its entries as `layer.entries` checked them) over those below."""
        upper = list(entries)
        for entry in upper:
            self._hide(entry)
        for number, entry in enumerate(upper):
            if entry.type is Type.FOLDER:
                folder = self._folder(entry.path)
                folder.mode, folder.uid, folder.gid = entry.mode, entry.uid, entry.gid
            elif entry.type is Type.OPAQUE:
                self._folder(entry.path)
            elif entry.type is Type.WHITEOUT:
                self._folder(entry.path.rpartition("/")[0])
            else:
                self._put(entry, content=(name, number))

    def require_folder(self, path: str) -> None:
        """Make a folder of the root, such as a place to mount at, unless it is there.

        Raises:
            ImageRefusedError: ``image:mount-point``: something else bears the name.

        """
        node = _children(self.root).setdefault(path, Node(children={}))
        if node.children is None:
            raise ImageRefusedError(
                "image:mount-point",
                f"/{path} is no folder in the image.",
                hint=f"Leave /{path} out of the image: something is mounted there.",
            )

    def cover(self, path: str) -> None:
        """Show a folder of the root as empty: something is mounted there; see `require_folder`."""
        self.require_folder(path)
        _children(_children(self.root)[path]).clear()

    def has(self, name: str) -> bool:
        """Tell whether the root holds something of this name."""
        return name in _children(self.root)

    def find(self, path: str, *, start: tuple[str, ...] = ()) -> Found | None:
        """Follow a path, links included, as the kernel does inside this root; None: not there.

        Args:
            path: Absolute, or relative to `start`.
            start: A true path.

        """
        todo = [*reversed(path.split("/"))]
        if not path.startswith("/"):
            todo += reversed(start)
        passed: list[tuple[str, Node]] = [("", self.root)]
        folders, links = [self.root], 0
        while todo:
            part = todo.pop()
            children = passed[-1][1].children
            if children is None:
                return None
            if part == "..":
                passed = passed[:-1] or passed
            elif part not in ("", "."):
                node = children.get(part)
                if node is None or links > _LINKS_MAX:
                    return None
                if node.link:
                    links += 1
                    passed = passed[:1] if node.link.startswith("/") else passed
                    todo += reversed(node.link.split("/"))
                    continue
                passed.append((part, node))
                folders += [node] * (node.children is not None)
        return Found(passed[-1][1], tuple(part for part, _ in passed[1:]), tuple(folders))

    def leads_nowhere(self, path: str) -> bool:
        """Tell whether there is something of this name, and nothing that it leads to."""
        folder, _, name = path.rpartition("/")
        above = self.find(folder)
        is_there = above is not None and name in (above.node.children or {})
        return is_there and self.find(path) is None

    def _hide(self, entry: Entry) -> None:
        """Take away what an entry hides in the layers below."""
        if entry.type is Type.OPAQUE:
            node = self._look(entry.path)
            if node is not None and node.children:
                node.children.clear()
        elif entry.type is Type.WHITEOUT:
            folder, _, name = entry.path.rpartition("/")
            node = self._look(folder)
            if node is not None and node.children:
                node.children.pop(name, None)

    def _look(self, path: str) -> Node | None:
        """Return what is at a path, no links followed."""
        node: Node | None = self.root
        for part in path.split("/") if path else ():
            node = node.children.get(part) if node is not None and node.children else None
        return node

    def _folder(self, path: str) -> Node:
        """Return the folder at a path; what lies in its way gives way, a link as well."""
        node = self.root
        for part in path.split("/") if path else ():
            children = _children(node)
            if part not in children or children[part].children is None:
                children[part] = Node(children={})
            node = children[part]
        return node

    def _put(self, entry: Entry, *, content: tuple[str, int]) -> None:
        folder, _, name = entry.path.rpartition("/")
        children = _children(self._folder(folder))
        if entry.type is Type.HARD_LINK:
            target = self._look(entry.link)
            if target is None:
                raise ImageRefusedError("image:hard-link", f"{entry.path!a} leads to no file.")
            children[name] = target
        else:
            children[name] = Node(
                mode=entry.mode,
                uid=entry.uid,
                gid=entry.gid,
                link=entry.link,
                size=entry.size,
                head=entry.head,
                content=content,
            )


def _children(node: Node) -> dict[str, Node]:
    if node.children is None:
        raise TypeError("not a folder")
    return node.children
