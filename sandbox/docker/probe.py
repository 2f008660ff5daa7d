"""Judges an engine by what it says of itself: is it fit for programs that nobody trusts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from palio.sandbox.spec import Level

# Fixes of 2025 and 2026 for images that break out while they are being started.
SAFE_RUNC = {(1, 3): 6, (1, 4): 3}
GVISOR = "runsc"
_NEEDED = {
    "MemoryLimit": "limit memory",
    "PidsLimit": "limit processes",
    "CpuCfsQuota": "limit CPU time",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """See `spec.Probe`; `level` is what it would be if the test run goes well."""

    level: Level
    facts: tuple[str, ...]
    missing: tuple[str, ...]


def judge(info: Mapping[str, Any], version: Mapping[str, Any], *, runtime: str = "") -> Judgement:
    """Judge an engine by its own words.

    Args:
        info: Answer of the engine's ``/info``.
        version: Answer of ``/version``.
        runtime: The one that is to be used; empty: the engine's own.

    """
    runtimes = sorted(info.get("Runtimes") or {})
    used = runtime or str(info.get("DefaultRuntime", "runc"))
    runc = runc_version(version)
    facts = (
        f"Docker Engine {version.get('Version', '?')}, cgroups v{info.get('CgroupVersion', '1')}",
        f"runtime {used}; the engine has {', '.join(runtimes)}",
        f"runc {'.'.join(map(str, runc)) if runc else 'of unknown version'}",
    )
    blocking = tuple(_blocking(info, used=used, runtimes=runtimes))
    weaker = tuple(_weaker(info, used=used, runc=runc))
    level = Level.GVISOR if used == GVISOR else Level.CONTAINER
    return Judgement(Level.NONE if blocking else level, facts, blocking + weaker)


def _blocking(info: Mapping[str, Any], *, used: str, runtimes: list[str]) -> list[str]:
    found = []
    if info.get("OSType") != "linux" or info.get("Architecture") not in {"x86_64", "amd64"}:
        found.append("The engine's machine is not 64-bit x86 Linux: use one that is.")
    found += [
        f"The engine cannot {what}: give it the cgroup controllers (see its `docker info`)."
        for key, what in _NEEDED.items()
        if not info.get(key)
    ]
    if not any("seccomp" in option for option in info.get("SecurityOptions") or ()):
        found.append("The engine has no seccomp: use one that was built with it.")
    if used not in runtimes:
        found.append(f"The engine does not know the runtime {used}: {_HOW_TO_GVISOR}")
    return found


def _weaker(info: Mapping[str, Any], *, used: str, runc: tuple[int, int, int] | None) -> list[str]:
    found = []
    if not info.get("SwapLimit"):
        found.append("The engine cannot limit swap: turn swap off, or a run may use it.")
    if used != GVISOR and not is_safe_runc(runc):
        found.append("runc is older than 1.3.6 (or 1.4.3): update it before prizes are at stake.")
    return found


_HOW_TO_GVISOR = (
    "install gVisor (https://gvisor.dev/docs/user_guide/install/), then `runsc install` and "
    "restart the engine."
)


def runc_version(version: Mapping[str, Any]) -> tuple[int, int, int] | None:
    """Find the version of runc in an engine's answer; None when it does not tell."""
    for part in version.get("Components") or ():
        match = re.match(r"(\d+)\.(\d+)\.(\d+)", str(part.get("Version", "")))
        if part.get("Name") == "runc" and match:
            major, minor, patch = map(int, match.groups())
            return major, minor, patch
    return None


def is_safe_runc(version: tuple[int, int, int] | None) -> bool:
    """Tell whether a runc has the fixes that isolation of hostile images rests on."""
    if version is None:
        return False
    line = version[:2]
    return line > max(SAFE_RUNC) or version[2] >= SAFE_RUNC.get(line, 2**31)
