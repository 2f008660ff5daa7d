import os
import tarfile
from pathlib import Path

import pytest
from tests.sandbox.images.archives import elf
from tests.sandbox.images.intakes import LIMITS

from palio.sandbox.images.intake import take_in
from palio.sandbox.images.write import FolderLayer, Start, write_image


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "run").write_bytes(elf())
    (folder / "bin" / "run").chmod(0o700)
    (folder / "weights").write_bytes(b"w" * 1000)
    (folder / "link").symlink_to("weights")
    return folder


def test_what_is_written_is_taken_in(tmp_path: Path, model: Path) -> None:
    start = Start(("run", "-v"), {"PATH": "/opt/model/bin"}, workdir="/opt/model")
    layers = [FolderLayer(model, "opt/model"), FolderLayer(model)]
    image_id = write_image(tmp_path / "model.tar", layers, start)
    (tmp_path / "into").mkdir()
    accepted = take_in(tmp_path / "model.tar", into=tmp_path / "into", limits=LIMITS)
    assert accepted.archive.read_bytes() == (tmp_path / "model.tar").read_bytes()
    assert (accepted.image_id, accepted.argv, accepted.env, accepted.workdir, accepted.user) == (
        image_id,
        start.argv,
        start.env,
        start.workdir,
        start.user,
    )
    with tarfile.open(tmp_path / "model.tar") as tar:
        first = tar.extractfile(f"{accepted.layers[0][7:]}.tar")
        with tarfile.open(fileobj=first) as layer:
            found = {member.name: (member.mode, member.linkname) for member in layer}
    assert found == {
        "opt": (0o755, ""),
        "opt/model": (0o755, ""),
        "opt/model/bin": (0o755, ""),
        "opt/model/bin/run": (0o755, ""),
        "opt/model/link": (0o777, "weights"),
        "opt/model/weights": (0o644, ""),
    }


def test_the_same_files_give_the_same_bytes_and_one_copy(tmp_path: Path, model: Path) -> None:
    layers = [FolderLayer(model), FolderLayer(model)]
    ids = [write_image(tmp_path / "a.tar", layers, Start(("/bin/run",)))]
    os.utime(model / "weights", (1, 1))
    ids.append(write_image(tmp_path / "b.tar", layers, Start(("/bin/run",))))
    assert (ids[0], (tmp_path / "a.tar").read_bytes()) == (
        ids[1],
        (tmp_path / "b.tar").read_bytes(),
    )
    with tarfile.open(tmp_path / "a.tar") as tar:
        assert len(tar.getnames()) == 3
