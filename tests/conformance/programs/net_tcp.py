"""Connects to a documentation address, to the host and to usual services on loopback."""

import socket

from hostile import good, judge, why

good()
open_to = []
answers = []
for host, port in (
    ("192.0.2.1", 80),
    ("127.0.0.1", 5432),
    ("127.0.0.1", 6379),
    ("127.0.0.1", 2375),
    ("127.0.0.1", 8000),
    ("172.17.0.1", 80),
    ("169.254.169.254", 80),
):
    with socket.socket() as line:
        line.settimeout(1.5)
        try:
            line.connect((host, port))
            open_to.append(f"{host}:{port}")
        except OSError as error:
            answers.append(f"{host}:{port}={why(error)}")
judge(open_to, answers)
