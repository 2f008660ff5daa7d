"""Ends at once and leaves a child that keeps standard output open."""

import os
import time

from hostile import good, say

good()
if os.fork() == 0:
    os.setsid()
    time.sleep(60)
    os._exit(0)
say("contained", "child keeps the pipe")
os._exit(0)
