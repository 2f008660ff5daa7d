"""Grows a tree of sessions in which every process forks again, whatever the answer was."""

import os
import signal
import time

from hostile import OUT, good, say

good()
end = time.monotonic() + 2
parent = os.getpid()
births = 0
while time.monotonic() < end and births < 200:
    try:
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            births = 0
        births += 1
    except OSError:
        time.sleep(0.01)
if os.getpid() != parent:
    time.sleep(60)
    os._exit(0)
alive = sum(name.isdigit() for name in os.listdir("/proc"))
say("ESCAPED" if alive > 200 else "limited", f"{alive} alive, {len(os.listdir(OUT))} files")
os._exit(0)
