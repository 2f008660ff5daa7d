"""A box for tests of what stands around it: programs are scenes that a test writes down."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from palio.sandbox.outcome import Killer, Level, Outcome
from palio.sandbox.spec import (
    Collected,
    Probe,
    RunName,
    RunReport,
    RunSpec,
    SandboxError,
)


@dataclass(frozen=True, slots=True)
class Scene:
    """How a run goes.

    Attributes:
        files: What is in `/output` at its end, by name.
        outcome: Its end; FINISHED becomes INVALID_OUTPUT when a wanted file is not there.
        exit_code: Of the program; by default 0 for a good end, 1 for another.
        log: What the program wrote.
        had_memory_kill: A child was killed for memory.

    """

    files: Mapping[str, bytes] = field(default_factory=dict)
    outcome: Outcome = Outcome.FINISHED
    exit_code: int | None = None
    log: bytes = b""
    had_memory_kill: bool = False


Play = Callable[[RunSpec], Scene]

_KILLERS = {
    Outcome.TIMED_OUT: Killer.CLOCK,
    Outcome.OUTPUT_LIMIT: Killer.LOG,
    Outcome.OUT_OF_MEMORY: Killer.MEMORY,
}


class FakeSandbox:
    """Fulfils `spec.Sandbox` without a program: `FakeSandbox().plays("model", Scene(...))`.

    Attributes:
        runs: Every spec it was given.
        images: Ids of the images that were added and not pruned.
        left: Names that `reap` finds, until they are reaped.
        level: What `probe` says.

    """

    def __init__(self, *, level: Level = Level.GVISOR) -> None:
        self.level = level
        self.runs: list[RunSpec] = []
        self.images: set[str] = set()
        self.left: set[RunName] = set()
        self._plays: dict[str, list[Play]] = {}

    def plays(self, box: str, *scenes: Scene | Play) -> "FakeSandbox":
        """Say how runs of a box go, one after the other; the last goes on for ever.

        Args:
            box: As in `RunName.box`.
            scenes: Scenes, or functions that make one of a spec.

        """
        self._plays[box] = [_play(scene) for scene in scenes]
        return self

    def breaks(self, box: str, text: str = "the engine is gone") -> "FakeSandbox":
        """Say that runs of a box cannot be made."""

        def break_down(_spec: RunSpec) -> Scene:
            raise SandboxError(text)

        return self.plays(box, break_down)

    def probe(self) -> Probe:
        """Say that everything works."""
        missing = ("This is a stand-in for tests.",) if self.level is Level.NONE else ()
        return Probe("fake", self.level, (), missing)

    def run(self, spec: RunSpec, *, collect_into: Path) -> RunReport:
        """Play the next scene of the spec's box.

        Raises:
            SandboxError: The test said so, or wrote down no scene.

        """
        self.runs.append(spec)
        scenes = self._plays.get(spec.name.box, [])
        if not scenes:
            raise SandboxError(f"no scene was written down for the box {spec.name.box!r}")
        scene = (scenes.pop(0) if len(scenes) > 1 else scenes[0])(spec)
        return _report(spec, scene, collect_into)

    def add_image(self, archive: Path, *, image_id: str) -> None:
        """Remember an image; the archive must be there."""
        if not archive.is_file():
            raise SandboxError(f"{archive} is not there")
        self.images.add(image_id)

    def prune_images(self, *, keep: frozenset[str]) -> tuple[str, ...]:
        """Forget images."""
        gone = tuple(sorted(self.images - keep))
        self.images &= keep
        return gone

    def reap(self, *, is_live: Callable[[RunName], bool]) -> tuple[str, ...]:
        """Remove those of `left` that are not live."""
        dead = {name for name in self.left if not is_live(name)}
        self.left -= dead
        return tuple(sorted(map(str, dead)))


def _play(scene: Scene | Play) -> Play:
    return (lambda _spec: scene) if isinstance(scene, Scene) else scene


def _report(spec: RunSpec, scene: Scene, into: Path) -> RunReport:
    outcome, reason = scene.outcome, ""
    if outcome is Outcome.FINISHED and any(w.name not in scene.files for w in spec.wanted):
        outcome, reason = Outcome.INVALID_OUTPUT, "output:missing"
    is_good = outcome in {Outcome.FINISHED, Outcome.INVALID_OUTPUT}
    taken = spec.wanted if outcome is Outcome.FINISHED else ()
    return RunReport(
        outcome=outcome,
        exit_code=scene.exit_code if scene.exit_code is not None else int(not is_good),
        killed_by=_KILLERS.get(outcome, Killer.NOBODY),
        wall_seconds=1.0,
        cpu_seconds=1.0,
        peak_memory_bytes=2**20,
        log=scene.log[-spec.limits.log_bytes :],
        is_log_cut=len(scene.log) > spec.limits.log_bytes,
        collected=tuple(_collect(w.name, scene.files[w.name], into) for w in taken),
        reason=reason,
        had_memory_kill=scene.had_memory_kill,
    )


def _collect(name: str, content: bytes, into: Path) -> Collected:
    path = into / name
    path.write_bytes(content)
    return Collected(name, path, hashlib.sha256(content).hexdigest(), len(content))
