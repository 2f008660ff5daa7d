"""What every hostile program says and knows; refuses to start outside a box."""

import errno
import os
import struct
import sys
from collections.abc import Iterable

if os.environ.get("HOSTILE_OK") != "sandbox":
    sys.exit("refusing: set HOSTILE_OK=sandbox, and only inside a sandbox")

IN, OUT, TMP = "/input", "/output", "/tmp"
PREDICTIONS = f"{OUT}/predictions.csv"
GOOD = "id,y\n1,0.5\n2,0.5\n"
MIB = 1 << 20
FULL = {errno.EAGAIN, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOSPC}

# Registers of arguments and the instruction that enters the kernel.
GATES = {
    "syscall": ((0xBF48, 0xBE48, 0xBA48, 0xBA49, 0xB849, 0xB949), b"\x0f\x05"),
    "int80": ((0xBB48, 0xB948, 0xBA48, 0xBE48, 0xBF48, 0xBD48), b"\xcd\x80"),
}
BASE, DATA, ANSWERS, ROOM = 0x400000, 0x404000, 0x408000, 0x10000


def say(word: str, detail: object = "") -> None:
    """Give a verdict: denied, limited, contained or ESCAPED."""
    line = f"VERDICT {word} {str(detail)[:600]}".replace("\n", " ") + "\n"
    os.write(1, line.encode("utf-8", "replace"))


def judge(escaped: Iterable[object], detail: object, word: str = "denied") -> None:
    """Give the verdict of a list that must be empty."""
    found = list(escaped)
    say("ESCAPED" if found else word, f"{found} {detail}")


def why(error: Exception) -> str:
    """Name an error shortly."""
    number = getattr(error, "errno", None)
    return errno.errorcode.get(number, str(number)) if number else type(error).__name__


def say_full(error: OSError, detail: object) -> None:
    """Give the verdict of a place that refused more; an error of another kind is no limit."""
    say("limited" if error.errno in FULL else "BROKEN", f"{detail}, then {why(error)}")


def good(path: str = PREDICTIONS) -> None:
    """Leave predictions nobody can object to."""
    with open(path, "w", encoding="ascii") as file:
        file.write(GOOD)


def raw(*calls: tuple[int | bytes, ...], gate: str = "syscall") -> list[str]:
    """Make system calls from machine code of our own; bytes are pointers to a copy.

    Returns:
        An errno name or the value of each; ``killed N`` for all when the process died.

    """
    read, write = os.pipe()
    image = _program(calls, gate)
    pid = os.fork()
    if pid == 0:
        os.dup2(write, 1)
        _execute(image)
    os.close(write)
    answer = b""
    while piece := os.read(read, 65536):
        answer += piece
    os.close(read)
    status = os.waitpid(pid, 0)[1]
    if len(answer) != 8 * len(calls):
        return [f"killed {status:#x}"] * len(calls)
    return [_named(value) for value in struct.unpack(f"<{len(calls)}q", answer)]


def reached(answer: str) -> bool:
    """Tell whether a call got past the filter."""
    return answer not in ("EPERM", "ENOSYS") and not answer.startswith("killed")


def succeeded(answer: str) -> bool:
    """Tell whether a call did something."""
    return not answer.startswith(("E", "killed"))


def _named(value: int) -> str:
    return errno.errorcode.get(-value, str(value)) if value < 0 else str(value)


def _move(opcode: int, value: int) -> bytes:
    return struct.pack("<HQ", opcode, value & 0xFFFFFFFFFFFFFFFF)


def _program(calls: tuple[tuple[int | bytes, ...], ...], gate: str) -> bytes:
    registers, enter = GATES[gate]
    code = data = b""
    for index, (number, *values) in enumerate(calls):
        for register, value in zip(registers, (*values, 0, 0, 0, 0, 0, 0)[:6], strict=True):
            if isinstance(value, bytes):
                data, value = data + value + b"\0", DATA + len(data)  # noqa: PLW2901 (its address)
            code += _move(register, value)
        code += _move(0xB848, number) + enter + _move(0xA348, ANSWERS + 8 * index)
    out = GATES["syscall"][0]
    code += _move(out[0], 1) + _move(out[1], ANSWERS) + _move(out[2], 8 * len(calls))
    code += _move(0xB848, 1) + b"\x0f\x05" + _move(out[0], 0) + _move(0xB848, 60) + b"\x0f\x05"
    head = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    head += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, BASE + 0x78, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = DATA - BASE + len(data)
    head += struct.pack("<IIQQQQQQ", 1, 7, 0, BASE, BASE, size, ROOM, 0x1000)
    return (head + code).ljust(DATA - BASE, b"\0") + data


def _execute(image: bytes) -> None:
    try:
        file = os.memfd_create("x")
        os.write(file, image)
        os.execve(file, ["x"], {})
    except OSError as error:
        os._exit(error.errno or 1)
