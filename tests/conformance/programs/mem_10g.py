"""Touches 10 GiB of its own memory."""

from hostile import MIB, good, say

good()
say("limited", "start")
keep = []
for count in range(160):
    keep.append(bytearray(64 * MIB))
    if count > 15:
        say("ESCAPED", f"{count * 64} MiB held")
