"""Makes sockets of families that reach past a network namespace, or the kernel's dark corners."""

import socket

from hostile import good, judge, raw, why

good()
families = {"ALG": 38, "BLUETOOTH": 31, "CAN": 29, "KCM": 41, "KEY": 15, "NFC": 39, "PACKET": 17}
families |= {"RDS": 21, "TIPC": 30, "VSOCK": 40, "X25": 9, "XDP": 44, "SMC": 43, "QIPCRTR": 42}
made = []
for name, family in families.items():
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(family, kind).close()
            made.append(name)
        except OSError as error:
            answer = why(error)
for kind in (1, 17, 255):
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, kind).close()
        made.append(f"RAW {kind}")
    except OSError as error:
        answer = why(error)
pair = raw((53, 40, 1, 0, b"\0" * 8), (53, 38, 5, 0, b"\0" * 8))
made += [f"socketpair {answer}" for answer in pair if not answer.startswith(("E", "killed"))]
judge(made, "no such socket")
