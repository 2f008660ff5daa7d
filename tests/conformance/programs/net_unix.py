"""Connects to the sockets of engines and services, by path and by abstract name."""

import os
import socket

from hostile import good, judge, why

good()
open_to = []
answers = []
for path in (
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/dbus/system_bus_socket",
    "/run/systemd/private",
    "/var/run/postgresql/.s.PGSQL.5432",
    "\0" + os.environ.get("ABSTRACT", "hostile-canary"),
):
    with socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(path)
            open_to.append(repr(path))
        except OSError as error:
            answers.append(why(error))
judge(open_to, answers)
