"""Swaps predictions.csv between a good file and a link while the collector is at work."""

import os
import time

from hostile import OUT, PREDICTIONS, good, say

good(f"{OUT}/a")
good()
os.symlink("/etc/passwd", f"{OUT}/b")
if os.fork() == 0:
    os.setsid()
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for source in ("a", "b"):
            try:
                os.link(f"{OUT}/{source}", f"{OUT}/t", follow_symlinks=False)
                os.rename(f"{OUT}/t", PREDICTIONS)
            except OSError:
                if os.path.lexists(f"{OUT}/t"):
                    os.unlink(f"{OUT}/t")
    os._exit(0)
time.sleep(0.5)
say("contained", "swapper running")
os._exit(0)
