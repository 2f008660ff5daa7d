"""Locks a file of the root that other runs may share, and holds it; seen from there it is a bit."""

import fcntl
import os
import time

from hostile import good, say, why

good()
file = os.open(os.environ.get("LOCKED", "/usr/bin/env"), os.O_RDONLY)
answers = []
for name, lock, kind in (
    ("flock", fcntl.flock, fcntl.LOCK_EX | fcntl.LOCK_NB),
    ("lockf", fcntl.lockf, fcntl.LOCK_SH | fcntl.LOCK_NB),
):
    try:
        lock(file, kind)
        answers.append(f"{name} taken")
    except OSError as error:
        answers.append(f"{name} {why(error)}")
say("contained", answers)
time.sleep(float(os.environ.get("HOLD", "0")))
