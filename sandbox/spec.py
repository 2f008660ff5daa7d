"""The one contract of every box: what to run, under which limits, and what is told afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from palio.sandbox.outcome import Killer, Level, Outcome

__all__ = ["Level"]  # it stands beside the pure rules, and belongs to this contract

OUTPUT = "/output"
INPUT = "/input"
SCRATCH = "/tmp"  # noqa: S108 (a path inside the box)
NOBODY = 65534


class SandboxError(Exception):
    """The box could not be made, watched or cleared away: never the program's doing.

    Raised by `Sandbox.run`; whoever runs jobs tries again, later or elsewhere.
    """


class ImageRefusedError(Exception):
    """An image or bundle is not what the contract with participants asks for.

    Attributes:
        code: From a closed list, such as ``image:volume``; see `docs/compete/errors.md`.
        text: Words for its author; speaks of nothing but the file itself.
        hint: What to do.

    """

    def __init__(self, code: str, text: str, *, hint: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.hint = code, text, hint


@dataclass(frozen=True, slots=True)
class RunName:
    """Names one attempt at one box, everywhere it leaves a trace.

    Attributes:
        site: Eight hex digits of the installation: two of them may share one engine.
        job: Id of the job, letters and digits.
        fence: The job's lease; a higher one makes everything of a lower one rubbish.
        box: ``smoke``, ``model``, ``metric-public`` and so on.

    """

    site: str
    job: str
    fence: int
    box: str

    def __str__(self) -> str:
        """Write the name as engine, cgroups and mounts bear it."""
        return f"palio-{self.site}-{self.job}-{self.fence}-{self.box}"

    @classmethod
    def parse(cls, text: str) -> "RunName | None":
        """Read what `str` wrote; None when it is no name of ours."""
        parts = text.split("-", 4)
        is_ours = len(parts) == 5 and parts[0] == "palio"  # noqa: PLR2004 (five parts)
        if not is_ours or not (parts[3].isascii() and parts[3].isdigit()):
            return None
        return cls(site=parts[1], job=parts[2], fence=int(parts[3]), box=parts[4])


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of the host that the program may read and never write.

    Everybody must be allowed to read it (modes such as 0644 and 0755), for the program runs as an
    account that owns nothing; folders above it may be closed.
    """

    source: Path
    target: str  # absolute, inside the box


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use; all of it is enforced from outside the program.

    Attributes:
        seconds: Wall clock, after which everything in the box is killed.
        memory_bytes: Of all processes together, with everything they write to `/output` and
            `/tmp`. No swap on top.
        cpus: Cores' worth of time.
        processes: Processes and threads at once.
        output_bytes, output_inodes: Size of `/output`, files and folders in it.
        scratch_bytes, scratch_inodes: The same for `/tmp`.
        log_bytes: How much of the end of standard output and error is kept.
        written_log_bytes: How much may be written there at all before the run is ended.

    """

    seconds: float
    memory_bytes: int
    cpus: float = 1.0
    processes: int = 64
    output_bytes: int = 64 * 2**20
    output_inodes: int = 1024
    scratch_bytes: int = 64 * 2**20
    scratch_inodes: int = 4096
    log_bytes: int = 64 * 2**10
    written_log_bytes: int = 1024 * 2**20


@dataclass(frozen=True, slots=True)
class ImageRoot:
    """An accepted image, by the id its intake gave (`Sandbox.add_image`)."""

    image_id: str  # sha256:<64 hex>


@dataclass(frozen=True, slots=True)
class RuntimeRoot:
    """The host's published runtime: Python with the locked packages (`sandbox.runtime`)."""

    folder: Path


@dataclass(frozen=True, slots=True)
class Wanted:
    """One regular file to take from `/output` when the run ended well."""

    name: str  # plain name, no slash
    most_bytes: int


@dataclass(frozen=True, slots=True)
class RunSpec:
    """One run: what to start, what it sees, what it may use, what is taken from it.

    Attributes:
        root: Its whole file system, read-only.
        argv: From our own record, never from the image at run time.
        mounts: More to read, such as `/input`.
        env: The whole environment; `HOME`, `PATH` and `LANG` are set unless given.
        wanted: Files to collect; the first refusal decides the outcome. None: nothing is taken.
        workdir: Where the program starts.

    """

    name: RunName
    root: ImageRoot | RuntimeRoot
    argv: tuple[str, ...]
    limits: Limits
    mounts: tuple[Mount, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    wanted: tuple[Wanted, ...] = ()
    workdir: str = SCRATCH


@dataclass(frozen=True, slots=True)
class Collected:
    """A file taken from `/output`, copied and digested once every process was dead."""

    name: str
    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """How a run ended. A result, whatever the program did; what is ours is raised instead.

    Attributes:
        outcome: See `outcome.classify`.
        exit_code: Of the program; 128 + n when signal n ended it; None when it never started.
        killed_by: Who ended it, when it did not end by itself.
        wall_seconds, cpu_seconds: Of the whole box; 0.0 where the backend cannot tell.
        peak_memory_bytes: Of the whole box; 0 where the backend cannot tell.
        log: The end of what it wrote to standard output and error, at most `log_bytes`, raw:
            escape before showing (`sandbox.log.printable`).
        is_log_cut: There was more.
        collected: Nothing unless the outcome is FINISHED.
        reason: Code of a refusal by the collector, such as ``output:symlink``; empty otherwise.
        had_memory_kill: A process of the box was killed for memory, whatever the outcome.

    """

    outcome: Outcome
    exit_code: int | None
    killed_by: Killer
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    log: bytes
    is_log_cut: bool
    collected: tuple[Collected, ...]
    reason: str = ""
    had_memory_kill: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """What a backend can offer on this machine, tried out.

    Attributes:
        backend: ``docker`` or ``bubblewrap``.
        level: NONE when it is unfit for untrusted programs.
        facts: What was found, such as versions, for the operator.
        missing: What stands in the way or weakens it, each with the way out.

    """

    backend: str
    level: Level
    facts: tuple[str, ...]
    missing: tuple[str, ...]


class Sandbox(Protocol):
    """A way to run programs nobody trusts."""

    def probe(self) -> Probe:
        """Look at the machine and run a small program inside; never raises."""
        ...

    def run(self, spec: RunSpec, *, collect_into: Path) -> RunReport:
        """Run one program to its end and clear everything of it away.

        Args:
            spec: What to run.
            collect_into: An existing empty folder of the caller's, for the collected files.

        Raises:
            SandboxError: The box could not be made, watched or cleared away.

        """
        ...

    def add_image(self, archive: Path, *, image_id: str) -> None:
        """Make an image that intake accepted ready to run; nothing to do when it is already.

        Args:
            archive: What `sandbox.images.intake` wrote: one image, no tags.
            image_id: The id intake computed.

        Raises:
            SandboxError: No room, or the engine does not answer.

        """
        ...

    def prune_images(self, *, keep: frozenset[str]) -> tuple[str, ...]:
        """Remove every image added here that is not among `keep`; return their ids."""
        ...

    def reap(self, *, is_live: Callable[[RunName], bool]) -> tuple[str, ...]:
        """Kill and remove what dead workers left; return the names of what was found.

        Args:
            is_live: Tells of a run's name whether its worker still holds the job.

        """
        ...
