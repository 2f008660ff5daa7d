"""Finds a box on this machine for `palio model run`; says what is missing where there is none."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from palio.cli.client.errors import ClientError

if TYPE_CHECKING:
    from palio.sandbox.spec import Probe, Sandbox


def find(state: Path) -> tuple["Sandbox", "Probe"]:
    """Return the first box that works here: bubblewrap, which starts sooner, then Docker.

    Args:
        state: Folder for what boxes keep.

    Raises:
        ClientError: There is none; the hint says what to install.

    """
    from palio.sandbox.spec import Level  # noqa: PLC0415 (slow import)

    missing: list[str] = []
    for sandbox in _candidates(state):
        probe = sandbox.probe()
        if probe.level is not Level.NONE:
            return sandbox, probe
        missing += [f"{probe.backend}: {words.rstrip('.')}" for words in probe.missing]
    raise ClientError(
        "No box can be made on this machine, so the model was not run.",
        hint="; ".join(missing),
    )


def _candidates(state: Path) -> Iterator["Sandbox"]:
    from palio.sandbox.bubblewrap import BubblewrapSandbox  # noqa: PLC0415 (slow import)
    from palio.sandbox.engine import DockerSandbox  # noqa: PLC0415 (slow import)
    from palio.sandbox.model_box import site_of  # noqa: PLC0415 (slow import)

    site = site_of(state)
    yield BubblewrapSandbox(state, site=site)
    yield DockerSandbox(state, site=site)
