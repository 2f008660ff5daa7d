"""Leaves an orphan that rewrites predictions.csv as soon as the main process has ended well."""

import os
import time

from hostile import OUT, PREDICTIONS, good, say

good()
main = os.getpid()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for file in range(3):
            os.close(file)
        end = time.monotonic() + 30
        while time.monotonic() < end and os.path.exists(f"/proc/{main}/exe"):
            pass
        time.sleep(0.3)  # whoever is not dead by now is too late for the collector
        while time.monotonic() < end:
            with open(f"{OUT}/late", "w", encoding="ascii") as late:
                late.write("alive")
            with open(PREDICTIONS, "w", encoding="ascii") as file:
                file.write("id,y\n1,9\n2,9\n")
    os._exit(0)
os.wait()
say("contained", "orphan left behind")
os._exit(0)
