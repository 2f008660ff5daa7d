"""Calls what no model needs, with harmless arguments, and lists what the filter lets through."""

import os

from hostile import good, judge, raw, reached, say

good()
BAD = -1 & (2**64 - 1)
CALLS: dict[str, tuple[int, ...]] = {
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0, 0, BAD, BAD, 0),
    "userfaultfd": (323, 0),
    "io_uring_setup": (425, 1, 0),
    "io_uring_enter": (426, BAD, 0, 0, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "finit_module": (313, BAD, 0, 0),
    "delete_module": (176, 0, 0),
    "kexec_load": (246, 0, 0, 0, BAD),
    "kexec_file_load": (320, BAD, BAD, 0, 0, 0),
    "open_by_handle_at": (304, BAD, 0, 0),
    "name_to_handle_at": (303, BAD, 0, 0, 0, 0),
    "iopl": (172, 3),
    "ioperm": (173, 0, 1, 1),
    "syslog": (103, 10, 0, 0),
    "quotactl": (179, BAD, 0, 0, 0),
    "quotactl_fd": (443, BAD, 0, 0, 0),
    "swapon": (167, 0, 0),
    "swapoff": (168, 0),
    "settimeofday": (164, 0, 0),
    "clock_settime": (227, BAD, 0),
    "sethostname": (170, 0, 0),
    "setdomainname": (171, 0, 0),
    "move_pages": (279, 1, 0, 0, 0, 0, 0),
    "lookup_dcookie": (212, 0, 0, 0),
    "fanotify_init": (300, BAD, 0),
    "setns": (308, BAD, 0),
    "unshare": (272, 0x10000000),
    "pivot_root": (155, 0, 0),
    "chroot": (161, 0),
    "vhangup": (153,),
    "reboot": (169, 0, 0, 0, 0),
    "modify_ldt": (154, 0, 0, 0),
    "vmsplice": (278, BAD, 0, 0, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "umount2": (166, 0, 0),
    "mount_setattr": (442, BAD, 0, 0, 0, 0),
    "open_tree": (428, BAD, 0, 1),
    "move_mount": (429, BAD, 0, BAD, 0, 0),
    "fsopen": (430, 0, 0),
    "fspick": (433, BAD, 0, 0),
    "fsmount": (432, BAD, 0, 0),
    "memfd_secret": (447, BAD),
    "statmount": (457, 0, 0, 0, 0),
    "listmount": (458, 0, 0, 0, 0),
    "pidfd_getfd": (438, BAD, 0, 0),
    "process_vm_readv": (310, 0, 0, 0, 0, 0, 0),
    "process_madvise": (440, BAD, 0, 0, 0, 0),
    "ptrace": (101, BAD, 0, 0, 0),
    "acct": (163, 1),
    "kcmp": (312, 0, 0, 0, 0, 0),
    "add_key": (248, 0, 0, 0, 0, 0),
    "keyctl": (250, BAD, 0, 0, 0, 0),
    "uselib": (134, 0),
    "ustat": (136, 0, 0),
    "sysfs": (139, 3),
    "nfsservctl": (180, 0, 0, 0),
    "personality": (135, 0x40000),
    "io_setup": (206, 0, 0),
    "mknod": (133, 0, 0o20666, 0x101),
    "adjtimex": (159, 0),
    "landlock_create_ruleset": (444, BAD, BAD, BAD),
    "unknown": (511, 0),
}
#: Let through by some honest filters for good reasons; harmless without rights.
HARMLESS = {"adjtimex", "landlock_create_ruleset", "process_madvise", "mknod"}
names = list(CALLS)
answers: dict[str, str] = {}
for start in range(0, len(names), 8):
    part = names[start : start + 8]
    told = raw(*(CALLS[name] for name in part))
    if told[0].startswith("killed"):
        told = [raw(CALLS[name])[0] for name in part]
    answers |= dict(zip(part, told, strict=True))
answers["x32 getpid"] = raw((0x40000027,))[0]
through = {name: answer for name, answer in answers.items() if reached(answer)}
if os.uname().release == "4.4.0":  # gVisor: a kernel in user space answers, the host's never sees
    say("contained", f"answered by a kernel of its own: {through}")
else:
    judge(sorted(set(through) - HARMLESS), through)
