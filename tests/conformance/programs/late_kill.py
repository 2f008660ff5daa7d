"""Writes good predictions and dies by SIGKILL: the file is whole, the run is not."""

import os
import signal

from hostile import good, say

good()
say("contained", "killing self")
os.kill(os.getpid(), signal.SIGKILL)
