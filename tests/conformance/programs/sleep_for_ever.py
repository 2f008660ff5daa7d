"""Writes good predictions and then never ends, with a child that does not end either."""

import os
import signal

from hostile import good, say

good()
say("contained", "sleeping")
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.fork()
while True:
    signal.pause()
