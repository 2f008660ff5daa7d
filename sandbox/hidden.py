"""What of a kernel's own files no program in a box needs: it tells about the machine and others."""

# Statistics by which runs could watch each other or learn about the machine.
_PROC = """
acpi asound bus cmdline config.gz diskstats driver interrupts iomem ioports irq kallsyms kcore
key-users keys latency_stats modules partitions pressure sched_debug schedstat scsi softirqs
timer_list timer_stats tty
"""
# What stays tells about processors, their memory, and the limits of the box itself.
_SYS = (
    "block bus class dev devices/platform devices/virtual firmware hypervisor kernel module power"
)
# Terminals load drivers and, as message queues, are counted for all boxes together.
_DEV = "mqueue pts"

PATHS = tuple(
    f"/{top}/{name}"
    for top, names in (("proc", _PROC), ("sys", _SYS), ("dev", _DEV))
    for name in names.split()
)
