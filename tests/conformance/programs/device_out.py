"""Makes predictions.csv a device that never ends."""

import os
import stat

from hostile import PREDICTIONS, say, why

try:
    os.mknod(PREDICTIONS, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    say("contained", "device made")
except OSError as error:
    say("denied", why(error))
