"""Leaves the root the old way: chroot, then up and up."""

import os

from hostile import TMP, good, judge, why

good()
out = []
try:
    os.mkdir(f"{TMP}/jail")
    door = os.open("/", os.O_RDONLY)
    os.chroot(f"{TMP}/jail")
    os.fchdir(door)
    for _ in range(64):
        os.chdir("..")
    os.chroot(".")
    if os.path.exists(os.environ["LABELS_ON_HOST"]):
        out.append("labels in sight")
    judge(out, "chroot allowed")
except OSError as error:
    judge(out, why(error))
