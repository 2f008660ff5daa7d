"""Makes predictions.csv look 4 EiB large, or as large as it can, without writing."""

import os

from hostile import PREDICTIONS, say, why

file = os.open(PREDICTIONS, os.O_CREAT | os.O_WRONLY)
for power in range(62, 20, -1):
    try:
        os.ftruncate(file, 1 << power)
        break
    except OSError as error:
        answer = why(error)
say("contained", f"{os.fstat(file).st_size} bytes")
