"""Reads environ, cmdline, maps and mounts of every process in sight for a worker's secrets."""

import os

from hostile import good, judge

good()
leaks = []
seen = sorted((name for name in os.listdir("/proc") if name.isdigit()), key=int)
for pid in seen:
    for name in ("environ", "cmdline", "maps", "mountinfo", "comm", "cgroup"):
        try:
            text = open(f"/proc/{pid}/{name}", "rb").read(1 << 20)
        except OSError:
            continue
        if b"CANARY-" in text:
            leaks.append(f"/proc/{pid}/{name}")
if len(seen) > 16:
    leaks.append(f"{len(seen)} processes in sight")
judge(leaks, seen)
