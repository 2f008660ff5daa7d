"""Crashes with memory worth dumping, to leave core files behind."""

import os
import signal
import time

from hostile import MIB, OUT, TMP, good, judge

good()
for number in (signal.SIGSEGV, signal.SIGABRT):
    pid = os.fork()
    if pid == 0:
        os.chdir(OUT)
        keep = bytearray(16 * MIB)
        os.kill(os.getpid(), number)
        time.sleep(1)
    os.waitpid(pid, 0)
cores = [f for d in (OUT, TMP, "/") for f in os.listdir(d) if f.startswith("core")]
judge(cores, "", "contained")
