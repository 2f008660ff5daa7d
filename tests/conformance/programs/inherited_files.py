"""Reads every descriptor it was given, and walks out through folders among them."""

import os

from hostile import good, judge

good()
given = {int(name) for name in os.listdir("/proc/self/fd")} - {0, 1, 2}
leaks = [f"descriptor {number}" for number in given if os.path.exists(f"/proc/self/fd/{number}")]
seen = {}
doors = {f"/proc/{pid}/fd" for pid in os.listdir("/proc") if pid.isdigit()}
for door in sorted(doors | {"/proc/self/fd", "/dev/fd"}):
    try:
        names = os.listdir(door)
    except OSError:
        continue
    for name in names:
        path = f"{door}/{name}"
        try:
            seen[path] = os.readlink(path)
            if os.path.isdir(path):
                if door == "/proc/self/fd" and os.path.realpath(path).startswith("/proc"):
                    continue
                leaks.append(f"{path} is {seen[path]}")
                continue
            file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            try:
                if b"CANARY-" in os.pread(file, 65536, 0):
                    leaks.append(f"{path} is {seen[path]}")
            finally:
                os.close(file)
        except OSError:
            pass
judge(leaks, seen)
