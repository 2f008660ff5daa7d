"""Opens pipes without end, each as large as it may be."""

import fcntl
import os

from hostile import MIB, good, say, why

good()
made = 0
try:
    for _ in range(20_000):
        pipe = os.pipe()[1]
        made += 1
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, MIB)
        except OSError:
            pass
        os.set_blocking(pipe, False)
        try:
            os.write(pipe, b"x" * MIB)
        except OSError:
            pass
    say("ESCAPED", f"{made} pipes")
except OSError as error:
    say("limited", f"{made} pipes, then {why(error)}")
