"""Writes to standard output without end."""

import os

from hostile import good

good()
line = b"all work and no play makes a dull log\n" * 1700
for _ in range(1 << 16):
    os.write(1, line)
