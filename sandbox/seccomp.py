"""The system calls a program in a box may make: one allow-list, for Docker and for bubblewrap.

An allow-list, because a deny-list forgets what the kernel gets next. Only the 64-bit table of
x86-64: through the 32-bit entry a program reaches calls that a filter of 64-bit numbers never
sees. Left out on purpose, with everything that needs rights anyway: other processes' memory
(ptrace, process_vm_*, pidfd_getfd, kcmp), other kernels' doors (io_uring, bpf, perf, userfaultfd,
keyrings, AF_VSOCK, AF_ALG), netlink (no control group counts its buffers), everything about mounts,
namespaces and file handles, mknod (a FIFO where a file is waited for), sync (it would flush the
whole host), the page cache (cachestat) and the order of memory on NUMA nodes.
"""

import json
import struct
from dataclasses import dataclass

MACHINE = "x86_64"
EPERM, ENOSYS = 1, 38

# Name and number of each call that is allowed whatever its arguments.
# Source of the numbers: arch/x86/entry/syscalls/syscall_64.tbl of Linux; they never change.
_FILES = """
read:0 write:1 open:2 close:3 stat:4 fstat:5 lstat:6 lseek:8 ioctl:16 pread64:17 pwrite64:18
readv:19 writev:20 access:21 dup:32 dup2:33 sendfile:40 fcntl:72 flock:73 fsync:74 fdatasync:75
truncate:76 ftruncate:77 getdents:78 getcwd:79 chdir:80 fchdir:81 rename:82 mkdir:83 rmdir:84
creat:85 link:86 unlink:87 symlink:88 readlink:89 chmod:90 fchmod:91 chown:92 fchown:93 lchown:94
umask:95 utime:132 statfs:137 fstatfs:138 readahead:187 setxattr:188 lsetxattr:189 fsetxattr:190
getxattr:191 lgetxattr:192 fgetxattr:193 listxattr:194 llistxattr:195 flistxattr:196
removexattr:197 lremovexattr:198 fremovexattr:199 getdents64:217 fadvise64:221 utimes:235
inotify_init:253 inotify_add_watch:254 inotify_rm_watch:255 openat:257 mkdirat:258 fchownat:260
futimesat:261 newfstatat:262 unlinkat:263 renameat:264 linkat:265 symlinkat:266 readlinkat:267
fchmodat:268 faccessat:269 splice:275 tee:276 sync_file_range:277 utimensat:280 fallocate:285
dup3:292 inotify_init1:294 preadv:295 pwritev:296 renameat2:316 copy_file_range:326 preadv2:327
pwritev2:328 statx:332 close_range:436 openat2:437 faccessat2:439 fchmodat2:452
"""
_MEMORY = """
mmap:9 mprotect:10 munmap:11 brk:12 mremap:25 msync:26 mincore:27 madvise:28 mlock:149 munlock:150
mlockall:151 munlockall:152 memfd_create:319 mlock2:325 pkey_mprotect:329 pkey_alloc:330
pkey_free:331 map_shadow_stack:453 mseal:462
"""
_PROCESSES = """
sched_yield:24 getpid:39 fork:57 vfork:58 execve:59 exit:60 wait4:61 uname:63 getrlimit:97
getrusage:98 sysinfo:99 times:100 getuid:102 getgid:104 setuid:105 setgid:106 geteuid:107
getegid:108 setpgid:109 getppid:110 getpgrp:111 setsid:112 setreuid:113 setregid:114 getgroups:115
setgroups:116 setresuid:117 getresuid:118 setresgid:119 getresgid:120 getpgid:121 setfsuid:122
setfsgid:123 getsid:124 capget:125 capset:126 getpriority:140 setpriority:141 sched_setparam:142
sched_getparam:143 sched_setscheduler:144 sched_getscheduler:145 sched_get_priority_max:146
sched_get_priority_min:147 sched_rr_get_interval:148 prctl:157 arch_prctl:158 setrlimit:160
gettid:186 sched_setaffinity:203 sched_getaffinity:204 set_tid_address:218 exit_group:231
waitid:247 ioprio_set:251 ioprio_get:252 set_robust_list:273 get_robust_list:274 prlimit64:302
getcpu:309 sched_setattr:314 sched_getattr:315 getrandom:318 execveat:322 membarrier:324 rseq:334
pidfd_open:434
"""
_SIGNALS_AND_TIME = """
rt_sigaction:13 rt_sigprocmask:14 rt_sigreturn:15 pause:34 nanosleep:35 getitimer:36 alarm:37
setitimer:38 kill:62 gettimeofday:96 rt_sigpending:127 rt_sigtimedwait:128 rt_sigqueueinfo:129
rt_sigsuspend:130 sigaltstack:131 tkill:200 time:201 restart_syscall:219 timer_create:222
timer_settime:223 timer_gettime:224 timer_getoverrun:225 timer_delete:226 clock_gettime:228
clock_getres:229 clock_nanosleep:230 tgkill:234 signalfd:282 timerfd_create:283 eventfd:284
timerfd_settime:286 timerfd_gettime:287 signalfd4:289 eventfd2:290 rt_tgsigqueueinfo:297
pidfd_send_signal:424
"""
_WAITING_AND_TALKING = """
poll:7 pipe:22 select:23 shmget:29 shmat:30 shmctl:31 connect:42 accept:43 sendto:44 recvfrom:45
sendmsg:46 recvmsg:47 shutdown:48 bind:49 listen:50 getsockname:51 getpeername:52 setsockopt:54
getsockopt:55 semget:64 semop:65 semctl:66 shmdt:67 msgget:68 msgsnd:69 msgrcv:70 msgctl:71
futex:202 epoll_create:213 semtimedop:220 epoll_wait:232 epoll_ctl:233 pselect6:270 ppoll:271
epoll_pwait:281 accept4:288 epoll_create1:291 pipe2:293 recvmmsg:299 sendmmsg:307 epoll_pwait2:441
futex_waitv:449 futex_wake:454 futex_wait:455 futex_requeue:456
"""


def _read(*tables: str) -> dict[str, int]:
    pairs = (pair.split(":") for table in tables for pair in table.split())
    return {name: int(number) for name, number in pairs}


ALLOWED = _read(_FILES, _MEMORY, _PROCESSES, _SIGNALS_AND_TIME, _WAITING_AND_TALKING)


@dataclass(frozen=True, slots=True)
class Check:
    """One argument of a call, its low 32 bits after `mask`, must equal `value`."""

    argument: int
    value: int
    mask: int = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Conditional:
    """A call that is allowed when every check of at least one of the alternatives holds.

    The low 32 bits only, because the kernel reads no more of these very arguments.
    """

    name: str
    number: int
    alternatives: tuple[tuple[Check, ...], ...]


_NEW_NAMESPACES = 0x7E020000  # CLONE_NEW* of clone; CLONE_NEWTIME is for clone3 and unshare only
_AF_UNIX, _AF_INET, _AF_INET6 = 1, 2, 10
_KIND = 0xF  # of a socket; flags are above
_STREAM, _TCP, _DATAGRAM, _UDP = 1, 6, 2, 17
# For programs that talk to themselves. The kernel loads what it lacks of the many others (SCTP,
# DCCP, MPTCP) for whoever asks.
_TCP_AND_UDP = tuple(
    (Check(0, family), Check(1, kind, mask=_KIND), Check(2, protocol))
    for family in (_AF_INET, _AF_INET6)
    for kind, own in ((_STREAM, _TCP), (_DATAGRAM, _UDP))
    for protocol in (0, own)
)

CONDITIONAL = (
    Conditional("socket", 41, ((Check(0, _AF_UNIX),), *_TCP_AND_UDP)),
    Conditional("socketpair", 53, ((Check(0, _AF_UNIX),),)),
    Conditional("clone", 56, ((Check(0, 0, mask=_NEW_NAMESPACES),),)),
    Conditional("personality", 135, ((Check(0, 0),), (Check(0, 0xFFFFFFFF),))),
)
# Its flags are in memory, out of a filter's reach; the C library falls back to clone.
CLONE3 = ("clone3", 435)


def docker_profile() -> str:
    """Write the list as Docker's ``seccomp=`` option takes it (Docker 20.10 and later)."""
    always: dict[str, object] = {"names": sorted(ALLOWED), "action": "SCMP_ACT_ALLOW"}
    checked = [
        {
            "names": [call.name],
            "action": "SCMP_ACT_ALLOW",
            "args": [_docker_argument(check) for check in checks],
        }
        for call in CONDITIONAL
        for checks in call.alternatives
    ]
    refused = {"names": [CLONE3[0]], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS}
    profile = {
        "defaultAction": "SCMP_ACT_ERRNO",
        "architectures": ["SCMP_ARCH_X86_64"],
        "syscalls": [always, *checked, refused],
    }
    return json.dumps(profile, indent=1) + "\n"


def _docker_argument(check: Check) -> dict[str, object]:
    if check.mask == 0xFFFFFFFF:  # noqa: PLR2004 (all bits)
        return {"index": check.argument, "value": check.value, "op": "SCMP_CMP_EQ"}
    return {
        "index": check.argument,
        "value": check.mask,
        "valueTwo": check.value,
        "op": "SCMP_CMP_MASKED_EQ",
    }


# Classic BPF as of linux/bpf_common.h, linux/seccomp.h and linux/audit.h.
_LOAD, _AND, _RETURN, _JUMP = 0x20, 0x54, 0x06, 0x05
_IF_EQUAL, _IF_AT_LEAST = 0x15, 0x35
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_AUDIT_ARCH_X86_64 = 0xC000003E
_OFFSET_NUMBER, _OFFSET_ARCH, _OFFSET_ARGUMENTS = 0, 4, 16
_FARTHEST = 255  # what a conditional jump can skip

_Line = tuple[int, int, int, int]  # code, lines to skip if true, if false, operand
_Verdict = tuple[_Line, ...]  # ends in a return on every way


def bpf() -> bytes:
    """Assemble the list as bubblewrap's ``--seccomp`` takes it: an array of struct sock_filter.

    A wrong architecture kills; unknown numbers, and so those with the x32 bit, get EPERM.
    """
    program = (
        _line(_LOAD, _OFFSET_ARCH),
        _line(_IF_EQUAL, _AUDIT_ARCH_X86_64, if_true=1),
        _line(_RETURN, _KILL_PROCESS),
        _line(_LOAD, _OFFSET_NUMBER),
        *_search(_ranges()),
    )
    return b"".join(struct.pack("<HBBI", *line) for line in program)


def _line(code: int, operand: int, *, if_true: int = 0, if_false: int = 0) -> _Line:
    return (code, if_true, if_false, operand)


def _errno(number: int) -> _Verdict:
    return (_line(_RETURN, _ERRNO | number),)


def _ranges() -> list[tuple[int, _Verdict]]:
    """Cut the numbers into ranges of one verdict each: (first number, verdict), ascending."""
    verdicts: dict[int, _Verdict] = dict.fromkeys(ALLOWED.values(), (_line(_RETURN, _ALLOW),))
    verdicts |= {call.number: _condition(call) for call in CONDITIONAL}
    verdicts[CLONE3[1]] = _errno(ENOSYS)
    ranges: list[tuple[int, _Verdict]] = []
    for number in range(max(verdicts) + 2):
        verdict = verdicts.get(number, _errno(EPERM))
        if not ranges or ranges[-1][1] != verdict:
            ranges.append((number, verdict))
    return ranges


def _search(ranges: list[tuple[int, _Verdict]]) -> _Verdict:
    """Find the range of the loaded number by halving; each leaf holds its verdict in full."""
    if len(ranges) == 1:
        return ranges[0][1]
    middle = len(ranges) // 2
    below, above = _search(ranges[:middle]), _search(ranges[middle:])
    pivot = ranges[middle][0]
    if len(below) <= _FARTHEST:
        return (_line(_IF_AT_LEAST, pivot, if_true=len(below)), *below, *above)
    far = _line(_JUMP, len(below))
    return (_line(_IF_AT_LEAST, pivot, if_false=1), far, *below, *above)


def _condition(call: Conditional) -> _Verdict:
    tried = [_alternative(checks) for checks in call.alternatives]
    return (*(line for lines in tried for line in lines), *_errno(EPERM))


def _alternative(checks: tuple[Check, ...]) -> _Verdict:
    """Return ALLOW when every check holds, else fall through to what follows."""
    lines: list[_Line] = [_line(_RETURN, _ALLOW)]
    for check in reversed(checks):
        test = _line(_IF_EQUAL, check.value, if_false=len(lines))
        lines = [
            _line(_LOAD, _OFFSET_ARGUMENTS + 8 * check.argument),
            _line(_AND, check.mask),
            test,
            *lines,
        ]
    return tuple(lines)
