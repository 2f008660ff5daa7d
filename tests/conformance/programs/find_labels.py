"""Walks everything in sight, and /proc's side doors, for the hidden labels."""

import os
import time

from hostile import good, judge

good()
leaks = []
count = 0
end = time.monotonic() + 8
doors = ["/", "/proc/1/root", "/proc/1/cwd", "/proc/self/root/..", "/input/..", "/app/.."]
for door in doors:
    for folder, folders, files in os.walk(door):
        if time.monotonic() > end:
            break
        if folder.startswith(("/sys", "/proc")) and door == "/":
            folders[:] = []
            continue
        for name in files:
            count += 1
            if any(word in name for word in ("label", "holdout", "secret", "solution", "answers")):
                try:
                    with open(f"{folder}/{name}", "rb") as file:
                        if b"CANARY-" + b"LABELS" in file.read(65536):
                            leaks.append(f"{folder}/{name}")
                except OSError:
                    pass
judge(leaks, f"{count} files walked")
