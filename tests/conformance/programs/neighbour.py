"""Leaves marks everywhere and looks for those of a run at its side; reports what it met."""

import os
import socket
import time

from hostile import good, judge, raw, why

good()
mine = os.environ["RUN"]
met = []
raw((29, 0x4242, 4096, 0o1666), (68, 0x4242, 0o1666))
listener = socket.socket(socket.AF_UNIX)
listener.bind(f"\0neighbour-{mine}")
listener.listen()
port = socket.socket()
port.bind(("127.0.0.1", 0))
for folder in ("/tmp", "/output", "/dev/shm", "/var/tmp", "/run", "/app", "/input", "/home"):
    try:
        with open(f"{folder}/mark-{mine}", "w", encoding="ascii") as file:
            file.write(mine)
    except OSError as error:
        answer = why(error)
end = time.monotonic() + float(os.environ.get("HOLD", "2"))
while time.monotonic() < end:
    for folder in ("/tmp", "/output", "/dev/shm", "/var/tmp", "/run", "/app", "/input", "/home"):
        if os.path.isdir(folder):
            met += [n for n in os.listdir(folder) if n.startswith("mark-") and n != f"mark-{mine}"]
    for line in open("/proc/net/unix", encoding="utf-8").read().splitlines():
        name = line.rpartition(" ")[2]
        if name.startswith("@neighbour-") and name != f"@neighbour-{mine}":
            met.append(name)
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            try:
                environment = open(f"/proc/{pid}/environ", "rb").read()
            except OSError:
                continue
            if b"RUN=" in environment and f"RUN={mine}\0".encode() not in environment:
                met.append(pid)
    time.sleep(0.1)
judge(sorted(set(met)), f"run {mine}")
