"""Holds memory that is no process's own: memfds, shared maps, unread sockets."""

import mmap
import os
import socket

from hostile import MIB, good, say, why

good()
say("limited", "start")
held = 0
keep = []
try:
    for _ in range(64):
        file = os.memfd_create("hoard")
        os.write(file, b"x" * (8 * MIB))
        shared = mmap.mmap(-1, 8 * MIB)
        shared.write(b"x" * (8 * MIB))
        ends = socket.socketpair()
        ends[0].settimeout(0)
        keep.append((file, shared, ends))
        held += 16
        try:
            ends[0].send(b"x" * MIB)
        except OSError:
            pass
    say("ESCAPED", f"{held} MiB held")
except (OSError, MemoryError) as error:
    say("limited", f"{held} MiB, then {why(error)}")
