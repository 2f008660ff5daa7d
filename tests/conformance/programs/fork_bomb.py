"""Forks until the system gives in."""

import os
import time

from hostile import good, say, say_full

good()
made = 0
try:
    for _ in range(3000):
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        made += 1
    say("ESCAPED", f"{made} children, no limit met")
except OSError as error:
    say_full(error, f"{made} children")
