"""Ignores every signal it can and spins."""

import signal

from hostile import good, say

good()
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
say("contained", "ignoring signals")
while True:
    pass
