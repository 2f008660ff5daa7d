"""Makes device nodes in every writable place and opens them."""

import os
import stat

from hostile import OUT, TMP, good, judge, why

good()
opened = []
answers = set()
nodes = {"blk": (stat.S_IFBLK, 254, 0), "kmsg": (stat.S_IFCHR, 1, 11), "mem": (stat.S_IFCHR, 1, 1)}
for folder in (TMP, OUT, "/dev"):
    for name, (kind, major, minor) in nodes.items():
        path = f"{folder}/h_{name}"
        try:
            os.mknod(path, kind | 0o666, os.makedev(major, minor))
            os.close(os.open(path, os.O_RDONLY))
            opened.append(path)
        except OSError as error:
            answers.add(f"{name} {why(error)}")
harmless = {
    "console",
    "core",
    "fd",
    "full",
    "fuse",
    "mqueue",
    "null",
    "ptmx",
    "pts",
    "random",
    "shm",
}
harmless |= {"stderr", "stdin", "stdout", "tty", "urandom", "zero"}
opened += sorted(set(os.listdir("/dev")) - harmless)
judge(opened, sorted(answers))
