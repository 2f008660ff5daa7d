"""Leaves files whose names are long, odd and meant for a shell or a log."""

import os

from hostile import OUT, good, say

good()
odd = (
    "$(touch owned)",
    "-rf",
    "a\nb",
    "\x1b[2J",
    "..\\..\\x",
    "x" * 255,
    "predictions.csv ",
    "\udcff",
)
for name in odd:
    with open(f"{OUT}/".encode() + os.fsencode(name), "wb"):
        pass
say("contained", f"{len(odd)} odd names")
