"""Starts threads without end."""

import os
import threading
import time

from hostile import good, say

good()
threading.stack_size(65536)
made = 0
try:
    for _ in range(3000):
        threading.Thread(target=time.sleep, args=(8,), daemon=True).start()
        made += 1
    say("ESCAPED", f"{made} threads")
except RuntimeError as error:
    say("limited", f"{made} threads, then {error}")
os._exit(0)
