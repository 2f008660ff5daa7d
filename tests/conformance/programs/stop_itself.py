"""Stops itself and everybody else by SIGSTOP: alive, silent, never at an end."""

import os
import signal

from hostile import good, say

good()
say("contained", "stopping")
if os.fork() == 0:
    os.kill(os.getppid(), signal.SIGSTOP)
    os.kill(os.getpid(), signal.SIGSTOP)
os.kill(os.getpid(), signal.SIGSTOP)
os.kill(-1, signal.SIGSTOP)
while True:
    signal.pause()
