"""Writes 10 GiB to its one output file."""

from hostile import MIB, PREDICTIONS, say, say_full

written = 0
try:
    with open(PREDICTIONS, "wb", 0) as file:
        for _ in range(10240):
            written += file.write(b"x" * MIB)
    say("ESCAPED", f"{written // MIB} MiB")
except OSError as error:
    say_full(error, f"{written // MIB} MiB")
