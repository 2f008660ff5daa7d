"""Overwrites the code of the box's first process, which tells how the program ended."""

import os

from hostile import good, say, why

good()
try:
    here = int(open("/proc/1/syscall", encoding="ascii").read().split()[-1], 16)
    memory = os.open("/proc/1/mem", os.O_RDWR)
    os.pwrite(memory, b"\xcc" * 16, here)
    say("contained", "the first process will trip at its next step")
except (OSError, ValueError) as error:
    say("denied", why(error))
