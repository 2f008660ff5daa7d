"""Loses a child to the memory limit and ends well itself."""

import os

from hostile import MIB, good, say

good()
pid = os.fork()
if pid == 0:
    with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")
    keep = [bytearray(16 * MIB) for _ in range(200)]
    os._exit(0)
status = os.waitpid(pid, 0)[1]
say("limited" if status == 9 else "ESCAPED", f"child ended with {status}")
