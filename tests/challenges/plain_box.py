"""A stand-in for a box: a plain process. It runs nothing but this project's own programs."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from palio.sandbox.outcome import End, Killer, classify
from palio.sandbox.spec import (
    Collected,
    Level,
    Probe,
    RunName,
    RunReport,
    RunSpec,
    SandboxError,
)

TIME_OVER = 142  # killed by the alarm


class Zygote:
    """A process with pandas loaded that forks itself for each run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", Path(__file__).with_name("zygote.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, argv: list[str], *, cwd: Path, log: Path, seconds: int) -> int:
        request = {"argv": argv, "cwd": str(cwd), "log": str(log), "seconds": seconds}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


@dataclass
class PlainBox:
    """Runs a spec with the paths of its mounts put in place of those inside a box.

    Attributes:
        specs: What was run, by the box's name.
        breaks: Names of boxes that cannot be made.
        seen: What each box found in its input, by the box's name: file names and bytes.

    """

    zygote: Zygote
    specs: dict[str, RunSpec] = field(default_factory=dict)
    breaks: frozenset[str] = frozenset()
    seen: dict[str, dict[str, bytes]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def probe(self) -> Probe:
        return Probe("plain", Level.NONE, (), ("for tests only",))

    def run(self, spec: RunSpec, *, collect_into: Path) -> RunReport:
        with self.lock:
            self.specs[spec.name.box] = spec
            self.seen[spec.name.box] = {
                str(path.relative_to(spec.mounts[0].source)): path.read_bytes()
                for path in spec.mounts[0].source.rglob("*")
                if path.is_file()
            }
        if spec.name.box in self.breaks:
            raise SandboxError("the engine does not answer")
        folder = collect_into.parent / f"out-{spec.name.box}"
        folder.mkdir()
        places = {mount.target: mount.source for mount in spec.mounts} | {"/output": folder}
        log_path = collect_into.parent / f"log-{spec.name.box}"
        argv = [_placed(word, places) for word in spec.argv]
        assert Path(argv[0]).name.startswith("python")
        code = self.zygote.run(
            argv[1:], cwd=places[spec.workdir], log=log_path, seconds=int(spec.limits.seconds)
        )
        killed_by = Killer.CLOCK if code == TIME_OVER else Killer.NOBODY
        log = log_path.read_bytes()
        files = [folder / wanted.name for wanted in spec.wanted]
        refusal = "" if all(path.is_file() for path in files) else "output:missing"
        end = End(exit_code=code, killed_by=killed_by, had_memory_kill=False, refusal=refusal)
        outcome = classify(end)
        collected = tuple(_collect(path, collect_into) for path in files if not refusal)
        return RunReport(
            outcome=outcome,
            exit_code=code,
            killed_by=killed_by,
            wall_seconds=0.1,
            cpu_seconds=0.1,
            peak_memory_bytes=0,
            log=log[-spec.limits.log_bytes :],
            is_log_cut=False,
            collected=collected if outcome == "finished" else (),
            reason=refusal,
        )

    def add_image(self, archive: Path, *, image_id: str) -> None:
        raise NotImplementedError(f"{archive} {image_id}")

    def prune_images(self, *, keep: frozenset[str]) -> tuple[str, ...]:
        raise NotImplementedError(str(keep))

    def reap(self, *, is_live: Callable[[RunName], bool]) -> tuple[str, ...]:
        raise NotImplementedError(str(is_live))


def _placed(word: str, places: dict[str, Path]) -> str:
    for target, source in places.items():
        if word == target or word.startswith(f"{target}/"):
            return f"{source}{word[len(target) :]}"
    return word


def _collect(path: Path, into: Path) -> Collected:
    raw = path.read_bytes()
    (into / path.name).write_bytes(raw)
    return Collected(path.name, into / path.name, sha256(raw).hexdigest(), len(raw))
