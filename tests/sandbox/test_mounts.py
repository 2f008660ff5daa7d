"""What is shown in a box lands where asked, and never on what is ours."""

from pathlib import Path

import pytest

from palio.sandbox.bubblewrap.launch import BASE
from palio.sandbox.bubblewrap.mounts import lay_out
from palio.sandbox.spec import SCRATCH, Mount, SandboxError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("")
    (tmp_path / "root").mkdir()
    return tmp_path


def test_each_place_is_made_in_the_innermost_folder_that_holds_it(folder: Path) -> None:
    mounts = [
        Mount(folder / "file", "/input/ref/x"),
        Mount(folder, "/input"),
        Mount(folder, "/a/b"),
    ]

    layout = lay_out(folder / "root", mounts, is_reader_a_stranger=False)

    places = {each["at"]: (each["folders"], each["files"]) for each in layout.overlays}
    assert places == {
        "root": (["proc", "dev", "tmp", "output", "input", "a/b"], []),
        "mount0": ([], ["ref/x"]),
        "mount1": ([], []),
        "beside2": ([], []),
    }
    assert layout.single_files == (("beside2/file", "mount2"),)
    assert layout.binds == (
        (f"{BASE}/mount0", "/input"),
        (f"{BASE}/mount1", "/a/b"),
        (f"{BASE}/mount2", "/input/ref/x"),
    )


@pytest.mark.parametrize(
    "target",
    ["/", "input", "/a/../b", "/a/", "//a", "/output", "/output/x", SCRATCH, "/proc/1", "/dev/x"],
)
def test_a_target_that_is_ours_or_no_path_is_refused(folder: Path, target: str) -> None:
    with pytest.raises(SandboxError, match="Nothing can be shown"):
        lay_out(folder, [Mount(folder, target)], is_reader_a_stranger=False)


def test_a_source_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(SandboxError, match="cannot be shown"):
        lay_out(folder, [Mount(folder / "nothing", "/input")], is_reader_a_stranger=False)


@pytest.mark.parametrize("mode", [0o750, 0o754, 0o751])
def test_a_stranger_needs_an_open_folder(folder: Path, mode: int) -> None:
    (folder / "root").chmod(mode)
    mounts = [Mount(folder / "root", "/input")]
    lay_out(folder, mounts, is_reader_a_stranger=False)
    with pytest.raises(SandboxError, match="not open to all"):
        lay_out(folder, mounts, is_reader_a_stranger=True)
