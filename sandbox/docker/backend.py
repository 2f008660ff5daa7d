"""Boxes of a Docker engine: the one place that imports its SDK, and the runs."""

import secrets
import socket as stdlib_socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from palio.sandbox import seccomp
from palio.sandbox.cgroup import Group, Groups
from palio.sandbox.collector import Refusal
from palio.sandbox.docker import config, hold, meter, probe, volume, watch
from palio.sandbox.docker.calls import Calls
from palio.sandbox.docker.config import Bind
from palio.sandbox.docker.images import Images
from palio.sandbox.docker.log import LogGauge
from palio.sandbox.docker.volume import Output, Ways
from palio.sandbox.docker.watch import Watched
from palio.sandbox.outcome import End, Outcome, classify
from palio.sandbox.spec import (
    Collected,
    ImageRoot,
    Level,
    Limits,
    Probe,
    RunName,
    RunReport,
    RunSpec,
    SandboxError,
)

CALL_SECONDS = 30  # an engine that does not answer must not hang a worker
IMAGE_SECONDS = 1800  # to take in an image of ten gigabytes
_PROBE_LIMITS = Limits(seconds=10, memory_bytes=32 * 2**20, processes=4)
_LARGEST_ERRNO = 133


def connect(socket: str = "") -> Calls:
    """Open a way to the engine at `socket`, or to the one the machine offers.

    Raises:
        SandboxError: The SDK is not installed, or no engine answers there.

    """
    try:
        import docker  # noqa: PLC0415 (optional dependency)
    except ImportError as error:
        raise SandboxError("the Docker SDK is missing: pip install 'palio[box]'") from error
    where = {"base_url": f"unix://{socket}"} if socket else docker.utils.kwargs_from_env()
    address = where.setdefault("base_url", docker.constants.DEFAULT_UNIX_SOCKET)
    try:
        _knock(address)
        api = docker.APIClient(**where, timeout=CALL_SECONDS)
        slow = docker.APIClient(**where, timeout=IMAGE_SECONDS, version=api.api_version)
    except (docker.errors.DockerException, OSError) as error:
        raise SandboxError(
            f"no Docker engine answers at {address}: start it, and let this user speak to it "
            "(group docker)"
        ) from error
    return Calls(api, slow)


def _knock(address: str) -> None:
    """Try a local socket: the SDK leaves its own open when nobody is there."""
    kind, _, path = address.partition("://")
    if kind.endswith("unix"):
        with closing(stdlib_socket.socket(stdlib_socket.AF_UNIX)) as trial:
            trial.connect(path)


class DockerSandbox:
    """Runs programs in containers of a Docker engine; fulfils `spec.Sandbox`.

    How much a program writes to its log is measured in the engine's own files, so only as root
    on the engine's machine; elsewhere `written_log_bytes` does not end a run. What is kept of a
    log is bounded everywhere, to two pieces of `config.log_piece`.

    Args:
        state: A folder of ours on this machine.
        site: Eight hex digits of the installation.
        socket: Path of the engine's socket; empty: the one the machine offers.
        runtime: The engine's word for a runtime, such as ``runsc``; empty: its default.

    """

    def __init__(self, state: Path, *, site: str, socket: str = "", runtime: str = "") -> None:
        self._state, self._site, self._socket, self._runtime = state, site, socket, runtime

    @cached_property
    def _calls(self) -> Calls:
        return connect(self._socket)

    @cached_property
    def _images(self) -> Images:
        return Images(self._calls, self._folder)

    @cached_property
    def _ways(self) -> Ways:
        name, image = self._name_of_trial(), self._images.hold()
        return volume.look(self._calls, name, image=image, folder=self._outputs)

    def _name_of_trial(self) -> RunName:
        return RunName(self._site, secrets.token_hex(4), 0, "trial")

    @cached_property
    def _info(self) -> Mapping[str, Any]:
        return self._calls.info()

    @cached_property
    def _groups(self) -> Groups | None:
        return meter.groups(self._info) if self._ways.sees_files else None

    @property
    def _folder(self) -> Path:
        return self._state / "docker"

    @property
    def _outputs(self) -> Path:
        return self._folder / "outputs"

    def probe(self) -> Probe:
        """Ask the engine, then run a program that tries a wall; see `spec.Sandbox`."""
        try:
            version = self._calls.version()
            judged = probe.judge(self._info, version, runtime=self._runtime)
            trouble = self._try_out() if judged.level is not Level.NONE else ""
        except (SandboxError, OSError) as error:
            return Probe("docker", Level.NONE, (), (f"{error}.",))
        if trouble:
            return Probe("docker", Level.NONE, judged.facts, (trouble, *judged.missing))
        return Probe("docker", judged.level, judged.facts, judged.missing)

    def _try_out(self) -> str:
        root = ImageRoot(self._images.hold())
        argv = (hold.TRY,)
        spec = RunSpec(self._name_of_trial(), root, argv=argv, limits=_PROBE_LIMITS)
        report = self.run(spec, collect_into=self._folder)
        if report.exit_code is not None and 0 < report.exit_code <= _LARGEST_ERRNO:
            return ""
        return (
            "A test program was let through to the machine's virtual sockets, or did not run: "
            f"{report.outcome}, exit {report.exit_code}."
        )

    def run(self, spec: RunSpec, *, collect_into: Path) -> RunReport:
        """Run one program in a container of its own; see `spec.Sandbox`."""
        try:
            for mount in spec.mounts:
                if not volume.is_readable_by_nobody(mount.source):
                    raise SandboxError(f"{mount.source} is not open to all: no box could read it")
            image = self._images.id_of(spec.root)
            with ExitStack() as stack:
                group = self._make_group(spec, stack)
                output, binds = self._make_output(spec, stack)
                body = config.container(
                    spec,
                    image=image,
                    binds=binds,
                    seccomp=seccomp.docker_profile(),
                    runtime=self._runtime,
                    group=meter.path_of(group) if group else "",
                )
                box = self._calls.create(str(spec.name), body)
                stack.callback(self._calls.remove, box)
                if group:
                    meter.bound_sockets(group, box)
                seen = self._watch(box, spec, group)
                return self._report(spec, seen, output, into=collect_into)
        except OSError as error:
            raise SandboxError(f"a box could not be made or cleared away: {error}") from error

    def _make_group(self, spec: RunSpec, stack: ExitStack) -> Group | None:
        if self._groups is None:
            return None
        return stack.enter_context(meter.metered(self._groups, str(spec.name), spec.limits))

    def _make_output(self, spec: RunSpec, stack: ExitStack) -> tuple[Output, tuple[Bind, ...]]:
        if self._ways.may_mount:
            way = volume.mounted(str(spec.name), spec.limits, spec.mounts, folder=self._outputs)
            output: Output = stack.enter_context(way)
            return output, output.binds
        sees_files, image = self._ways.sees_files, self._images.hold()
        copied = () if sees_files else spec.mounts
        output = stack.enter_context(
            volume.held(self._calls, spec.name, spec.limits, image=image, inputs=copied)
        )
        seen = spec.mounts if sees_files else ()
        binds = (Bind(str(mount.source.resolve()), mount.target) for mount in seen)
        return output, (*binds, *output.binds)

    def _watch(self, box: str, spec: RunSpec, group: Group | None) -> Watched:
        log = Path(str(self._info.get("DockerRootDir", "/nowhere"))) / "containers" / box
        piece = config.log_piece(spec.limits)
        gauge = LogGauge(log, piece=piece)
        seen = watch.watch(self._calls, box, spec.limits, gauge=gauge)
        if group:
            used = group.usage()
            seen.cpu_seconds = used.cpu_seconds
            # The group around it holds a few pages of the engine's own as well.
            seen.peak_memory_bytes = min(used.peak_memory_bytes, spec.limits.memory_bytes)
        return seen

    def _report(self, spec: RunSpec, seen: Watched, output: Output, *, into: Path) -> RunReport:
        end = End(
            exit_code=seen.exit_code,
            killed_by=seen.killed_by,
            had_memory_kill=seen.had_memory_kill,
            never_started=seen.never_started,
            is_gvisor=self._runtime == probe.GVISOR,
        )
        outcome, reason = classify(end), ""
        taken: list[Collected] = []
        if outcome is Outcome.FINISHED:
            for wanted in spec.wanted:
                found = output.collect(wanted, into=into)
                if isinstance(found, Refusal):
                    outcome, reason, taken = Outcome.INVALID_OUTPUT, str(found), []
                    break
                taken.append(found)
        return RunReport(
            outcome=outcome,
            exit_code=None if seen.never_started else seen.exit_code,
            killed_by=seen.killed_by,
            wall_seconds=seen.wall_seconds,
            cpu_seconds=seen.cpu_seconds,
            peak_memory_bytes=seen.peak_memory_bytes,
            log=seen.log,
            is_log_cut=seen.is_log_cut,
            collected=tuple(taken),
            reason=reason,
            had_memory_kill=seen.had_memory_kill,
        )

    def add_image(self, archive: Path, *, image_id: str) -> None:
        """Load an accepted image into the engine; see `spec.Sandbox`."""
        with _no_room():
            self._images.add(archive, image_id=image_id)

    def prune_images(self, *, keep: frozenset[str]) -> tuple[str, ...]:
        """Remove images that were added here; see `spec.Sandbox`."""
        with _no_room():
            return self._images.prune(keep=keep)

    def reap(self, *, is_live: Callable[[RunName], bool]) -> tuple[str, ...]:
        """Remove containers, volumes and mounts of dead workers; see `spec.Sandbox`.

        By name alone: an image can put any label on a container, but not choose its name.
        """
        found = set()
        with _no_room():
            for name, remove in self._leavings(f"palio-{self._site}-"):
                run = RunName.parse(name.partition(".")[0])
                if run is not None and not is_live(run):
                    remove()
                    found.add(str(run))
        return tuple(sorted(found))

    def _leavings(self, prefix: str) -> Iterator[tuple[str, Callable[[], None]]]:
        """Find what bears a name, what stands on others first, and how to remove each."""
        calls, groups = self._calls, self._groups
        for name in calls.names(prefix):
            yield name, partial(calls.remove, name)
        for name in calls.volumes(prefix):
            yield name, partial(calls.remove_volume, name)
        for place, name in volume.left_behind(prefix, folder=self._outputs).items():
            yield name, partial(volume.clear_away, place)
        if groups:
            for name in meter.left_behind(groups, prefix):
                yield name, partial(meter.clear_away, groups, name)


@contextmanager
def _no_room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SandboxError(f"files of the box could not be written or removed: {error}") from error
