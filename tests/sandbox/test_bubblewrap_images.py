"""Accepted images become folders that boxes start from, until nobody wants them."""

from pathlib import Path

import pytest
from tests.sandbox.images.archives import PROGRAM, M, Sent, write

from palio.sandbox.bubblewrap.backend import BubblewrapSandbox
from palio.sandbox.images.intake import AcceptedImage, IntakeLimits, take_in
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import (
    ImageRoot,
    Level,
    Limits,
    Mount,
    RunName,
    RunSpec,
    SandboxError,
)

SITE = "0bada55e"
HOST = ("/usr", "/bin", "/lib", "/lib64", "/nix")


@pytest.fixture
def sandbox(tmp_path: Path) -> BubblewrapSandbox:
    return BubblewrapSandbox(tmp_path / "state", site=SITE)


def _accepted(tmp_path: Path, marker: bytes) -> AcceptedImage:
    folder = tmp_path / f"accepted-{marker.decode()}"
    folder.mkdir()
    archive = write(tmp_path / "sent", Sent.of([PROGRAM], [M("etc/marker", marker)]).docker())
    return take_in(archive, into=folder, limits=IntakeLimits())


def test_a_box_starts_from_an_image_that_was_added(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    probe = sandbox.probe()
    if probe.level is Level.NONE:
        pytest.skip(f"no boxes of bubblewrap here: {'; '.join(probe.missing)}")
    image = _accepted(tmp_path, b"ours")
    sandbox.add_image(image.archive, image_id=image.image_id)
    spec = RunSpec(
        name=RunName(SITE, "job", 1, "model"),
        root=ImageRoot(image.image_id),
        argv=("/bin/sh", "-c", "cat /etc/marker; : > /etc/marker"),
        limits=Limits(seconds=30, memory_bytes=2**26),
        mounts=tuple(Mount(Path(path), path) for path in HOST if Path(path).is_dir()),
    )
    report = sandbox.run(spec, collect_into=tmp_path)
    assert report.outcome is Outcome.PROGRAM_ERROR
    assert report.log.startswith(b"ours")
    assert b"Read-only" in report.log


def test_adding_an_image_again_changes_nothing(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    image = _accepted(tmp_path, b"ours")
    sandbox.add_image(image.archive, image_id=image.image_id)
    folder = tmp_path / "state" / "roots" / image.image_id.removeprefix("sha256:")
    before = folder.stat().st_ino
    sandbox.add_image(image.archive, image_id=image.image_id)
    assert folder.stat().st_ino == before


def test_images_not_kept_are_removed(sandbox: BubblewrapSandbox, tmp_path: Path) -> None:
    assert sandbox.prune_images(keep=frozenset()) == ()
    kept, gone = _accepted(tmp_path, b"kept"), _accepted(tmp_path, b"gone")
    for image in (kept, gone):
        sandbox.add_image(image.archive, image_id=image.image_id)
    assert sandbox.prune_images(keep=frozenset({kept.image_id})) == (gone.image_id,)
    assert sandbox.prune_images(keep=frozenset({kept.image_id})) == ()


@pytest.mark.parametrize("image_id", ["", "sha256:..", "sha256:" + "A" * 64, "../" + "a" * 64])
def test_what_is_no_image_id_is_refused(
    sandbox: BubblewrapSandbox, tmp_path: Path, image_id: str
) -> None:
    with pytest.raises(SandboxError, match="not an image id"):
        sandbox.add_image(tmp_path / "archive", image_id=image_id)


def test_an_archive_that_is_not_what_intake_wrote_is_our_own_fault(
    sandbox: BubblewrapSandbox, tmp_path: Path
) -> None:
    archive = write(tmp_path / "archive", b"no archive")
    with pytest.raises(SandboxError, match="cannot be unpacked"):
        sandbox.add_image(archive, image_id="sha256:" + "a" * 64)
