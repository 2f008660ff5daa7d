"""Changes the root, the inputs and the program itself."""

import os
import sys

from hostile import IN, good, judge, why

good()
changed = []
answers = set()
for path in (
    "/etc/passwd",
    sys.executable,
    os.__file__,
    f"{IN}/features.csv",
    f"{IN}/new",
    __file__,
    "/app/new",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/ld.so.preload",
    "/new",
    "/usr/new",
    "/run/new",
    "/var/new",
    "/root/new",
    "/home/new",
):
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT))
        changed.append(path)
    except OSError as error:
        answers.add(why(error))
for change in (
    lambda: os.rename(f"{IN}/features.csv", f"{IN}/x"),
    lambda: os.unlink(f"{IN}/features.csv"),
    lambda: os.chmod(f"{IN}/features.csv", 0o777),
    lambda: os.utime(f"{IN}/features.csv"),
    lambda: os.truncate(f"{IN}/features.csv", 0),
    lambda: os.chmod("/output", 0o6777) or os.link(f"{IN}/features.csv", "/output/hard"),
):
    try:
        change()
        changed.append("a rename, removal, mode, time, length or link")
    except OSError as error:
        answers.add(why(error))
judge(changed, sorted(answers))
