"""Stays with a container until its end: its time, its log and what it uses."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from palio.sandbox.docker.calls import Calls, EngineError
from palio.sandbox.docker.log import LogGauge
from palio.sandbox.outcome import EXIT_NOT_FOUND, EXIT_NOT_RUNNABLE, Killer
from palio.sandbox.spec import Limits

_LOOK_SECONDS = 0.5  # a flood fills a piece of log in a little more
_LOOKS_PER_MEASURE = 4  # an engine takes some milliseconds for it
_SIGKILL = 128 + 9
# What an engine says when an image's own users or folders are in the way of starting it.
_OF_THE_IMAGE = re.compile(
    r"unable to find (user|groups)|evalSymlinksInScope|docker-init\" to rootfs|reopening /dev/null"
)
_INIT_FAILED = b"[FATAL tini ("  # the engine's init, when the program in its care cannot start


@dataclass(slots=True)
class Watched:
    """What was seen of a run.

    Attributes:
        never_started: The entry program is missing or cannot be run.
        cpu_seconds, peak_memory_bytes: As of the last look; 0 of a run too short for one.

    """

    exit_code: int = 0
    killed_by: Killer = Killer.NOBODY
    had_memory_kill: bool = False
    never_started: bool = False
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0
    log: bytes = b""
    is_log_cut: bool = False


def watch(calls: Calls, box: str, limits: Limits, *, gauge: LogGauge) -> Watched:
    """Start a container and stay with it until everything in it is dead.

    Raises:
        EngineError: It could not be started, watched or killed.

    """
    seen = Watched()
    try:
        calls.start(box)
    except EngineError as error:
        seen.exit_code = int(calls.state(box)["ExitCode"])
        is_known = seen.exit_code in {EXIT_NOT_RUNNABLE, EXIT_NOT_FOUND}
        if not is_known and not _OF_THE_IMAGE.search(str(error)):
            raise
        seen.never_started = True
        return seen
    _stay(calls, box, limits, gauge=gauge, seen=seen)
    seen.log, seen.is_log_cut = calls.log_end(box, most_bytes=limits.log_bytes)
    _conclude(seen, calls.state(box))
    return seen


def _stay(calls: Calls, box: str, limits: Limits, *, gauge: LogGauge, seen: Watched) -> None:
    deadline, looks = time.monotonic() + limits.seconds, 0
    while not calls.wait(box, seconds=min(_LOOK_SECONDS, max(0.01, deadline - time.monotonic()))):
        if time.monotonic() >= deadline:
            if calls.kill(box):
                seen.killed_by = Killer.CLOCK
            return
        if gauge.read() > limits.written_log_bytes:
            calls.kill(box)
            break
        if looks % _LOOKS_PER_MEASURE == 0:
            _measure(calls, box, seen)
        looks += 1
    if gauge.read() > limits.written_log_bytes:  # also when it was done before we looked
        seen.killed_by = Killer.LOG


def _measure(calls: Calls, box: str, seen: Watched) -> None:
    cpu, memory = calls.usage(box)
    if cpu:  # all is zero of one that has just ended
        seen.cpu_seconds = cpu
        seen.peak_memory_bytes = max(seen.peak_memory_bytes, memory)


def _conclude(seen: Watched, state: Mapping[str, Any]) -> None:
    seen.exit_code = int(state["ExitCode"])
    seen.had_memory_kill = bool(state["OOMKilled"])
    if seen.killed_by is Killer.NOBODY and seen.had_memory_kill and seen.exit_code == _SIGKILL:
        seen.killed_by = Killer.MEMORY
    # A program can say the same; but not of one that never was what only a running one meets.
    is_untouched = seen.killed_by is Killer.NOBODY and not seen.had_memory_kill
    has_failed = seen.exit_code != 0 and seen.log.startswith(_INIT_FAILED)
    seen.never_started = is_untouched and has_failed
    started, ended = (datetime.fromisoformat(state[key]) for key in ("StartedAt", "FinishedAt"))
    seen.wall_seconds = max(0.0, (ended - started).total_seconds())
