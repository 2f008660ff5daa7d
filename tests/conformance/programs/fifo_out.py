"""Makes predictions.csv a FIFO on which an unwary collector waits for ever."""

import os

from hostile import PREDICTIONS, say, why

try:
    os.mkfifo(PREDICTIONS)
    say("contained", "fifo made")
except OSError as error:
    say("denied", why(error))
