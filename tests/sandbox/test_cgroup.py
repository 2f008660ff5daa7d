"""Control groups bound and end all processes of a box together.

What is written where, and in which order, is tried for version 2 on a tree of plain files; whether
a kernel does what it is told, for the version that this machine has.
"""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from palio.sandbox import cgroup
from palio.sandbox.cgroup import Bounds, Groups, NoGroupsError, Usage
from palio.sandbox.spec import SandboxError

NAME = "palio-0badcafe-j-1-model"
BOUNDS = Bounds(memory_bytes=2**25, processes=10, cpus=0.5)
V2_FILES = {
    "memory.max": "max",
    "memory.swap.max": "max",
    "pids.max": "max",
    "cpu.max": "max 100000",
    "cgroup.procs": "",
}


def _proc(tmp_path: Path, mountinfo: str, own: str) -> Path:
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "mountinfo").write_text(mountinfo)
    (proc / "cgroup").write_text(own)
    return proc


def _folder(path: Path, **files: str) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (path / name.replace("__", ".")).write_text(text)
    return path


def _v2_proc(tmp_path: Path, point: Path, own: str, *, root: str = "/") -> Path:
    line = f"41 31 0:38 {root} {point} rw,nosuid - cgroup2 cgroup2 rw\n"
    return _proc(tmp_path, line, f"0::{own}\n")


def _controllers(have: str, handed_down: str = "") -> dict[str, str]:
    return {"cgroup__controllers": have, "cgroup__subtree_control": handed_down}


def test_the_whole_v2_tree_is_used_at_its_top(tmp_path: Path) -> None:
    top = _folder(tmp_path / "cg", **_controllers("cpu io memory pids", "cpu memory pids"))
    _folder(top / "system.slice/palio.service")
    runs = _folder(top / cgroup.RUNS, **_controllers("cpu memory pids"))

    groups = cgroup.find(_v2_proc(tmp_path, top, "/system.slice/palio.service"))

    assert (groups.label, dict(groups.bases)) == (
        "v2",
        {"memory": runs, "pids": runs, "cpu": runs},
    )
    assert (top / "cgroup.subtree_control").read_text() == "cpu memory pids"
    assert (runs / "cgroup.subtree_control").read_text() == "+memory +pids +cpu"


def test_controllers_not_handed_down_at_the_top_are(tmp_path: Path) -> None:
    top = _folder(tmp_path / "cg", **_controllers("memory pids"), cgroup__procs="1\n")
    runs = _folder(top / cgroup.RUNS, **_controllers("memory pids"))

    cgroup.find(_v2_proc(tmp_path, top, "/"))

    assert (top / "cgroup.subtree_control").read_text() == "+memory +pids"
    assert [path for path in top.iterdir() if path.is_dir()] == [runs]


def test_a_delegated_group_is_emptied_into_a_leaf_before_it_is_divided(tmp_path: Path) -> None:
    top = _folder(tmp_path / "cg", **_controllers("cpu memory pids"), cgroup__type="domain")
    own = _folder(top / "user.slice/a.scope", **_controllers("memory pids"), cgroup__procs="7\n8\n")
    _folder(own / cgroup.WORKER_LEAF, cgroup__procs="")
    runs = _folder(own / cgroup.RUNS, **_controllers("memory pids"))

    groups = cgroup.find(_v2_proc(tmp_path, top, "/user.slice/a.scope"))

    assert dict(groups.bases) == {"memory": runs, "pids": runs}
    assert (own / cgroup.WORKER_LEAF / "cgroup.procs").read_text() == "8"  # the last write
    assert (own / "cgroup.subtree_control").read_text() == "+memory +pids"


def test_a_process_already_in_the_leaf_uses_the_group_above(tmp_path: Path) -> None:
    top = _folder(tmp_path / "cg", **_controllers("memory pids"), cgroup__type="domain")
    own = _folder(top / "a.scope", **_controllers("memory pids", "memory pids"))
    _folder(own / cgroup.WORKER_LEAF)
    runs = _folder(own / cgroup.RUNS, **_controllers("memory pids", "memory pids"))

    groups = cgroup.find(_v2_proc(tmp_path, top, f"/a.scope/{cgroup.WORKER_LEAF}"))

    assert set(groups.bases.values()) == {runs}


def test_a_part_of_the_tree_mounted_in_a_container_is_used(tmp_path: Path) -> None:
    top = _folder(
        tmp_path / "cg with space",
        **_controllers("memory pids", "memory pids"),
        cgroup__type="domain",
    )
    runs = _folder(top / cgroup.RUNS, **_controllers("memory pids", "memory pids"))
    point = Path(str(top).replace(" ", "\\040"))

    groups = cgroup.find(_v2_proc(tmp_path, point, "/docker/ab", root="/docker/ab"))

    assert set(groups.bases.values()) == {runs}


def test_without_memory_or_pids_there_are_no_groups(tmp_path: Path) -> None:
    top = _folder(tmp_path / "cg", **_controllers("cpu io"))
    with pytest.raises(NoGroupsError, match="systemd-run"):
        cgroup.find(_v2_proc(tmp_path, top, "/"))


def test_a_delegated_group_lacking_a_controller_says_so(tmp_path: Path) -> None:
    top = _folder(tmp_path / "cg", **_controllers("memory pids"), cgroup__type="domain")
    _folder(top / "a.scope", **_controllers("pids"))
    with pytest.raises(NoGroupsError, match="lacks memory or pids"):
        cgroup.find(_v2_proc(tmp_path, top, "/a.scope"))


def test_a_group_that_a_users_systemd_keeps_to_itself_is_refused(tmp_path: Path) -> None:
    top = _folder(tmp_path / "cg", **_controllers("memory pids"), cgroup__type="domain")
    scope = f"user.slice/user@{os.getuid()}.service/app.slice/run-a.scope"
    own = _folder(top / scope, **_controllers("memory pids"), cgroup__procs="")
    _folder(own / cgroup.RUNS, **_controllers("memory pids"))
    proc = _v2_proc(tmp_path, top, f"/{scope}")

    with pytest.raises(NoGroupsError, match=r"of run-a.scope to itself: .* -p Delegate=yes"):
        cgroup.find(proc, is_delegated=lambda unit: unit != "run-a.scope")
    assert (own / "cgroup.subtree_control").read_text() == ""

    delegated = cgroup.find(proc, is_delegated=lambda unit: unit == "run-a.scope")
    assert set(delegated.bases.values()) == {own / cgroup.RUNS}


@pytest.fixture
def v2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Groups:
    """A v2 tree where a new folder has its control files at once, as a kernel makes them."""
    top = _folder(tmp_path / "cg", **_controllers("cpu memory pids", "cpu memory pids"))
    _folder(top / cgroup.RUNS, **_controllers("cpu memory pids", "cpu memory pids"))
    groups = cgroup.find(_v2_proc(tmp_path, top, "/"))
    plain = Path.mkdir

    def with_files(path: Path) -> None:
        plain(path)
        for name, text in V2_FILES.items():
            (path / name).write_text(text)

    monkeypatch.setattr(Path, "mkdir", with_files)
    return groups


def test_limits_are_written_to_a_v2_group(v2: Groups) -> None:
    group = v2.make(NAME, BOUNDS)
    folder = group.folders["memory"]
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        "memory.max": str(2**25),
        "memory.swap.max": "0",
        "pids.max": "10",
        "cpu.max": "50000 100000",
        "cgroup.procs": "",
    }
    assert group.joins() == (folder / "cgroup.procs",)
    assert [each.name for each in v2.left()] == [NAME]


def test_usage_is_read_from_a_v2_group(v2: Groups) -> None:
    group = v2.make(NAME, BOUNDS)
    folder = group.folders["memory"]
    assert group.usage() == Usage(0, 0.0, 0)
    (folder / "memory.peak").write_text("4096\n")
    (folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    (folder / "memory.events").write_text("oom 3\noom_kill 2\n")
    assert group.usage() == Usage(4096, 1.5, 2)


def test_a_v2_group_is_killed_by_its_own_file(v2: Groups) -> None:
    group = v2.make(NAME, BOUNDS)
    with subprocess.Popen(["sleep", "60"]) as process:
        (group.folders["pids"] / "cgroup.procs").write_text(f"{process.pid}\n")
        (group.folders["pids"] / "cgroup.kill").write_text("")
        with pytest.raises(SandboxError, match="do not die"):
            _with_short_patience(group.kill)  # a plain file forgets nobody
        assert process.wait() == -9
    assert (group.folders["pids"] / "cgroup.kill").read_text() == "1"


def _with_short_patience(act: Callable[[], None]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cgroup, "_KILL_SECONDS", 0.05)
        act()


def test_a_second_group_of_a_name_is_refused(v2: Groups) -> None:
    v2.make(NAME, BOUNDS)
    with pytest.raises(SandboxError, match="cannot be made"):
        v2.make(NAME, BOUNDS)


@pytest.fixture
def groups() -> Groups:
    try:
        return cgroup.find()
    except SandboxError as error:
        pytest.skip(f"no control groups here: {error}")


LIMIT_FILES = {
    "v1": {
        "memory": ("memory.limit_in_bytes", f"{2**25}\n"),
        "pids": ("pids.max", "10\n"),
        "cpu": ("cpu.cfs_quota_us", "50000\n"),
    },
    "v2": {
        "memory": ("memory.max", f"{2**25}\n"),
        "pids": ("pids.max", "10\n"),
        "cpu": ("cpu.max", "50000 100000\n"),
    },
}


def test_a_group_bounds_counts_and_kills(groups: Groups) -> None:
    group = groups.make(NAME, BOUNDS)
    try:
        script = "import sys; [open(f, 'w').write('0') for f in sys.argv[1:]]; print(1, flush=True)"
        script += "; input()"
        command = [sys.executable, "-c", script, *map(str, group.joins())]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            assert process.stdout.readline() == b"1\n"
            group.kill()
            assert process.wait() == -9
        assert group.usage().cpu_seconds > 0
        for controller, (name, text) in LIMIT_FILES[groups.label].items():
            if controller in group.folders:
                assert (group.folders[controller] / name).read_text() == text
    finally:
        group.kill()
        group.remove()
    assert not any(folder.exists() for folder in group.folders.values())


def test_a_v1_group_half_made_is_taken_back(groups: Groups) -> None:
    if groups.label != "v1":
        pytest.skip("a group of version 2 is one folder")
    taken = groups.bases["pids"] / NAME
    taken.mkdir()
    try:
        with pytest.raises(SandboxError, match="cannot be made"):
            groups.make(NAME, BOUNDS)
        assert not (groups.bases["memory"] / NAME).exists()
    finally:
        taken.rmdir()


@pytest.mark.parametrize("controller", ["memory", "pids", "cpu"])
def test_nobody_can_take_the_limits_of_running_boxes_back(groups: Groups, controller: str) -> None:
    if groups.label != "v2" or controller not in groups.bases:
        pytest.skip(f"needs control groups of version 2 with {controller}")
    above = groups.bases[controller].parent / "cgroup.subtree_control"
    control = os.open(above, os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="busy") as refused:
            os.write(control, f"-{controller}".encode())
    finally:
        os.close(control)
    assert refused.value.errno == errno.EBUSY
