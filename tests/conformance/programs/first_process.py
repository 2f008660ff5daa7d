"""Reaches through the box's first process to the machine's file that it runs, and to its pipes."""

import os
from collections.abc import Callable

from hostile import good, judge, why

good()
EXE = "/proc/1/exe"
ways: dict[str, Callable[[], object]] = {
    "chmod": lambda: os.chmod(EXE, 0o6777),
    "utime": lambda: os.utime(EXE, (1, 1)),
    "truncate": lambda: os.truncate(EXE, 0),
    "write": lambda: os.close(os.open(EXE, os.O_WRONLY)),
    "attribute": lambda: os.setxattr(EXE, "user.x", b"1"),
    "link": lambda: os.link(EXE, "/tmp/exe", follow_symlinks=True),
}
done, answers = [], []
for name, way in ways.items():
    try:
        way()
        done.append(name)
    except OSError as error:
        answers.append(f"{name} {why(error)}")
for number in os.listdir("/proc/1/fd"):
    if int(number) > 2:
        try:
            os.close(os.open(f"/proc/1/fd/{number}", os.O_WRONLY))
            done.append(f"descriptor {number}")
        except OSError as error:
            answers.append(f"{number} {why(error)}")
judge(done, answers)
