"""Reads, and writes to, what a kernel tells and lends to all: statistics, alarms, terminals."""

import os

from hostile import IN, good, judge, why

good()
found = []
for name in (
    *("cmdline", "diskstats", "interrupts", "iomem", "ioports", "kallsyms", "key-users", "modules"),
    *("partitions", "sched_debug", "schedstat", "softirqs", "timer_list"),
):
    try:
        with open(f"/proc/{name}", "rb") as file:
            if file.read(64):
                found.append(f"/proc/{name} tells")
    except OSError:
        pass
tops = ("/proc/pressure", "/sys/kernel", "/sys/class", "/sys/block", "/sys/firmware")
found += [f"{top} is full" for top in tops if os.path.isdir(top) and os.listdir(top)]
for path, text in (
    ("/proc/pressure/cpu", b"some 150000 2000000\0"),
    ("/proc/sys/kernel/shmmax", b"123456"),
    ("/proc/sys/kernel/pid_max", b"400"),
    ("/proc/sys/kernel/msgmax", b"123456"),
):
    try:
        file = os.open(path, os.O_RDWR)
        os.write(file, text)
        found.append(f"{path} takes {text!r}")
    except OSError:
        pass
for path, flags in (("/dev/ptmx", os.O_RDWR | os.O_NOCTTY), ("/dev/mqueue/q", os.O_CREAT)):
    try:
        os.close(os.open(path, flags))
        found.append(f"{path} opens")
    except OSError as error:
        answer = why(error)
words = [line for line in open("/proc/self/cgroup", encoding="ascii") if "palio" in line]
for line in open("/proc/self/mountinfo", encoding="ascii"):
    fields = line.split()
    told = {field for field in fields[5:] if "/work/" in field or "/home/" in field}
    if fields[4] == IN and (fields[3] != "/" or told):
        words.append(line)
    if "docker-palio" in line:
        words.append(line)
judge([*found, *words], answer)
