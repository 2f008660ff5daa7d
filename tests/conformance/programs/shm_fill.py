"""Fills every place but /tmp and /output that might be writable."""

import os

from hostile import MIB, good, say, why

good()
places = "/ /app /dev /dev/mqueue /dev/shm /etc /home /input /proc /run /run/lock /sys/fs/cgroup"
filled = []
unbounded = []
for place in (*places.split(), "/var", "/var/tmp"):
    path = f"{place}/hostile_fill"
    written = 0
    try:
        with open(path, "wb", 0) as file:
            for _ in range(512):
                written += file.write(b"x" * MIB)
        unbounded.append(place)
    except OSError as error:
        if written:
            filled.append(f"{place}={written // MIB} MiB: {why(error)}")
    if os.path.exists(path):
        os.unlink(path)
say("ESCAPED" if unbounded else "limited", f"{unbounded} {filled or 'nothing writable'}")
