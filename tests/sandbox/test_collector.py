"""The one way out of a box takes a plain file of the right name and size, and nothing else."""

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox.collector import Refusal, collect, copy
from palio.sandbox.spec import Collected, Wanted

WANTED = Wanted("predictions.csv", 1000)


@pytest.fixture
def output(tmp_path: Path) -> Path:
    folder = tmp_path / "output"
    folder.mkdir()
    return folder


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_a_plain_file_is_copied_and_digested(output: Path, into: Path) -> None:
    (output / "predictions.csv").write_bytes(b"id,y\n1,2\n")

    collected = collect(output, WANTED, into=into)

    digest = hashlib.sha256(b"id,y\n1,2\n").hexdigest()
    assert collected == Collected("predictions.csv", into / "predictions.csv", digest, 9)
    assert (into / "predictions.csv").read_bytes() == b"id,y\n1,2\n"
    assert (into / "predictions.csv").stat().st_mode & 0o777 == 0o600


def test_an_open_descriptor_serves_as_well_as_a_path(output: Path, into: Path) -> None:
    (output / "predictions.csv").write_bytes(b"x")
    folder = os.open(output, os.O_RDONLY)
    try:
        collected = collect(folder, WANTED, into=into)
    finally:
        os.close(folder)
    assert isinstance(collected, Collected)
    assert collected.bytes == 1


def _symlink(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def _dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def _hard_link(path: Path) -> None:
    path.write_bytes(b"x")
    os.link(path, path.with_name("other"))


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{os.open(path.parent, os.O_PATH)}/{path.name}")


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def _nothing(_path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "refusal"),
    [
        (_nothing, Refusal.MISSING),
        (_symlink, Refusal.SYMLINK),
        (_dangling, Refusal.SYMLINK),
        (os.mkfifo, Refusal.NOT_A_FILE),
        (_socket, Refusal.NOT_A_FILE),
        (Path.mkdir, Refusal.NOT_A_FILE),
        (_hard_link, Refusal.HARD_LINK),
        (_sparse, Refusal.TOO_LARGE),
    ],
)
def test_anything_else_is_refused_with_its_code(
    make: Callable[[Path], None], refusal: Refusal, output: Path, into: Path
) -> None:
    make(output / "predictions.csv")

    assert collect(output, WANTED, into=into) is refusal
    assert list(into.iterdir()) == []


def test_a_device_is_not_a_file(into: Path) -> None:
    assert collect(Path("/dev"), Wanted("null", 10), into=into) is Refusal.NOT_A_FILE


def test_a_folder_that_is_a_link_is_our_own_fault(output: Path, into: Path) -> None:
    link = output.with_name("link")
    link.symlink_to(output)
    with pytest.raises(NotADirectoryError):
        collect(link, WANTED, into=into)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd", "a\0"])
def test_a_name_with_a_path_in_it_is_our_own_fault(name: str, output: Path, into: Path) -> None:
    with pytest.raises(ValueError, match="plain file name"):
        collect(output, Wanted(name, 1), into=into)


def test_a_file_already_there_is_never_written_over(output: Path, into: Path) -> None:
    (output / "predictions.csv").write_bytes(b"new")
    (into / "predictions.csv").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        collect(output, WANTED, into=into)
    assert (into / "predictions.csv").read_bytes() == b"old"


@given(size=st.integers(0, 3000), most=st.integers(0, 2000))
def test_a_stream_is_read_to_one_byte_over_the_limit_at_most(
    size: int, most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    into = tmp_path_factory.mktemp("into")
    given_out = 0

    def read(count: int) -> bytes:
        nonlocal given_out
        chunk = b"x" * min(count, 700, size - given_out)
        given_out += len(chunk)
        return chunk

    taken = copy(read, Wanted("p", most), into=into)

    assert given_out == min(size, most + 1)
    assert (taken is Refusal.TOO_LARGE) == (size > most)
    assert [path.stat().st_size for path in into.iterdir()] == ([size] if size <= most else [])
