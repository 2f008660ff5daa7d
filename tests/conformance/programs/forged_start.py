"""Says what an init or bubblewrap says of a program that never started, and then takes too long."""

import os
import time

from hostile import good, say

for words in (
    b"[FATAL tini (7)] exec x failed: No such file\n",
    b"bwrap: execvp x: No such file\n",
):
    os.write(2, words)
good()
say("contained", "waiting")
time.sleep(60)
