"""Kills everybody it can reach, pid 1 and its own parent first."""

import os
import signal
import sys
import time

from hostile import good, say, why

good()
if os.getpid() > 2000:
    sys.exit("refusing: this does not look like an own PID namespace")
try:
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("-1000")
    say("ESCAPED", "may hide from the memory killer")
except OSError as error:
    say("denied", f"oom_score_adj {why(error)}")
for pid in (1, os.getppid()):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError as error:
        say("denied", f"kill {pid} {why(error)}")
say("contained", "about to kill everybody")
try:
    os.kill(-1, signal.SIGKILL)
except OSError as error:
    say("denied", f"kill -1 {why(error)}")
time.sleep(0.3)
say("contained", "still here")
