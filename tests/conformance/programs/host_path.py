"""Opens the labels by their path on the host, through every door it can think of."""

import os

from hostile import good, judge

good()
path = os.environ["LABELS_ON_HOST"]
up = "../" * 20
doors = ["", "/proc/1/root", "/proc/self/root", "/proc/1/cwd/" + up, "/proc/self/cwd/" + up]
doors += ["/input/" + up, "/app/" + up, "/output/" + up, "/tmp/" + up, "/host", "/rootfs", "/mnt"]
doors += [f"/proc/{pid}/root" for pid in os.listdir("/proc") if pid.isdigit()]
doors += [f"/proc/self/fd/{number}" for number in range(64)]
doors += [f"/proc/self/fd/{number}/{up}" for number in range(64)]
leaks = []
for door in doors:
    try:
        with open(f"{door}/{path}", "rb") as file:
            leaks.append((door, file.read(40)))
    except OSError:
        pass
judge(leaks, f"{len(doors)} doors tried")
