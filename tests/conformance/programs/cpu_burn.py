"""Spins in many processes, to take more than its share of the cores."""

import os
import time

from hostile import good, say

good()
end = time.monotonic() + 4
for _ in range(7):
    if os.fork() == 0:
        break
else:
    os.setpriority(os.PRIO_PROCESS, 0, 0)
while time.monotonic() < end:
    pass
say("contained", "burnt")
