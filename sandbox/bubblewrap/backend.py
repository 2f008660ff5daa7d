"""Boxes made by bubblewrap, control groups and our own list of system calls, without an engine."""

import contextlib
import json
import os
import platform
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from palio.sandbox import cgroup, seccomp
from palio.sandbox.bubblewrap import (
    images,
    launch,
    probe,
)
from palio.sandbox.bubblewrap import (
    plan as plans,
)
from palio.sandbox.bubblewrap import (
    program as bubblewrap_program,
)
from palio.sandbox.collector import Refusal, collect
from palio.sandbox.outcome import EXIT_NOT_FOUND, End, Killer, Outcome, classify
from palio.sandbox.spec import (
    Collected,
    ImageRoot,
    Level,
    Probe,
    RunName,
    RunReport,
    RunSpec,
    SandboxError,
    Wanted,
)

if TYPE_CHECKING:
    from palio.sandbox.bubblewrap.launch import Plan, Told

_START_SECONDS = 30.0  # to make a box and to clear it away, on a busy machine
# What bubblewrap says, and nobody else can say yet, when the image is at fault.
_NOT_EXECUTED = (b"bwrap: execvp ", b"bwrap: Can't chdir ")


class BubblewrapSandbox:
    """A `spec.Sandbox` on bubblewrap.

    Args:
        state: A folder of ours; holds unpacked images under ``roots``.
        site: Eight hex digits; boxes of other sites are never touched.

    """

    def __init__(self, state: Path, *, site: str) -> None:
        self._state = state
        self._site = site

    @cached_property
    def _groups(self) -> cgroup.Groups:
        try:
            return cgroup.find()
        except OSError as error:
            raise SandboxError(f"Control groups cannot be used here: {error}") from error

    @cached_property
    def _program(self) -> bubblewrap_program.Program:
        return bubblewrap_program.find()

    def run(self, spec: RunSpec, *, collect_into: Path) -> RunReport:
        """Run one program to its end and clear everything of it away; see `spec.Sandbox`."""
        _check_machine()
        name = str(spec.name)
        if RunName.parse(name) != spec.name or "/" in name or spec.name.site != self._site:
            raise SandboxError(f"{name!r} is no name for a run of this site")
        try:
            return self._run(spec, collect_into=collect_into)
        except OSError as error:
            raise SandboxError(f"The box {name} failed: {error}") from error

    def _run(self, spec: RunSpec, *, collect_into: Path) -> RunReport:
        root = self._root(spec)
        group = self._groups.make(str(spec.name), plans.bounds(spec.limits))
        with _removed_at_end(group):
            plan = plans.plan(spec, root, program=self._program, group=group)
            with _launched(plan) as (told, output):
                group.kill()
                usage = group.usage()
                return _report(spec, told, usage, output, collect_into=collect_into)

    def _root(self, spec: RunSpec) -> Path:
        root = spec.root
        if isinstance(root, ImageRoot):
            folder = images.folder_of(self._state, root.image_id)
        else:
            folder = root.folder
        if not folder.is_dir():
            raise SandboxError(f"{folder} is not there: the image or runtime is not made ready")
        return folder

    def probe(self) -> Probe:
        """Look at the machine and run a small program inside; never raises."""
        facts: list[str] = []
        try:
            _check_machine()
            facts.append(f"bubblewrap {self._program.version}")
            facts.append(f"control groups {self._groups.label}")
            facts.append("as root" if os.geteuid() == 0 else "as an ordinary user")
        except SandboxError as error:
            return Probe("bubblewrap", Level.NONE, tuple(facts), (str(error),))
        fault = probe.try_out(self.run, probe.name(self._site))
        if fault:
            hints = probe.hints()
            return Probe("bubblewrap", Level.NONE, tuple(facts), (fault, *hints))
        weak = probe.weaknesses(has_cpu_limit="cpu" in self._groups.bases)
        return Probe("bubblewrap", Level.NAMESPACES, tuple(facts), weak)

    def add_image(self, archive: Path, *, image_id: str) -> None:
        """Unpack an image that intake accepted; see `spec.Sandbox`."""
        images.add(self._state, archive, image_id=image_id)

    def prune_images(self, *, keep: frozenset[str]) -> tuple[str, ...]:
        """Remove every image unpacked here that is not among `keep`; return their ids."""
        return images.prune(self._state, keep=keep)

    def reap(self, *, is_live: Callable[[RunName], bool]) -> tuple[str, ...]:
        """Kill and remove the groups dead workers left: all else vanished with them."""
        reaped = []
        for group in self._groups.left():
            name = RunName.parse(group.name)
            if name is None or name.site != self._site:
                continue
            if not probe.is_going_on(name) and not is_live(name):
                group.kill()
                group.remove()
                reaped.append(group.name)
        return tuple(reaped)


def _check_machine() -> None:
    if sys.platform != "linux" or platform.machine() != seccomp.MACHINE:
        raise SandboxError("Boxes without Docker need Linux on x86-64")


@contextlib.contextmanager
def _removed_at_end(group: cgroup.Group) -> Iterator[None]:
    try:
        yield
    finally:
        group.kill()
        group.remove()


@contextlib.contextmanager
def _launched(plan: "Plan") -> "Iterator[tuple[Told, int]]":
    """Have a launcher do `plan`; give what it told, and the program's `/output`, still mounted.

    Raises:
        SandboxError: The box could not be made, or the launcher did not answer.

    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            answer = _answer(plan, theirs)
        told = _told(answer)
        _, (output,), _, _ = socket.recv_fds(ours, 1, 1)
    try:
        yield told, output
    finally:
        os.close(output)  # the last hold on the mount


def _answer(plan: "Plan", channel: socket.socket) -> bytes:
    with subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-I", "-S", launch.__file__, str(channel.fileno())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},  # bubblewrap hands its own on: /proc/1/environ inside shows it
        pass_fds=[channel.fileno()],
        cwd="/",
        start_new_session=True,  # Ctrl-C is for us to act on
    ) as process:
        try:
            seconds = plan["seconds"] + _START_SECONDS
            answer, said = process.communicate(json.dumps(plan).encode(), timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise SandboxError("The launcher of a box did not answer in time") from error
        finally:
            process.kill()
    if process.returncode != 0:
        last = said.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise SandboxError(f"A box could not be made: {' '.join(last) or process.returncode}")
    return answer


def _told(answer: bytes) -> "Told":
    told: Told = json.loads(answer)
    return told


def _report(
    spec: RunSpec, told: "Told", usage: cgroup.Usage, output: int, *, collect_into: Path
) -> RunReport:
    log, killed_by = bytes.fromhex(told["log"]), Killer(told["killed_by"])
    had_memory_kill = usage.memory_kills > 0
    exit_code = _exit_code(told, log, had_memory_kill=had_memory_kill)
    collected: tuple[Collected, ...] = ()
    refusal = ""
    if exit_code == 0 and killed_by is Killer.NOBODY:
        collected, refusal = _collect_all(output, spec.wanted, into=collect_into)
    end = End(
        exit_code=EXIT_NOT_FOUND if exit_code is None else exit_code,
        killed_by=killed_by,
        had_memory_kill=had_memory_kill,
        never_started=exit_code is None,
        refusal=refusal,
    )
    outcome = classify(end)
    return RunReport(
        outcome=outcome,
        exit_code=exit_code,
        killed_by=Killer.MEMORY if outcome is Outcome.OUT_OF_MEMORY else killed_by,
        wall_seconds=told["wall_seconds"],
        cpu_seconds=usage.cpu_seconds,
        peak_memory_bytes=usage.peak_memory_bytes,
        log=log,
        is_log_cut=told["is_log_cut"],
        collected=collected,
        reason=refusal,
        had_memory_kill=had_memory_kill,
    )


def _exit_code(told: "Told", log: bytes, *, had_memory_kill: bool) -> int | None:
    """Say how the program ended, or nothing when it could not be executed.

    Raises:
        SandboxError: Bubblewrap itself failed before there was a program.

    """
    if told["exit_code"] is not None:
        return told["exit_code"]
    if os.WIFSIGNALED(told["status"]):  # by us, or by the kernel for the box's memory
        return 128 + os.WTERMSIG(told["status"])
    if had_memory_kill:  # so little memory that bubblewrap's own child was killed
        return 128 + signal.SIGKILL
    if log.startswith(_NOT_EXECUTED):
        return None
    raise SandboxError(f"A box could not be made: {log.decode('utf-8', 'replace').strip()}")


def _collect_all(
    output: int, wanted: tuple[Wanted, ...], *, into: Path
) -> tuple[tuple[Collected, ...], str]:
    """Take every wanted file, or none and the code of the first refusal."""
    taken: list[Collected] = []
    for each in wanted:
        found = collect(output, each, into=into)
        if isinstance(found, Refusal):
            for earlier in taken:
                earlier.path.unlink()
            return (), str(found)
        taken.append(found)
    return tuple(taken), ""
