"""One list of system calls, and both forms of it say the same."""

import json
import struct
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from palio.sandbox import seccomp

KILL, EPERM, ENOSYS, ALLOW = 0x80000000, 0x50001, 0x50026, 0x7FFF0000
X86_64, I386 = 0xC000003E, 0x40000003
SOCKET, CLONE, CLONE3, PERSONALITY = 41, 56, 435, 135


def run(number: int, *arguments: int, arch: int = X86_64) -> int:
    """Do what the kernel does with the program for one system call."""
    words = [a & (2**64 - 1) for a in (*arguments, 0, 0, 0, 0, 0, 0)][:6]
    data = struct.pack("<IIQ6Q", number, arch, 0, *words)
    lines = list(struct.iter_unpack("<HBBI", seccomp.bpf()))
    at, loaded = 0, 0
    while True:
        code, if_true, if_false, operand = lines[at]
        at += 1
        match code:
            case 0x20:
                (loaded,) = struct.unpack_from("<I", data, operand)
            case 0x54:
                loaded &= operand
            case 0x15:
                at += if_true if loaded == operand else if_false
            case 0x35:
                at += if_true if loaded >= operand else if_false
            case 0x05:
                at += operand
            case 0x06:
                return int(operand)
            case _:
                pytest.fail(f"unknown code {code}")


def test_the_profile_in_the_repository_is_the_one_the_list_makes() -> None:
    stored = Path(seccomp.__file__).parent / "profiles" / "seccomp.json"
    assert stored.read_text() == seccomp.docker_profile()


def test_each_number_gets_what_the_list_says() -> None:
    unconditional = set(range(700)) - {call.number for call in seccomp.CONDITIONAL}
    expected = dict.fromkeys(unconditional, EPERM)
    expected |= dict.fromkeys(seccomp.ALLOWED.values(), ALLOW) | {CLONE3: ENOSYS}
    assert {number: run(number) for number in unconditional} == expected


@given(number=st.integers(0, 2**32 - 1), arch=st.integers(0, 2**32 - 1))
def test_another_architecture_kills(number: int, arch: int) -> None:
    if arch != X86_64:
        assert run(number, arch=arch) == KILL


@given(number=st.integers(0, 700))
def test_numbers_with_the_x32_bit_are_refused(number: int) -> None:
    assert run(number | 0x40000000) == EPERM


CLOEXEC = 0o2000000
SOCKETS = {(1, 0), (1, 6), (2, 0), (2, 17)}  # kinds and protocols of TCP and UDP


@given(
    family=st.integers(0, 60),
    kind=st.integers(0, 10),
    protocol=st.integers(0, 300),
    flags=st.sampled_from([0, CLOEXEC]),
)
@example(family=16, kind=3, protocol=0, flags=0)
@example(family=2, kind=1, protocol=0, flags=0)
@example(family=10, kind=2, protocol=17, flags=CLOEXEC)
@example(family=2, kind=1, protocol=262, flags=0)
def test_sockets_are_local_or_tcp_or_udp(family: int, kind: int, protocol: int, flags: int) -> None:
    is_inet = family in {2, 10} and (kind, protocol) in SOCKETS
    is_allowed = family == 1 or is_inet
    assert run(SOCKET, family, kind | flags, protocol) == (ALLOW if is_allowed else EPERM)


@given(flags=st.integers(0, 2**32 - 1))
def test_clone_makes_no_namespace(flags: int) -> None:
    assert run(CLONE, flags) == (EPERM if flags & 0x7E020000 else ALLOW)


@pytest.mark.parametrize(
    ("persona", "verdict"), [(0, ALLOW), (0xFFFFFFFF, ALLOW), (0x40000, EPERM), (8, EPERM)]
)
def test_personality_is_only_asked_for_or_reset(persona: int, verdict: int) -> None:
    assert run(PERSONALITY, persona) == verdict


def test_both_forms_hold_the_same_conditions() -> None:
    entries = json.loads(seccomp.docker_profile())["syscalls"]
    names = [entry["names"] for entry in entries]
    assert names == [
        sorted(seccomp.ALLOWED),
        *([call.name] for call in seccomp.CONDITIONAL for _ in call.alternatives),
        ["clone3"],
    ]


DANGEROUS = (
    "ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd keyctl add_key request_key bpf "
    "perf_event_open userfaultfd mount umount2 pivot_root move_mount fsopen fsmount open_tree "
    "mount_setattr mknod mknodat name_to_handle_at open_by_handle_at statmount listmount "
    "modify_ldt vmsplice memfd_secret unshare setns chroot io_uring_setup io_uring_enter "
    "io_uring_register io_setup sync syncfs cachestat syslog quotactl fanotify_init "
    "landlock_create_ruleset seccomp"
)


def test_dangerous_calls_are_not_on_the_list() -> None:
    assert set(DANGEROUS.split()) & set(seccomp.ALLOWED) == set()


def test_jumps_over_long_parts_go_the_far_way() -> None:
    part = tuple((0x06, 0, 0, number) for number in range(300))
    assert seccomp._search([(0, part), (5, part[:1])]) == (
        (0x35, 0, 1, 5),
        (0x05, 0, 0, 300),
        *part,
        part[0],
    )
