"""One backend with everything a run needs: a root, inputs, and a host with something to hide."""

import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.conformance import corpus

from palio.sandbox.spec import (
    Collected,
    Limits,
    Mount,
    RunName,
    RunReport,
    RunSpec,
    RuntimeRoot,
    Sandbox,
    Wanted,
)

MIB = 2**20
PYTHON = "/usr/bin/python3"
LABELS = "id,y\n1,CANARY-LABELS\n2,CANARY-LABELS\n"
FEATURES = "id,x\n1,0.1\n2,0.2\n"
#: The smallest that leaves no doubt which limit it was that stopped a program.
LIMITS = Limits(
    seconds=10,
    memory_bytes=256 * MIB,
    processes=64,
    output_bytes=16 * MIB,
    output_inodes=256,
    scratch_bytes=16 * MIB,
    scratch_inodes=1024,
    log_bytes=64 * 2**10,
    written_log_bytes=64 * MIB,
)
PREDICTIONS = Wanted("predictions.csv", 8 * MIB)

_jobs = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Bench:
    """Runs programs in one backend.

    Attributes:
        backend: Its name in `boxes.NAMES`.
        site: All runs of this test process, and of no other, bear it.
        mark: In the environment of every program, so that its processes can be told on the host.
        folder: The test's own.

    """

    backend: str
    sandbox: Sandbox
    root: RuntimeRoot
    site: str
    folder: Path
    mark: str
    taken: list[Path] = field(default_factory=list)

    @property
    def labels(self) -> Path:
        """The answers, on this host and in no box."""
        return self.folder / "labels.csv"

    def name(self) -> RunName:
        """Give a name no other run of this process has."""
        return RunName(self.site, f"job{os.getpid()}x{next(_jobs)}", 1, "model")

    def spec(
        self,
        *argv: str,
        limits: Limits = LIMITS,
        env: Mapping[str, str] | None = None,
        mounts: tuple[Mount, ...] | None = None,
        wanted: tuple[Wanted, ...] = (PREDICTIONS,),
        name: RunName | None = None,
    ) -> RunSpec:
        """Describe a run that sees the programs, and features unless other mounts are given."""
        if mounts is None:
            mounts = (Mount(self.folder / "input", "/input"),)
        return RunSpec(
            name=name or self.name(),
            root=self.root,
            argv=argv,
            limits=limits,
            mounts=(Mount(corpus.PROGRAMS, "/app"), *mounts),
            env={"HOSTILE_OK": "sandbox", "MARK": self.mark, **(env or {})},
            wanted=wanted,
        )

    def run(self, spec: RunSpec) -> RunReport:
        """Run it and keep what it gave in a new folder."""
        into = self.folder / f"taken{len(self.taken)}"
        into.mkdir()
        self.taken.append(into)
        return self.sandbox.run(spec, collect_into=into)

    def python(
        self,
        code: str,
        *,
        wanted: tuple[Wanted, ...] = (),
        limits: Limits = LIMITS,
        env: Mapping[str, str] | None = None,
    ) -> RunReport:
        """Run a piece of Python."""
        return self.run(self.spec(PYTHON, "-Ic", code, wanted=wanted, limits=limits, env=env))

    def program_spec(
        self, program: corpus.Program, *, env: Mapping[str, str] | None = None
    ) -> RunSpec:
        """Describe a run of a hostile program of ours."""
        # Without -I, which would hide the module the programs share.
        path = f"/app/{program.file.name}"
        mounts = None
        if program.name.startswith("metric_"):
            mounts = (
                Mount(self.folder / "ref", "/input/ref"),
                Mount(self.folder / "res", "/input/res"),
            )
        return self.spec(
            *(PYTHON, "-Es", path),
            limits=replace(LIMITS, seconds=program.seconds),
            env={"LABELS_ON_HOST": str(self.labels), **(env or {})},
            mounts=mounts,
        )

    def program(self, name: str, *, env: Mapping[str, str] | None = None) -> RunReport:
        """Run a hostile program of ours."""
        program = next(program for program in corpus.ours() if program.name == name)
        return self.run(self.program_spec(program, env=env))


@contextmanager
def furnished(folder: Path) -> Iterator[None]:
    """Lay out inputs, and hold the answers open the way a careless worker would."""
    for name, text in {
        "labels.csv": LABELS,
        "input/features.csv": FEATURES,
        "ref/labels.csv": LABELS,
        "res/predictions.csv": corpus.GOOD.decode(),
    }.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="ascii")
    careless = [os.open(folder / "labels.csv", os.O_RDONLY), os.open("/", os.O_RDONLY)]
    for file in careless:
        os.set_inheritable(file, True)  # noqa: FBT003 (its only argument)
    try:
        yield
    finally:
        for file in careless:
            os.close(file)


def content(report: RunReport) -> bytes:
    """Return the one collected file's bytes."""
    collected: Collected = report.collected[0]
    return collected.path.read_bytes()
