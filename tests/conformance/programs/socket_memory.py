"""Fills sockets that nobody reads, TCP and netlink: memory that no process owns."""

import os
import signal
import socket
import struct

from hostile import MIB, good, say, why

good()
# Old control groups (v1) bound each socket, and only so their sum.
MOST, CHILDREN, SOCKETS = 768 * MIB, 20, 450
DUMP = struct.pack("<IHHII4x", 20, 18, 0x301, 1, 0)  # list all interfaces
ANSWER = 4096  # bytes that such a list takes


def fill_tcp() -> int:
    """Return how many bytes wait to be read."""
    held = 0
    for _ in range(SOCKETS):
        writer = socket.create_connection(listener.getsockname(), timeout=2)
        kept.append((writer, listener.accept()[0]))
        writer.settimeout(0)
        try:
            while True:
                held += writer.send(bytes(MIB))
        except BlockingIOError:
            pass
    return held


def fill_netlink() -> int:
    """Return about how many bytes wait to be read."""
    asked = 0
    for _ in range(2 * SOCKETS):
        kept.append(route := socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
        route.settimeout(0)
        try:
            for _ in range(100):
                route.send(DUMP)
                asked += 1
        except BlockingIOError:
            pass
    return asked * ANSWER


for name, fill in (("tcp", fill_tcp), ("netlink", fill_netlink)):
    kept: list[object] = []
    try:
        if fill is fill_netlink:
            socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close()
        else:
            listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
            listener.settimeout(2)
    except OSError as error:
        say("limited", f"{name} {why(error)}")
        continue
    answers, children = [], []
    for _ in range(CHILDREN):
        read, write = os.pipe()
        children.append(os.fork())
        if children[-1] == 0:
            try:
                answer = str(fill())
            except OSError as error:
                answer = f"0 {why(error)}"
            os.write(write, answer.encode())
            signal.pause()  # and so nothing is given back
        os.close(write)
        answers.append(read)
    # On v2 a child that holds too much is killed, and answers nothing.
    total = sum(int((os.read(read, 100) or b"0").split()[0]) for read in answers)
    say("ESCAPED" if total > MOST else "limited", f"{name} holds {total // MIB} MiB")
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
