"""Every backend of this machine, behind the one contract; the only place that builds them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from palio.sandbox.spec import Level, Sandbox

#: Set by every CI: there, these may not be missing.
IS_CI = os.environ.get("CI") == "true"  # noqa: TID251 (tests have no settings)
NEEDED_IN_CI = ("bubblewrap", "docker")


def _bubblewrap(state: Path, site: str) -> Sandbox:
    from palio.sandbox.bubblewrap.backend import BubblewrapSandbox  # noqa: PLC0415 (optional dependency)

    return BubblewrapSandbox(state, site=site)


def _docker(state: Path, site: str, *, runtime: str = "") -> Sandbox:
    from palio.sandbox.docker.backend import DockerSandbox  # noqa: PLC0415 (optional dependency)

    return DockerSandbox(state, site=site, runtime=runtime)


def _docker_that_shares_no_files(state: Path, site: str) -> Sandbox:
    """Behave as in a container, where a worker may not mount and the engine sees other files."""
    from palio.sandbox.docker.backend import DockerSandbox  # noqa: PLC0415 (optional dependency)
    from palio.sandbox.docker.volume import Ways  # noqa: PLC0415 (optional dependency)

    sandbox = DockerSandbox(state / "holder", site=site)
    sandbox.__dict__["_ways"] = Ways(may_mount=False, sees_files=False)
    return sandbox


_BUILD: dict[str, Callable[[Path, str], Sandbox]] = {
    "bubblewrap": _bubblewrap,
    "docker": _docker,
    "docker-holder": _docker_that_shares_no_files,
    "gvisor": lambda state, site: _docker(state, site, runtime="runsc"),
}
NAMES = tuple(_BUILD)


@dataclass(frozen=True, slots=True)
class Offer:
    """A backend on this machine: the sandbox, or why there is none."""

    name: str
    sandbox: Sandbox | None
    why_not: str = ""


def offer(name: str, *, state: Path, site: str) -> Offer:
    """Build a backend and try it out."""
    try:
        sandbox = _BUILD[name](state, site)
    except Exception as error:  # noqa: BLE001 (no engine there, and each names it otherwise)
        return Offer(name, None, f"{type(error).__name__}: {error}")
    probe = sandbox.probe()
    if probe.level is Level.NONE or (name == "gvisor" and probe.level is not Level.GVISOR):
        return Offer(name, None, "; ".join(probe.missing) or "unfit")
    return Offer(name, sandbox)
