"""Writes half a row and dies by SIGKILL."""

import os
import signal

from hostile import PREDICTIONS, say

with open(PREDICTIONS, "w", encoding="ascii") as file:
    file.write("id,y\n1,0.5\n2,0.")
say("contained", "killing self")
os.kill(os.getpid(), signal.SIGKILL)
