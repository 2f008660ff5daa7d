"""Decides which box runs what: a pure rule over what the machine offers and the operator allows."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from palio.sandbox.spec import Level, Probe, Sandbox

_ORDER = tuple(Level)


class Need(StrEnum):
    """What is to be run."""

    METRIC = "metric"  # the host's program
    CODE = "code"  # a participant's program in the host's runtime
    IMAGE = "image"  # a participant's image


_NAMES = {
    Need.METRIC: "a metric of the host's own",
    Need.CODE: "a participant's code",
    Need.IMAGE: "a participant's image",
}


class Backend(StrEnum):
    """What the operator lets us use."""

    AUTO = "auto"
    DOCKER = "docker"
    BUBBLEWRAP = "bubblewrap"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's settings.

    Attributes:
        backend: The one to use; AUTO: whatever fits.
        least_for_code: The weakest wall around a program of a participant.
        least_for_images: The weakest wall around an image of a participant.

    """

    backend: Backend = Backend.AUTO
    least_for_code: Level = Level.NAMESPACES
    least_for_images: Level = Level.NAMESPACES


class NoBoxError(Exception):
    """Nothing here may run this; says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A backend, and what it was found to be fit for."""

    sandbox: Sandbox
    probe: Probe


@dataclass(frozen=True, slots=True)
class Boxes:
    """The backends of this machine under the operator's policy."""

    offers: tuple[Offer, ...]
    policy: Policy

    def for_need(self, need: Need) -> Sandbox:
        """Give the box to use.

        Raises:
            NoBoxError: None is strong enough.

        """
        probes = tuple(offer.probe for offer in self.offers)
        chosen = choose(need, probes, self.policy)
        return self.offers[probes.index(chosen)].sandbox

    def offers_need(self, need: Need) -> bool:
        """Tell whether there is a box for it."""
        try:
            self.for_need(need)
        except NoBoxError:
            return False
        return True


def least_for(need: Need, policy: Policy) -> Level:
    """Give the weakest wall that will do; never none at all, whatever the settings say."""
    asked = {
        Need.METRIC: Level.NAMESPACES,
        Need.CODE: policy.least_for_code,
        Need.IMAGE: policy.least_for_images,
    }
    return max(asked[need], Level.NAMESPACES, key=_ORDER.index)


def choose(need: Need, probes: tuple[Probe, ...], policy: Policy) -> Probe:
    """Choose among what the machine offers.

    A participant's program gets the strongest wall there is. A metric is the host's own program,
    run for every submission: it gets the box that starts fastest among those that are strong
    enough, which is the one nearest to the kernel.

    Raises:
        NoBoxError: None is strong enough, or the operator wants none.

    """
    if policy.backend is Backend.NONE:
        raise NoBoxError("Running programs is switched off in the settings: backend is none.")
    least = least_for(need, policy)
    fit = [
        probe
        for probe in probes
        if policy.backend in {Backend.AUTO, probe.backend} and is_at_least(probe.level, least)
    ]
    if not fit:
        raise NoBoxError(_why_not(need, least, probes, policy))
    strongest_first = sorted(fit, key=lambda probe: _ORDER.index(probe.level), reverse=True)
    return strongest_first[-1 if need is Need.METRIC else 0]


def is_at_least(level: Level, least: Level) -> bool:
    """Tell whether one wall is as strong as another."""
    return _ORDER.index(level) >= _ORDER.index(least)


def _why_not(need: Need, least: Level, probes: tuple[Probe, ...], policy: Policy) -> str:
    words = [f"Nothing here may run {_NAMES[need]}: a box of level {least} or stronger is needed."]
    for probe in probes:
        if policy.backend not in {Backend.AUTO, probe.backend}:
            words.append(f"{probe.backend}: not used, the settings say {policy.backend}.")
        else:
            lacking = " ".join(probe.missing) if not is_at_least(probe.level, least) else ""
            words.append(f"{probe.backend}: level {probe.level}. {lacking}".rstrip())
    return "\n".join(words)


def open_boxes(
    state: Path, *, site: str, policy: Policy, docker_socket: str = "", runtime: str = ""
) -> Boxes:
    """Open every backend that the policy allows, and try each out.

    Args:
        state: A folder of ours.
        site: Eight hex digits of the installation.
        policy: The operator's.
        docker_socket: Path of the engine's socket; empty: the one the machine offers.
        runtime: The one runtime of the engine to use; empty: its own, and gVisor too.

    """
    # Each has needs of its own, and a machine may lack those of one.
    from palio.sandbox.bubblewrap import BubblewrapSandbox  # noqa: PLC0415 (optional dependency)
    from palio.sandbox.engine import DockerSandbox  # noqa: PLC0415 (optional dependency)

    sandboxes: list[Sandbox] = []
    if policy.backend in {Backend.AUTO, Backend.BUBBLEWRAP}:
        sandboxes.append(BubblewrapSandbox(state, site=site))
    if policy.backend in {Backend.AUTO, Backend.DOCKER}:
        sandboxes += [
            DockerSandbox(state, site=site, socket=docker_socket, runtime=name)
            for name in ([runtime] if runtime else ["", "runsc"])
        ]
    return Boxes(tuple(Offer(sandbox, sandbox.probe()) for sandbox in sandboxes), policy)
