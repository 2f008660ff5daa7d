"""Makes namespaces of its own, in which it would be root with every right."""

import os

from hostile import good, judge, raw, succeeded

good()
kinds = {"user": 0x10000000, "mount": 0x20000, "net": 0x40000000, "pid": 0x20000000}
kinds |= {"ipc": 0x8000000, "uts": 0x4000000, "cgroup": 0x2000000, "time": 0x80}
made = []
for name, flag in kinds.items():
    if succeeded(raw((272, flag))[0]):
        made.append(f"unshare {name}")
for name, flag in kinds.items():
    if name != "time" and succeeded(raw((56, flag | 17, 0, 0, 0, 0))[0]):
        made.append(f"clone {name}")
clone3 = (0x10000000).to_bytes(8, "little") + b"\0" * 24 + (17).to_bytes(8, "little") + b"\0" * 48
if succeeded(raw((435, clone3, 88))[0]):
    made.append("clone3 user")
for name in os.listdir("/proc/self/ns"):
    try:
        file = os.open(f"/proc/1/ns/{name}", os.O_RDONLY)
    except OSError:
        continue
    if succeeded(raw((308, file, 0))[0]):
        made.append(f"setns {name}")
judge(made, "none made")
