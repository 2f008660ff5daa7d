"""Opens pipes without end, each as large as it may be."""

import fcntl
import os

from hostile import MIB, good, say, say_full

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
    say_full(error, f"{made} pipes")
