"""Holds memory in many processes, none of which is large."""

import os
import select
import time

from hostile import MIB, good, say, why

good()
told, tell = os.pipe()
children = set()
for count in range(40):
    try:
        pid = os.fork()
    except OSError as error:
        say("limited", f"fork {count}: {why(error)}")
        break
    if pid == 0:
        keep = bytearray(100 * MIB)
        os.write(tell, b"%8d" % os.getpid())
        time.sleep(20)
        os._exit(0)
    children.add(pid)
holding = set()
end = time.monotonic() + 4
while time.monotonic() < end:
    if select.select([told], [], [], 0.1)[0]:
        holding.add(int(os.read(told, 8)))
alive = {pid for pid in children if os.waitpid(pid, os.WNOHANG)[0] == 0}
held = len(holding & alive)
say("ESCAPED" if held > 10 else "limited", f"{held} of {len(children)} hold 100 MiB each")
os._exit(0)
