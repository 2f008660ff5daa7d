"""Writes good predictions and then says that it failed."""

import sys

from hostile import good, say

good()
say("contained", "about to exit 3")
sys.exit(3)
