"""Whether the program that an image names can start here: looked up and read, never run."""

from palio.sandbox.images.config import ImageConfig
from palio.sandbox.images.tree import Found, Node, Tree
from palio.sandbox.spec import NOBODY, ImageRefusedError

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MACHINES = {"amd64": 62, "arm64": 183}  # e_machine of ELF
_ELF, _CLASS_64, _LITTLE = b"\x7fELF", 2, 1
_ELF_START = 20  # bytes up to e_machine and with it
_INTERPRETERS_MAX = 4  # a script for a script for a …: as Linux
_USERS = ("/etc/passwd", "/etc/group")
_USERS_BYTES_MAX = 2**20
_FOLDERS_MAX = 64  # of PATH: each look-up may follow many links
_READ, _RUN = 4, 1
MOUNT_POINTS = ("input", "output", "tmp", "proc", "dev", "sys")
_MOUNTED = frozenset((name,) for name in MOUNT_POINTS)
_KERNELS = frozenset({("proc",), ("dev",), ("sys",)})


def check_start(tree: Tree, config: ImageConfig, *, architecture: str) -> None:
    """Check that an image's program is there, for this machine, and may be run by nobody.

    Args:
        tree: Of the image; what it has where something is mounted is taken away from it.
        config: Of the image.
        architecture: Such as ``amd64``.

    Raises:
        ImageRefusedError: ``image:mount-point``, ``image:users``, ``image:workdir``,
            ``image:program``, ``image:root-only``, ``image:architecture``.

    """
    for name in MOUNT_POINTS:
        tree.cover(name)
    _check_users(tree)
    workdir = _workdir(tree, config.workdir)
    program = _lookup(tree, config, workdir)
    for _ in range(_INTERPRETERS_MAX):
        _check_may_run(program)
        head = program.node.head
        if not head.startswith(b"#!"):
            _check_elf(program, architecture)
            return
        _check_may_read(program)
        words = head[2:].partition(b"\n")[0].split()
        name = words[0].decode("utf-8", "surrogateescape") if words else ""
        program = _at(tree, name, workdir) or _refuse_missing(name)
    raise ImageRefusedError(
        "image:program", "The program is a script for a script for a script, too often."
    )


def _check_users(tree: Tree) -> None:
    """Check the files that an engine reads as root, in the box, before it starts the program.

    By a link into /proc it would wait there for ever, for what is the machine's; and a list
    without end would be read to its end, into the engine's memory.
    """
    for path in ("/etc", *_USERS):
        found = tree.find(path)
        if found is None:
            is_sound = not tree.leads_nowhere(path)
        else:
            is_folder = found.node.children is not None
            is_mounted = found.path[:1] in _MOUNTED
            is_sound = is_folder == (path == "/etc") and not is_mounted
            is_sound = is_sound and found.node.size <= _USERS_BYTES_MAX
        if not is_sound:
            kind = "folder" if path == "/etc" else f"file of at most {_USERS_BYTES_MAX:,} bytes"
            raise ImageRefusedError(
                "image:users",
                f"{path} is no {kind} inside the image.",
                hint="Leave it as it is in the image you build on.",
            )


def _workdir(tree: Tree, path: str) -> tuple[str, ...]:
    found = tree.find(path)
    if found is None or found.node.children is None:
        raise ImageRefusedError(
            "image:workdir",
            f"WORKDIR {path!a} is no folder of the image.",
            hint="Make it in the Dockerfile, or take WORKDIR out.",
        )
    if found.path[:1] in _KERNELS:
        raise ImageRefusedError(
            "image:workdir", f"WORKDIR {path!a} is mounted over when the program runs."
        )
    _check_passable(found, what=f"WORKDIR {path!a}")
    return found.path


def _lookup(tree: Tree, config: ImageConfig, workdir: tuple[str, ...]) -> Found:
    name = config.argv[0]
    if "/" in name:
        return _at(tree, name, workdir) or _refuse_missing(name)
    folders = (config.env.get("PATH") or DEFAULT_PATH).split(":")[:_FOLDERS_MAX]
    for folder in folders:
        found = _at(tree, f"{folder}/{name}" if folder else name, workdir)
        if found is not None and found.node.mode & 0o111:
            return found
    return _refuse_missing(name)


def _at(tree: Tree, path: str, workdir: tuple[str, ...]) -> Found | None:
    found = tree.find(path, start=workdir)
    return None if found is None or found.node.children is not None else found


def _refuse_missing(name: str) -> Found:
    raise ImageRefusedError(
        "image:program",
        f"The program to run, {name[:200]!a}, is not in the image.",
        hint="What lies in /input, /output and /tmp is not there when the program runs.",
    )


def _check_may_run(program: Found) -> None:
    _check_passable(program, what=f"The program {_name(program)}")
    if not _may(program.node, _RUN):
        raise _root_only(program)


def _check_may_read(program: Found) -> None:
    if not _may(program.node, _READ):
        raise _root_only(program)


def _check_passable(found: Found, *, what: str) -> None:
    if not all(_may(folder, _RUN) for folder in found.folders):
        raise ImageRefusedError(
            "image:root-only",
            f"{what} lies in a folder that only root may enter.",
            hint="Programs run as nobody (65534): chmod a+rx the folder, and stay out of /root.",
        )


def _root_only(program: Found) -> ImageRefusedError:
    return ImageRefusedError(
        "image:root-only",
        f"The program {_name(program)} may not be read and run by everybody.",
        hint="Programs run as nobody (65534): chmod a+rx the file.",
    )


def _name(found: Found) -> str:
    return ascii("/" + "/".join(found.path))


def _may(node: Node, right: int) -> bool:
    """Apply the permission bits to nobody: the first class that fits decides, as in Linux."""
    shift = 6 if node.uid == NOBODY else 3 if node.gid == NOBODY else 0
    return bool(node.mode >> shift & right)


def _check_elf(program: Found, architecture: str) -> None:
    head, name = program.node.head, _name(program)
    if not head.startswith(_ELF) or len(head) < _ELF_START:
        raise ImageRefusedError(
            "image:program",
            f"{name} is neither a Linux program nor a script with a #! line.",
            hint='Name its interpreter, such as CMD ["python", "main.py"].',
        )
    if head[4] != _CLASS_64:
        raise ImageRefusedError(
            "image:architecture", f"{name} is a 32-bit program; only 64-bit ones run here."
        )
    if head[5] != _LITTLE or int.from_bytes(head[18:20], "little") != _MACHINES.get(architecture):
        raise ImageRefusedError(
            "image:architecture",
            f"{name} is a program for another machine; this one is {architecture}.",
            hint=f"Build it with: docker build --platform linux/{architecture}",
        )
