from typing import Any

import pytest

from palio.sandbox.docker.probe import is_safe_runc, judge, runc_version
from palio.sandbox.spec import Level

FIT: dict[str, Any] = {
    "OSType": "linux",
    "Architecture": "x86_64",
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "SecurityOptions": ["name=seccomp,profile=default"],
    "Runtimes": {"runc": {}, "runsc": {}},
    "DefaultRuntime": "runc",
    "CgroupVersion": "2",
}
NEW = {"Version": "29.1.0", "Components": [{"Name": "runc", "Version": "1.4.3"}]}
OLD = {"Version": "20.10.24", "Components": [{"Name": "runc", "Version": "1.1.5+ds1"}]}


def test_fit_engine_lacks_nothing() -> None:
    judged = judge(FIT, NEW)
    assert (judged.level, judged.missing) == (Level.CONTAINER, ())
    assert judged.facts == (
        "Docker Engine 29.1.0, cgroups v2",
        "runtime runc; the engine has runc, runsc",
        "runc 1.4.3",
    )


def test_old_runc_is_fit_but_not_for_prizes() -> None:
    judged = judge(FIT, OLD)
    assert judged.level is Level.CONTAINER
    assert judged.missing == (
        "runc is older than 1.3.6 (or 1.4.3): update it before prizes are at stake.",
    )


def test_gvisor_is_its_own_level_whatever_runc_is() -> None:
    assert judge(FIT, OLD, runtime="runsc").level is Level.GVISOR
    assert judge(FIT, OLD, runtime="runsc").missing == ()
    assert judge(FIT | {"DefaultRuntime": "runsc"}, OLD).level is Level.GVISOR


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"MemoryLimit": False}, "limit memory"),
        ({"PidsLimit": False}, "limit processes"),
        ({"CpuCfsQuota": False}, "limit CPU time"),
        ({"SecurityOptions": ["name=apparmor"]}, "no seccomp"),
        ({"SecurityOptions": None}, "no seccomp"),
        ({"Architecture": "aarch64"}, "64-bit x86"),
        ({"OSType": "windows"}, "64-bit x86"),
    ],
)
def test_engine_without_a_needed_wall_is_unfit(change: dict[str, Any], word: str) -> None:
    judged = judge(FIT | change, NEW)
    assert judged.level is Level.NONE
    assert word in judged.missing[0]


def test_runtime_the_engine_does_not_know_is_unfit() -> None:
    judged = judge(FIT | {"Runtimes": {"runc": {}}}, NEW, runtime="runsc")
    assert judged.level is Level.NONE
    assert judged.missing[0].startswith("The engine does not know the runtime runsc: install")


@pytest.mark.parametrize(
    ("text", "is_safe"),
    [
        ("1.1.5+ds1", False),
        ("1.2.8", False),
        ("1.3.5", False),
        ("1.3.6", True),
        ("1.4.2", False),
        ("1.4.3", True),
        ("1.5.0", True),
        ("2.0.0", True),
        ("unknown", False),
    ],
)
def test_runc_has_the_fixes(text: str, is_safe: bool) -> None:  # noqa: FBT001 (a test's table)
    answer = {"Components": [{"Name": "Engine"}, {"Name": "runc", "Version": text}]}
    assert is_safe_runc(runc_version(answer)) == is_safe
