"""Fills /output and /tmp with many files, none of which is large."""

import os

from hostile import MIB, OUT, TMP, say, say_full

total = 0
for folder in (OUT, TMP):
    try:
        for count in range(1000):
            with open(f"{folder}/f{count}", "wb", 0) as file:
                total += file.write(b"x" * MIB)
    except OSError as error:
        say_full(error, f"{folder}: {total // MIB} MiB")
for count in range(1000):
    for folder in (OUT, TMP):
        if os.path.exists(f"{folder}/f{count}"):
            os.unlink(f"{folder}/f{count}")
say("ESCAPED" if total > 200 * MIB else "limited", f"{total // MIB} MiB")
with open(f"{OUT}/predictions.csv", "w", encoding="ascii") as file:
    file.write("id,y\n1,0.5\n2,0.5\n")
