"""Decides which box runs what: a pure rule over what the machine offers and the operator allows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from palio.sandbox.spec import Level, Probe, Sandbox, SandboxError

_ORDER: Final = tuple(Level)


class Need(StrEnum):
    """What is to be run."""

    METRIC = "metric"  # the host's program
    CODE = "code"  # a participant's program in the host's runtime
    IMAGE = "image"  # a participant's image


_NAMES: Final = {
    Need.METRIC: "a metric of the host's own",
    Need.CODE: "a participant's code",
    Need.IMAGE: "a participant's image",
}


class Backend(StrEnum):
    """The ways to make a box, the one that starts quickest first."""

    BUBBLEWRAP = "bubblewrap"
    DOCKER = "docker"
    GVISOR = "gvisor"


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's settings.

    Attributes:
        backends: Those that may be used, the quickest first; none: nothing is run.
        least_for_code: The weakest wall around a program of a participant.
        least_for_images: The weakest wall around an image of a participant.

    """

    backends: tuple[Backend, ...] = tuple(Backend)
    least_for_code: Level = Level.NAMESPACES
    least_for_images: Level = Level.NAMESPACES


class NoBoxError(SandboxError):
    """Nothing here may run this; says what is missing and what to do."""


def least_for(need: Need, policy: Policy) -> Level:
    """Give the weakest wall that will do; never none at all, whatever the settings say."""
    asked = {
        Need.METRIC: Level.NAMESPACES,
        Need.CODE: policy.least_for_code,
        Need.IMAGE: policy.least_for_images,
    }
    return max(asked[need], Level.NAMESPACES, key=_ORDER.index)


def choose(need: Need, probes: Mapping[Backend, Probe], policy: Policy) -> Backend:
    """Choose among what the machine offers. Pure.

    An image may hold any program at all, so it gets the strongest wall there is. Code and
    metrics start from a file system of ours: they get the quickest box that is strong enough.

    Raises:
        NoBoxError: None is strong enough, or the operator wants none.

    """
    least = least_for(need, policy)
    fit = [
        backend
        for backend in policy.backends
        if backend in probes and is_at_least(probes[backend].level, least)
    ]
    if not fit:
        raise NoBoxError(_why_not(need, least, probes, policy))
    if need is Need.IMAGE:
        return max(fit, key=lambda backend: _ORDER.index(probes[backend].level))
    return fit[0]


def is_at_least(level: Level, least: Level) -> bool:
    """Tell whether one wall is as strong as another."""
    return _ORDER.index(level) >= _ORDER.index(least)


def _why_not(need: Need, least: Level, probes: Mapping[Backend, Probe], policy: Policy) -> str:
    if not policy.backends:
        return "Running programs is switched off in the settings: PALIO_SANDBOX_BACKEND is none."
    words = [f"Nothing here may run {_NAMES[need]}: a box of level {least} or stronger is needed."]
    for backend, probe in probes.items():
        lacking = " ".join(probe.missing) if not is_at_least(probe.level, least) else ""
        words.append(f"{backend}: level {probe.level}. {lacking}".rstrip())
    return " ".join(words)


def look(
    opened: Callable[[Backend], Sandbox], *, policy: Policy, needs: Iterable[Need] = tuple(Need)
) -> Mapping[Backend, Probe]:
    """Try out what the policy allows, each with a small program, until every need is met.

    Args:
        opened: Gives a backend.
        policy: The operator's.
        needs: What is to be run; for images everything is tried, to find the strongest.

    """
    left = set(needs)
    found: dict[Backend, Probe] = {}
    for backend in policy.backends:
        probe = found[backend] = opened(backend).probe()
        left -= {
            need
            for need in left - {Need.IMAGE}
            if is_at_least(probe.level, least_for(need, policy))
        }
        if not left:
            break
    return found


def open_backend(backend: Backend, state: Path, *, site: str, socket: str = "") -> Sandbox:
    """Make one backend; nothing is looked at yet.

    Args:
        backend: Which.
        state: A folder of ours.
        site: Eight hex digits of the installation.
        socket: Path of the engine's socket; empty: the one the machine offers.

    """
    # Each has needs of its own, and a machine may lack those of one.
    if backend is Backend.BUBBLEWRAP:
        from palio.sandbox.bubblewrap.backend import BubblewrapSandbox  # noqa: PLC0415 (slow import)

        return BubblewrapSandbox(state, site=site)
    from palio.sandbox.docker.backend import DockerSandbox  # noqa: PLC0415 (optional dependency)

    runtime = "runsc" if backend is Backend.GVISOR else ""
    return DockerSandbox(state, site=site, socket=socket, runtime=runtime)


def find(need: Need, state: Path, *, site: str) -> tuple[Sandbox, Probe]:
    """Find a box at home, where no operator has a say.

    Raises:
        NoBoxError: There is none, with what is missing.

    """
    policy = Policy()

    def opened(backend: Backend) -> Sandbox:
        return open_backend(backend, state, site=site)

    probes = look(opened, policy=policy, needs=(need,))
    chosen = choose(need, probes, policy)
    return opened(chosen), probes[chosen]
