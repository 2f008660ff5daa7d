"""A sandbox that runs nothing: each run ends as the test says."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from palio.sandbox.outcome import Killer, Level, Outcome
from palio.sandbox.spec import Collected, Probe, RunName, RunReport, RunSpec

Behaviour = Callable[[RunSpec, Path], RunReport]


def ended(outcome: Outcome, *, exit_code: int = 1, log: bytes = b"", reason: str = "") -> RunReport:
    """How a run ended that wrote nothing."""
    return RunReport(
        outcome=outcome,
        exit_code=exit_code,
        killed_by=Killer.NOBODY,
        wall_seconds=1.234,
        cpu_seconds=1.111,
        peak_memory_bytes=20_000_001,
        log=log,
        is_log_cut=False,
        collected=(),
        reason=reason,
    )


def wrote(folder: Path, content: bytes, *, name: str = "predictions.csv") -> RunReport:
    """How a run ended that wrote one file."""
    path = folder / name
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    report = ended(Outcome.FINISHED, exit_code=0, log=b"done\n")
    return replace(report, collected=(Collected(name, path, digest, len(content)),))


@dataclass
class FakeSandbox:
    """Fulfils `spec.Sandbox`; keeps what it was asked."""

    behave: Behaviour
    runs: list[RunSpec] = field(default_factory=list)
    images: set[str] = field(default_factory=set)
    left: list[RunName] = field(default_factory=list)

    def probe(self) -> Probe:
        return Probe("bubblewrap", Level.NAMESPACES, (), ())

    def run(self, spec: RunSpec, *, collect_into: Path) -> RunReport:
        self.runs.append(spec)
        return self.behave(spec, collect_into)

    def add_image(self, archive: Path, *, image_id: str) -> None:
        assert archive.is_file()
        self.images.add(image_id)

    def prune_images(self, *, keep: frozenset[str]) -> tuple[str, ...]:
        gone = self.images - keep
        self.images -= gone
        return tuple(sorted(gone))

    def reap(self, *, is_live: Callable[[RunName], bool]) -> tuple[str, ...]:
        dead = [name for name in self.left if not is_live(name)]
        self.left = [name for name in self.left if name not in dead]
        return tuple(str(name) for name in dead)
