"""Makes 300 000 files, folders and links in /output."""

import os

from hostile import OUT, good, say, say_full

good()
made = 0
try:
    for count in range(100_000):
        os.close(os.open(f"{OUT}/i{count}", os.O_CREAT | os.O_WRONLY))
        os.mkdir(f"{OUT}/d{count}")
        os.symlink("/etc", f"{OUT}/l{count}")
        made += 3
    say("ESCAPED", f"{made} inodes")
except OSError as error:
    say_full(error, f"{made} inodes")
