"""Makes 300 000 empty files in /tmp."""

import os

from hostile import TMP, good, say, say_full

good()
made = 0
try:
    for count in range(300_000):
        os.close(os.open(f"{TMP}/i{count}", os.O_CREAT | os.O_WRONLY))
        made += 1
    say("ESCAPED", f"{made} inodes")
except OSError as error:
    say_full(error, f"{made} inodes")
