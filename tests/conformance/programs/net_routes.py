"""Looks for interfaces and routes, and tries to make some."""

import fcntl
import socket
import struct

from hostile import good, judge, why

good()
found = []
lines = open("/proc/net/route", encoding="ascii").read().splitlines()[1:]
found += [line.split()[0] for line in lines]
names: list[str] = []
try:
    names += [name for _, name in socket.if_nameindex()]
except OSError as error:
    names.append(f"lo {why(error)}")
found += [name for name in names if not name.startswith("lo")]
try:
    for line in open("/proc/net/ipv6_route", encoding="ascii").read().splitlines():
        if line.split()[-1] != "lo":
            found.append(line.split()[-1])
except OSError:
    pass
answer = ""
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
    try:
        fcntl.ioctl(line, 0x8914, struct.pack("16sH14x", b"lo", 0x1))  # SIOCSIFFLAGS
        answer = "lo changed"
    except OSError as error:
        answer = why(error)
judge(found, f"{names} {answer}")
