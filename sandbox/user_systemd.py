"""Asks a user's own systemd whether a unit's control group is left to what runs in it."""

import os
import shutil
import subprocess
from pathlib import Path

_SECONDS = 10


def unit_of(group: Path) -> str:
    """Name the unit of a user's own systemd that a group is in, if it is."""
    names = [name for name in group.parts if name.endswith((".service", ".scope"))]
    if f"user@{os.getuid()}.service" not in names[:-1]:
        return ""
    return names[-1]


def is_delegated(unit: str) -> bool:
    """Ask a user's systemd; it cannot be seen from the group itself. No answer is a yes."""
    systemctl = shutil.which("systemctl")
    if systemctl is None:
        return True
    command = [systemctl, "--user", "show", "--value", "--property=Delegate", "--", unit]
    home = {"XDG_RUNTIME_DIR": f"/run/user/{os.getuid()}"}  # where it listens
    try:
        said = subprocess.run(  # noqa: S603 (our own words and the unit we are in)
            command, env=home, capture_output=True, timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    return said.stdout.strip() != b"no"
