"""Writes predictions within its output volume, yet larger than is taken."""

from hostile import MIB, PREDICTIONS, say

with open(PREDICTIONS, "wb") as file:
    for _ in range(10):
        file.write(b"1,0.5\n" * (MIB // 6))
say("contained", "10 MiB of rows")
