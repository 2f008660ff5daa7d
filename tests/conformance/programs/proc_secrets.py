"""Reads what /proc and /sys tell about the host, and writes where the host would notice."""

import os

from hostile import good, judge

good()
found = []
for path in (
    "/proc/kcore",
    "/proc/kmsg",
    "/proc/kpagecount",
    "/proc/kpageflags",
    "/proc/slabinfo",
    "/proc/vmallocinfo",
    "/proc/timer_list",
    "/proc/sched_debug",
    "/proc/keys",
    "/proc/1/mem",
    "/sys/kernel/debug/sched",
    "/sys/firmware/acpi/tables/DSDT",
    "/dev/mem",
    "/dev/kmsg",
    "/dev/vsock",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/net/tun",
):
    try:
        with open(path, "rb") as file:
            if file.read(64):
                found.append(path)
    except OSError:
        pass
for path in (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/hostname",
    "/proc/sys/kernel/modprobe",
    "/proc/sys/vm/overcommit_memory",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sysrq-trigger",
    "/proc/irq/default_smp_affinity",
    "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/cgroup.procs",
):
    try:
        os.close(os.open(path, os.O_WRONLY))
        found.append(f"{path} opens for writing")
    except OSError:
        pass
judge(found, "nothing told")
