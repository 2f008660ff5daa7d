"""Asks for a name, through the resolver and by its own packets."""

import socket

from hostile import good, judge, why

good()
told = []
answers = []
try:
    told.append(socket.getaddrinfo("example.org", 80))
except OSError as error:
    answers.append(why(error))
query = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3org\0\0\1\0\1"
for server in ("127.0.0.53", "127.0.0.11", "8.8.8.8", "192.0.2.53"):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(0.5)
        try:
            line.sendto(query, (server, 53))
            told.append(line.recv(512))
        except OSError as error:
            answers.append(f"{server}={why(error)}")
judge(told, answers)
