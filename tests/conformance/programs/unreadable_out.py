"""Leaves good predictions that nobody may read, in a folder nobody may enter."""

import os

from hostile import OUT, PREDICTIONS, good, say

good()
os.chmod(PREDICTIONS, 0)
try:
    os.chmod(OUT, 0)
except OSError:
    pass
say("contained", "modes taken away")
