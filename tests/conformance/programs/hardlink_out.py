"""Makes predictions.csv a second name of a file, its own or another's."""

import os

from hostile import IN, OUT, PREDICTIONS, good, say

for source in (f"{IN}/features.csv", "/etc/passwd", "/proc/1/environ"):
    try:
        os.link(source, PREDICTIONS)
        say("ESCAPED", f"hard link to {source}")
        break
    except OSError:
        pass
else:
    good(f"{OUT}/first")
    os.link(f"{OUT}/first", PREDICTIONS)
    say("contained", "two names of one file")
