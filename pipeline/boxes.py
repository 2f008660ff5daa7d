"""Which box runs what on this machine: the rule of `sandbox.choose` under the server's settings."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from palio.pipeline.bench import Boxes
from palio.pipeline.contracts import Abilities
from palio.sandbox import choose
from palio.sandbox.choose import Backend, Need, NoBoxError, Policy
from palio.sandbox.runtime.build import ensure
from palio.sandbox.spec import Level, Probe, Sandbox


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the settings say about boxes.

    Attributes:
        policy: Which boxes will do.
        folder: Where images, runtimes and unpacked packages are kept.
        socket: Of the Docker engine; empty = the one the machine offers.

    """

    policy: Policy
    folder: Path
    socket: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which backend runs what; None where none is strong enough."""

    code: Backend | None
    image: Backend | None
    metric: Backend | None
    abilities: Abilities


NOTHING: Final = Choice(code=None, image=None, metric=None, abilities=Abilities())


def opener(wanted: Wanted, *, site: str) -> Callable[[Backend], Sandbox]:
    """Return what opens backends in this process, each once: connections are not shared."""
    return cache(
        lambda backend: choose.open_backend(backend, wanted.folder, site=site, socket=wanted.socket)
    )


def look(
    wanted: Wanted, *, site: str, needs: Iterable[Need] = tuple(Need)
) -> Mapping[Backend, Probe]:
    """Try the backends out, as many as these needs ask for; see `choose.look`."""
    wanted.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return choose.look(opener(wanted, site=site), policy=wanted.policy, needs=needs)


def choice_of(probes: Mapping[Backend, Probe], *, policy: Policy, memory_bytes: int) -> Choice:
    """Say what runs where, and in words why something cannot."""
    found: dict[Need, Backend] = {}
    why_not: list[str] = []
    for need in Need:
        try:
            found[need] = choose.choose(need, probes, policy)
        except NoBoxError as error:
            why_not.append(str(error))

    def level(need: Need) -> Level:
        return probes[found[need]].level if need in found else Level.NONE

    return Choice(
        code=found.get(Need.CODE),
        image=found.get(Need.IMAGE),
        metric=found.get(Need.METRIC),
        abilities=Abilities(
            code=level(Need.CODE),
            image=level(Need.IMAGE),
            metric=level(Need.METRIC),
            memory_bytes=memory_bytes,
            words=why_not[0] if why_not else "",
        ),
    )


def machine_memory() -> int:
    """Return how many bytes of memory this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def boxes_of(choice: Choice, *, wanted: Wanted, site: str) -> Boxes:
    """Open the chosen backends in this process."""
    opened = opener(wanted, site=site)

    def box(backend: Backend | None) -> Sandbox | None:
        return None if backend is None else opened(backend)

    return Boxes(
        site=site,
        folder=wanted.folder,
        code=box(choice.code),
        image=box(choice.image),
        metric=box(choice.metric),
        abilities=choice.abilities,
        runtime=lambda: ensure(wanted.folder),
    )
