"""The Docker backend on a real engine, in each of the ways a worker may stand to it.

What every backend must do is in tests/conformance; here is what only this one has.
"""

import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from palio.sandbox.docker import hold, volume
from palio.sandbox.docker.backend import DockerSandbox
from palio.sandbox.docker.calls import EngineError
from palio.sandbox.images.write import FolderLayer, Start, write_image
from palio.sandbox.outcome import Killer, Outcome
from palio.sandbox.spec import (
    ImageRoot,
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

pytestmark = pytest.mark.integration

LIMITS = Limits(seconds=10, memory_bytes=2**26, processes=8)
# The engine's own init, which every run gets: the one program that needs no image around it.
INIT = "/sbin/docker-init"


@pytest.fixture
def site() -> str:
    return secrets.token_hex(4)


@pytest.fixture
def sandbox(tmp_path: Path, site: str) -> Iterator[DockerSandbox]:
    """An engine's box; skipped by name without an engine."""
    found = DockerSandbox(tmp_path / "state", site=site)
    probe = found.probe()
    if probe.level is Level.NONE:
        pytest.skip(f"Docker: {' '.join(probe.missing)}")
    yield found
    assert found.reap(is_live=lambda _name: False) == ()


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def spec(sandbox: DockerSandbox, *argv: str, limits: Limits = LIMITS) -> RunSpec:
    name = RunName(sandbox._site, f"job{secrets.token_hex(4)}", 1, "model")
    return RunSpec(name, ImageRoot(sandbox._images.hold()), argv or (hold.HOLD,), limits)


def test_missing_engine_is_told_and_nothing_raised(tmp_path: Path, site: str) -> None:
    probe = DockerSandbox(tmp_path, site=site, socket=str(tmp_path / "none.sock")).probe()
    assert (probe.backend, probe.level) == ("docker", Level.NONE)
    assert probe.missing[0].startswith("no Docker engine answers at")


def test_program_that_waits_for_ever_is_killed_at_its_time(
    sandbox: DockerSandbox, into: Path
) -> None:
    limits = Limits(seconds=1, memory_bytes=2**26)
    report = sandbox.run(spec(sandbox, limits=limits), collect_into=into)
    assert (report.outcome, report.killed_by) == (Outcome.TIMED_OUT, Killer.CLOCK)
    assert report.exit_code == 137


@pytest.mark.parametrize("program", ["nothing-there", "/tmp"])  # noqa: S108 (in a box)
def test_entry_program_that_cannot_run_is_an_error_of_the_image(
    program: str, sandbox: DockerSandbox, into: Path
) -> None:
    report = sandbox.run(spec(sandbox, program), collect_into=into)
    assert (report.outcome, report.exit_code) == (Outcome.IMAGE_ERROR, None)
    assert program.encode() in report.log


@pytest.mark.parametrize(
    "spoil",
    [
        lambda root: (root / "etc/passwd").write_bytes(b"a" * 200_000),
        lambda root: (root / "etc/passwd").mkdir(),
        lambda root: (root / "etc/passwd").symlink_to("passwd"),
        lambda root: (root / "sbin").symlink_to("/proc"),
        lambda root: (root / "sbin").symlink_to("sbin"),
        lambda root: (root / "sbin").symlink_to("/dev/null"),
        lambda root: (root / "etc/group").mkdir(),
    ],
    ids=[
        "huge users",
        "folder of users",
        "users in a loop",
        "init in proc",
        "init in a loop",
        "init in a device",
        "folder of groups",
    ],
)
def test_image_that_no_engine_can_start_is_its_authors_fault(
    spoil: Callable[[Path], object], sandbox: DockerSandbox, into: Path, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "try").write_bytes(hold.executable(b"\xf4"))
    (root / "try").chmod(0o755)
    spoil(root)
    image = write_image(tmp_path / "image.tar", [FolderLayer(root)], Start(("/try",)))
    sandbox.add_image(tmp_path / "image.tar", image_id=image)
    made = spec(sandbox)
    report = sandbox.run(RunSpec(made.name, ImageRoot(image), ("/try",), LIMITS), collect_into=into)
    assert (report.outcome, report.exit_code) == (Outcome.IMAGE_ERROR, None)
    assert sandbox.prune_images(keep=frozenset()) == (image,)


def test_source_that_is_closed_to_others_is_our_fault(
    sandbox: DockerSandbox, into: Path, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    made = spec(sandbox)
    asked = RunSpec(made.name, made.root, made.argv, LIMITS, mounts=(Mount(closed, "/input"),))
    with pytest.raises(SandboxError, match="not open to all"):
        sandbox.run(asked, collect_into=into)


def test_image_nobody_added_is_our_fault(sandbox: DockerSandbox, into: Path) -> None:
    made = spec(sandbox)
    missing = ImageRoot("sha256:" + "0" * 64)
    with pytest.raises(SandboxError, match="does not have the image"):
        sandbox.run(RunSpec(made.name, missing, made.argv, LIMITS), collect_into=into)


def saved(sandbox: DockerSandbox, path: Path, *, seed: str) -> str:
    """Write a docker-archive of one small image that no engine has; return its id."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(seed), io.BytesIO())
    layer.seek(0)
    image = sandbox._calls.import_root(layer)
    exported = sandbox._calls._api.get_image(image)
    path.write_bytes(b"".join(exported))
    sandbox._calls.remove_image(image)
    return image


def test_images_are_added_once_and_pruned_alone(sandbox: DockerSandbox, tmp_path: Path) -> None:
    archives = [tmp_path / "one.tar", tmp_path / "two.tar"]
    ids = [saved(sandbox, path, seed=secrets.token_hex(8)) for path in archives]
    for path, image in zip(archives, ids, strict=True):
        sandbox.add_image(path, image_id=image)
        sandbox.add_image(path, image_id=image)
    assert sandbox.prune_images(keep=frozenset(ids[:1])) == (ids[1],)
    assert sandbox._calls.find_image(ids[0]) == ids[0]
    assert sandbox._calls.find_image(ids[1]) == ""
    assert sandbox.prune_images(keep=frozenset()) == (ids[0],)
    assert sandbox._images.hold()  # ours for trials is no image of anybody


def runtime(folder: Path) -> RuntimeRoot:
    folder.mkdir()
    (folder / "runtime.json").write_text(json.dumps({"digest": secrets.token_hex(8)}))
    return RuntimeRoot(folder)


def test_runtimes_before_the_last_one_are_pruned(sandbox: DockerSandbox, tmp_path: Path) -> None:
    images, roots = sandbox._images, [runtime(tmp_path / name) for name in ("old", "new")]
    old, new = map(images.id_of, roots)
    assert images.id_of(roots[0]) == old
    assert sandbox.prune_images(keep=frozenset()) == ()
    assert [images._calls.find_image(image) for image in (old, new)] == ["", new]
    again = images.id_of(roots[0])
    assert sandbox.prune_images(keep=frozenset()) == ()
    assert [images._calls.find_image(image) for image in (new, again)] == ["", again]
    images._calls.remove_image(again)


def test_image_that_a_container_stands_on_waits_for_the_next_pruning(
    sandbox: DockerSandbox, tmp_path: Path
) -> None:
    archives = [tmp_path / "used.tar", tmp_path / "free.tar"]
    used, free = (saved(sandbox, path, seed=secrets.token_hex(8)) for path in archives)
    for path, image in zip(archives, (used, free), strict=True):
        sandbox.add_image(path, image_id=image)
    box = sandbox._calls.create(f"other-{sandbox._site}", {"Image": used, "Cmd": ["x"]})
    assert sandbox.prune_images(keep=frozenset()) == (free,)
    sandbox._calls.remove(box)
    assert sandbox.prune_images(keep=frozenset()) == (used,)


def test_the_image_of_trials_is_one_for_all(sandbox: DockerSandbox, tmp_path: Path) -> None:
    other = DockerSandbox(tmp_path / "elsewhere", site=secrets.token_hex(4))
    assert other._images.hold() == sandbox._images.hold()


def test_archive_of_another_image_is_refused(sandbox: DockerSandbox, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    found = saved(sandbox, path, seed=secrets.token_hex(8))
    with pytest.raises(SandboxError, match="another image"):
        sandbox.add_image(path, image_id="sha256:" + "0" * 64)
    sandbox._calls.remove_image(found)


def test_file_that_is_no_archive_is_refused(sandbox: DockerSandbox, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    path.write_bytes(b"no tar" * 1000)
    with pytest.raises(EngineError):
        sandbox.add_image(path, image_id="sha256:" + "0" * 64)


def test_reaper_goes_by_names_and_leaves_other_sites_alone(sandbox: DockerSandbox) -> None:
    name, image = spec(sandbox).name, sandbox._images.hold()
    other = RunName("f" * 8, name.job, 1, "model")
    with volume.held(sandbox._calls, name, LIMITS, image=image, inputs=()):
        with volume.held(sandbox._calls, other, LIMITS, image=image, inputs=()):
            assert sandbox.reap(is_live=lambda _name: True) == ()
            assert sandbox.reap(is_live=lambda _name: False) == (str(name),)
            assert sandbox._calls.names(str(other)) == (f"{other}{volume.HOLDER}",)
        assert sandbox._calls.names(str(name)) == ()


# A worker that may not mount is as in a container; one in a mount namespace of its own has files
# that the engine cannot see.
WAYS = {
    "mounts": ([], (True, True)),
    "may not mount": (["setpriv", "--bounding-set", "-sys_admin"], (False, True)),
    "sees other files": (["unshare", "--mount"], (False, False)),
}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has powers to give up")
@pytest.mark.slow_on("may not mount")
@pytest.mark.parametrize("way", WAYS)
def test_inputs_and_outputs_pass_in_every_way(
    way: str, sandbox: DockerSandbox, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    assert request.config.cache is not None
    tools, found = WAYS[way]
    if tools and not shutil.which(tools[0]):
        pytest.skip(f"{tools[0]} is not installed")
    order = {
        "folder": str(tmp_path),
        "site": sandbox._site,
        "is_apart": way == "sees other files",
        "roots": str(request.config.cache.mkdir("conformance")),
    }
    script = Path(__file__).with_name("engine_worker.py")
    done = subprocess.run(
        [*tools, sys.executable, str(script), json.dumps(order)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout) == {
        "ways": list(found),
        "end": ["finished", ""],
        "read": "id,x\n1,2\n",
        "link": ["invalid_output", "output:symlink"],
        "missing": ["invalid_output", "output:missing"],
    }


def test_wanted_file_that_is_missing_is_told(sandbox: DockerSandbox, into: Path) -> None:
    made = spec(sandbox, INIT, "--version")
    asked = RunSpec(made.name, made.root, made.argv, LIMITS, wanted=(Wanted("a.csv", 10),))
    report: RunReport = sandbox.run(asked, collect_into=into)
    assert (report.outcome, report.reason) == (Outcome.INVALID_OUTPUT, "output:missing")
    assert report.log.startswith(b"tini version")
