"""Makes its pipes tiny, then writes much at once to both, to wedge a reader that stops."""

import fcntl
import os
import time

from hostile import good, say

good()
for pipe in (1, 2):
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    except OSError:
        pass
for _ in range(512):
    os.write(1, b"o" * 8192)
    os.write(2, b"e" * 8192)
time.sleep(0.5)  # so that nothing comes between
os.write(2, b"\n")
os.write(1, b"\n")
say("contained", "8 MiB through small pipes")
