"""Makes room for a megabyte in its output, fills that and ends at once; its last words count."""

import fcntl
import os

from hostile import good, say, why

good()
try:
    answer = f"room for {fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20)}"
except OSError as error:
    answer = why(error)
text = b"first words " * 20 + b"\n"
for _ in range(3):
    os.write(1, text * 800)
say("contained", answer)
os._exit(0)
