"""Holds memory in many processes, none of which is large."""

import os
import time

from hostile import MIB, good, say, why

good()
children = []
for count in range(40):
    try:
        pid = os.fork()
    except OSError as error:
        say("limited", f"fork {count}: {why(error)}")
        break
    if pid == 0:
        keep = bytearray(100 * MIB)
        time.sleep(20)
        os._exit(0)
    children.append(pid)
time.sleep(3)
alive = sum(os.waitpid(pid, os.WNOHANG)[0] == 0 for pid in children)
say("ESCAPED" if alive > 10 else "limited", f"{alive} of {len(children)} hold 100 MiB each")
os._exit(0)
