"""Traces pid 1 and its own parent, reads their memory, takes their descriptors."""

import os

from hostile import good, judge, raw, succeeded, why

good()
names = ("ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd")
answers = raw(
    (101, 16, 1, 0, 0),
    (310, 1, b"\0" * 16, 1, b"\0" * 16, 1, 0),
    (311, 1, b"\0" * 16, 1, b"\0" * 16, 1, 0),
    (312, 1, 1, 0, 0, 0),
    (438, 3, 0, 0),
)
told = dict(zip(names, answers, strict=True))
done = [name for name, answer in told.items() if succeeded(answer)]
try:
    os.close(os.open("/proc/1/mem", os.O_RDWR))
    told["/proc/1/mem"] = "opened: the box's own init, no better off than its program"
except OSError as error:
    told["/proc/1/mem"] = why(error)
judge(done, told)
