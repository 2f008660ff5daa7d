"""Names of processes, so that a worker which was killed is seen at once, not when its lease ends.

Only a process of this very machine, boot and pid namespace is ever called gone; of all others
nothing is known, and their leases end by themselves.
"""

import ctypes
import os
import signal
import threading
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_STATE, _STARTED = 0, 19  # fields of /proc/<pid>/stat counted after the name (proc(5))


def own_name() -> str:
    """Return ``machine/pid/start`` of this process."""
    pid = os.getpid()
    return f"{_machine()}/{pid}/{_started(pid)}"


def is_gone(name: str) -> bool:
    """Tell whether the process of that name certainly runs no more."""
    machine, _, rest = name.partition("/")
    pid, _, started = rest.partition("/")
    if not machine or machine != _machine() or not pid.isdigit():
        return False
    return _started(int(pid)) != started


def _machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _started(pid: int) -> str:
    """Return the start of a living process in clock ticks since boot, empty when it is dead."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[_STATE] in "ZX" else fields[_STARTED]


def die_with_parent(sign: signal.Signals, *, parent: int) -> None:
    """Make this process get `sign` when the process that started it is gone.

    Args:
        sign: The signal.
        parent: Id of that process, known before this one began: it may be gone by now.

    """
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):  # Linux
        libc.prctl(_PR_SET_PDEATHSIG, sign)
        if os.getppid() != parent:  # it was gone before we asked
            os.kill(os.getpid(), sign)
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os.kill(os.getpid(), sign)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()
