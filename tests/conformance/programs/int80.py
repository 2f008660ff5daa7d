"""Enters the kernel by the 32-bit door, where numbers mean other calls than a filter reads."""

import struct

from hostile import good, judge, raw

good()
vsock = struct.pack("<III", 40, 1, 0)
names = ("getpid", "socketcall VSOCK", "add_key", "mount", "open")
calls = (
    (20,),
    (102, 1, vsock),
    (286, b"user", b"palio", b"x", 1, -4 & 0xFFFFFFFF),
    (21, b"none", b"/tmp", b"tmpfs", 0, 0),
    (5, b"/etc/passwd", 0, 0),
)
answers = [raw(call, gate="int80")[0] for call in calls]
through = [
    f"{name}={answer}"
    for name, answer in zip(names, answers, strict=True)
    if not answer.startswith(("E", "killed"))
]
judge(through, answers)
