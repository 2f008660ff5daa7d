"""Make one box in a mount namespace of its own, start bubblewrap in it, watch it to its end.

A program of its own, started anew for each run with an empty environment, because mounts that
belong to a process vanish with it, also when a worker is killed. It imports nothing of ours and
little else: its start is part of the price of each run. It is told what to do on standard input
(`Plan`, as JSON) and answers on standard output (`Told`, as JSON); an open descriptor of the
program's `/output` goes back through the socket it was given, to be read once all is dead.
"""

# pathlib would cost a tenth of the whole start:
# ruff: noqa: PTH101, PTH102, PTH103, PTH120, PTH123

import _socket
import ctypes
import json
import os
import select
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypedDict

    class Overlay(TypedDict):
        """A folder of the host, shown under `BASE/at` with empty places to mount on in it."""

        source: str
        at: str
        folders: list[str]
        files: list[str]

    class Plan(TypedDict):
        """What to do; paths are the host's, times in seconds."""

        parent: int
        program: str  # bubblewrap, as it is found once `BASE` is hidden
        uid: int  # own account of this run; 0: stay who we are, in a user namespace
        joins: list[str]
        rlimits: list[tuple[int, int]]
        overlays: list[Overlay]
        single_files: list[tuple[str, str]]  # (file within BASE, where it is shown in BASE)
        output: str  # options of the tmpfs
        scratch: str
        options: list[str]  # of bubblewrap
        argv: list[str]
        seccomp: str  # hex
        seconds: float
        log_bytes: int
        written_log_bytes: int

    class Told(TypedDict):
        """How it ended."""

        status: int  # of bubblewrap, as waitpid gives it
        exit_code: int | None  # of the program; none when bubblewrap could not say
        killed_by: str
        wall_seconds: float
        is_log_cut: bool
        log: str  # hex


BASE = "/tmp"  # noqa: S108 (hidden under a tmpfs of our own; there on every Linux)
PIPE_BYTES = 65536
_PIPE_PIECES = 256  # of a pipe that its program made as wide as the kernel lets it
_PATH = 0o10000000  # O_PATH
_FOLDER = _PATH | os.O_DIRECTORY | os.O_CLOEXEC

# linux/mount.h, linux/sched.h, linux/prctl.h
_RDONLY, _NOSUID, _NODEV, _NOEXEC, _NOSYMFOLLOW = 1, 2, 4, 8, 256
_BIND, _REC, _SLAVE = 4096, 16384, 1 << 19
_NEWNS, _NEWUSER = 0x00020000, 0x10000000
_SET_PDEATHSIG, _SET_NO_NEW_PRIVS = 1, 38
# The C library keeps these for its threads and lets nobody set them, but hands them on ignored.
_THREAD_SIGNALS = (32, 33)
_RT_SIGACTION, _SIGACTION_BYTES, _MASK_BYTES = 13, 32, 8  # x86-64; all zeros is SIG_DFL

_libc = ctypes.CDLL(None, use_errno=True)


def main(channel: int) -> None:
    """Do one run; `channel` is the number of an inherited socket."""
    plan: Plan = json.loads(sys.stdin.buffer.read())
    _die_with(plan["parent"])
    os.umask(0o022)  # what is made here is for the program to enter, whatever the worker's own mask
    joins = [os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in plan["joins"]]
    _enter_namespaces(has_own_uid=plan["uid"] != 0)
    _mount_all(plan)
    _hand_over_output(channel)
    told = _run(plan, joins)
    sys.stdout.write(json.dumps(told))


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}", str(arguments[1:2]))


def _die_with(parent: int) -> None:
    _call("prctl", _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


def _enter_namespaces(*, has_own_uid: bool) -> None:
    """Go where mounts are ours alone; without root that takes a user namespace first."""
    uid, gid = os.getuid(), os.getgid()
    _call("unshare", _NEWNS if has_own_uid else _NEWNS | _NEWUSER)
    if not has_own_uid:
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1")
        _write("/proc/self/gid_map", f"0 {gid} 1")
    # Not private: what the host unmounts during a long run would stay busy here.
    _mount("none", "/", "", _REC | _SLAVE, "")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _mount(source: str, target: str, kind: str, flags: int, options: str) -> None:
    words = (source.encode(), target.encode(), kind.encode())
    _call("mount", *words, ctypes.c_ulong(flags), options.encode())


def _mount_all(plan: "Plan") -> None:
    """Hide `BASE` and lay out below it all that bubblewrap is to show."""
    # By descriptor, because `BASE` may hide them; opened here, for the kernel wants this namespace.
    opened = [os.open(overlay["source"], _FOLDER) for overlay in plan["overlays"]]
    _mount("palio", BASE, "tmpfs", _NOSUID | _NODEV | _NOEXEC, "size=1m,nr_inodes=2000,mode=755")
    for number, (overlay, folder) in enumerate(zip(plan["overlays"], opened, strict=True)):
        _overlay(overlay, folder, points=f"{BASE}/points{number}")
    for source, at in plan["single_files"]:
        _touch(f"{BASE}/{at}")
        _mount(f"{BASE}/{source}", f"{BASE}/{at}", "", _BIND, "")
    quiet = _NOSUID | _NODEV | _NOEXEC
    for name, flags in (("output", quiet | _NOSYMFOLLOW), ("scratch", quiet)):
        os.mkdir(f"{BASE}/{name}")
        options = plan["output"] if name == "output" else plan["scratch"]
        _mount("palio", f"{BASE}/{name}", "tmpfs", flags, options)
    for name in ("tmp", "shm"):  # one size for both
        os.mkdir(f"{BASE}/scratch/{name}")
        os.chmod(f"{BASE}/scratch/{name}", 0o1777)  # noqa: S103 (as any /tmp)


def _overlay(overlay: "Overlay", folder: int, *, points: str) -> None:
    """Show a folder through an overlay of this run alone.

    File locks, leases and watches belong to the overlay's own inodes, so two runs of one folder
    cannot speak through them. The empty places on top hide whatever the folder has there, links
    too: what is mounted on them later lands where it should.
    """
    at = f"{BASE}/{overlay['at']}"
    os.makedirs(at)
    os.mkdir(points)
    for name in overlay["folders"]:
        os.makedirs(f"{points}/{name}", exist_ok=True)
    for name in overlay["files"]:
        os.makedirs(os.path.dirname(f"{points}/{name}"), exist_ok=True)
        _touch(f"{points}/{name}")
    lower = f"lowerdir={points}:/proc/self/fd/{folder}"
    _mount("palio", at, "overlay", _RDONLY | _NOSUID | _NODEV, lower)


def _touch(path: str) -> None:
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))


def _hand_over_output(channel: int) -> None:
    output = os.open(f"{BASE}/output", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    out = _socket.socket(fileno=channel)
    descriptor = output.to_bytes(4, sys.byteorder)
    out.sendmsg([b"o"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, descriptor)])
    out.close()
    os.close(output)


def _run(plan: "Plan", joins: list[int]) -> "Told":
    log, log_end = os.pipe2(os.O_CLOEXEC)
    status, status_end = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(log, False)
    if plan["uid"]:
        os.fchown(log_end, plan["uid"], plan["uid"])  # or /dev/stdout could not be opened again
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        _become_box(plan, joins, log_end, status_end)
    os.close(log_end)
    os.close(status_end)
    told = _watch(plan, child, log, started)
    told["exit_code"] = _exit_code(status)
    return told


def _become_box(plan: "Plan", joins: list[int], log_end: int, status_end: int) -> None:
    """Turn this process into bubblewrap, bounded and with nothing of ours; never return."""
    try:
        for join in joins:
            os.write(join, b"0")
        _write("/proc/self/oom_score_adj", "1000")
        _drop_rights(plan)
        _die_with(os.getppid())  # after the change of account, which would have undone it
        _call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _forget_signals()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        arguments = [
            "bwrap", "--args", str(_memory_file("\0".join((*plan["options"], "")).encode())),
            "--seccomp", str(_memory_file(bytes.fromhex(plan["seccomp"]))),
            "--json-status-fd", str(status_end), "--", *plan["argv"],
        ]  # fmt: skip
        os.set_inheritable(status_end, True)  # noqa: FBT003 (no keyword)
        os.dup2(log_end, 1)
        os.dup2(log_end, 2)
        os.execve(plan["program"], arguments, {})  # noqa: S606 (the point)
    except BaseException as error:  # noqa: BLE001 (a fork must never return)
        os.write(2, f"palio: {error}\n".encode())
    finally:
        os._exit(1)


def _drop_rights(plan: "Plan") -> None:
    import resource  # noqa: PLC0415 (slow import)

    for which, most in plan["rlimits"]:
        hard = resource.getrlimit(which)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (bound, bound))
    if plan["uid"]:
        os.setgroups([])
        os.setresgid(plan["uid"], plan["uid"], plan["uid"])
        os.setresuid(plan["uid"], plan["uid"], plan["uid"])


def _forget_signals() -> None:
    """Undo what Python or the worker ignore or block: it would be handed on to the program."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    for unnamed in _THREAD_SIGNALS:
        _call("syscall", _RT_SIGACTION, unnamed, bytes(_SIGACTION_BYTES), None, _MASK_BYTES)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _memory_file(content: bytes) -> int:
    descriptor = os.memfd_create("palio", 0)
    os.write(descriptor, content)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _watch(plan: "Plan", child: int, log: int, started: float) -> "Told":
    """Wait for the end of bubblewrap, of the time or of the room for output.

    Never for the end of the output: a child left behind may hold it open. To kill bubblewrap is
    to kill the first process of the box's process namespace, and so all of them.
    """
    end = os.pidfd_open(child)
    poll = select.poll()
    poll.register(end, select.POLLIN)
    poll.register(log, select.POLLIN)
    kept, written, killed_by = bytearray(), 0, "nobody"
    while killed_by == "nobody":
        left = started + plan["seconds"] - time.monotonic()
        ready = {descriptor for descriptor, _ in poll.poll(max(0, left) * 1000)}
        if log in ready:
            chunk = _read(log)
            if not chunk:
                poll.unregister(log)
            written += len(chunk)
            _keep(kept, chunk, plan["log_bytes"])
        if end in ready:
            break
        if written > plan["written_log_bytes"]:
            killed_by = "log"
        elif left <= 0:
            killed_by = "clock"
    if killed_by != "nobody":
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    wall_seconds = time.monotonic() - started
    rest = b"".join(_read(log) for _ in range(_PIPE_PIECES))
    _keep(kept, rest, plan["log_bytes"])
    del kept[: max(0, len(kept) - plan["log_bytes"])]
    return {
        "status": status, "exit_code": None, "killed_by": killed_by,
        "wall_seconds": wall_seconds, "log": kept.hex(),
        "is_log_cut": written + len(rest) > plan["log_bytes"],
    }  # fmt: skip


def _read(log: int) -> bytes:
    try:
        return os.read(log, PIPE_BYTES)
    except BlockingIOError:
        return b""


def _keep(kept: bytearray, chunk: bytes, most: int) -> None:
    kept += chunk
    if len(kept) > 2 * most:  # not at each chunk: cutting copies what is kept
        del kept[: len(kept) - most]


def _exit_code(status: int) -> int | None:
    """Read what bubblewrap told of the program; it tells nothing of one that never started."""
    os.set_blocking(status, False)
    for line in _read(status).splitlines():
        told = json.loads(line)
        if "exit-code" in told:
            return int(told["exit-code"])
    return None


if __name__ == "__main__":
    main(int(sys.argv[1]))
