"""Makes predictions.csv a socket."""

import socket

from hostile import PREDICTIONS, say

line = socket.socket(socket.AF_UNIX)
line.bind(PREDICTIONS)
line.listen()
say("contained", "socket made")
