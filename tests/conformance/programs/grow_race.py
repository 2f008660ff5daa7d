"""Goes on writing to predictions.csv from a process that outlives the main one."""

import os
import time

from hostile import PREDICTIONS, good, say

good()
if os.fork() == 0:
    os.setsid()
    with open(PREDICTIONS, "ab", 0) as file:
        while True:
            time.sleep(0.2)
            file.write(b"3,9\n" * 1024)
say("contained", "writer running")
os._exit(0)
