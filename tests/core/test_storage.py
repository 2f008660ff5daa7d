import hashlib
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from palio.core import storage
from palio.core.storage import (
    Blob,
    BlobMissingError,
    FileTooLargeError,
    LocalStorage,
    Reserve,
    Room,
    StorageFullError,
    room,
)

TEXT = b"id,rating\n1,3.5\n"


def left_behind(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_blob_when_kept_is_found_by_its_digest(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    with storage.writer(limit_bytes=100) as writer:
        writer.write(TEXT[:5])
        writer.write(TEXT[5:])
        blob = writer.keep()
    assert blob == Blob(sha256=hashlib.sha256(TEXT).hexdigest(), bytes=len(TEXT))
    assert storage.path(blob.sha256).read_bytes() == TEXT
    assert left_behind(tmp_path) == [f"{blob.sha256[:2]}/{blob.sha256}"]


def test_writer_when_not_kept_leaves_no_trace(tmp_path: Path) -> None:
    with LocalStorage(tmp_path).writer(limit_bytes=100) as writer:
        writer.write(TEXT)
    assert left_behind(tmp_path) == []


def test_writer_when_the_limit_is_passed_refuses_and_leaves_no_trace(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)

    def write_too_much() -> None:
        with storage.writer(limit_bytes=10) as writer:
            writer.write(TEXT[:10])
            writer.write(b"!")

    with pytest.raises(FileTooLargeError, match="10 bytes"):
        write_too_much()
    assert left_behind(tmp_path) == []


def test_same_bytes_when_kept_twice_are_stored_once(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "blobs")
    source = tmp_path / "file"
    source.write_bytes(TEXT)
    first = storage.keep_file(source, limit_bytes=100)
    assert storage.keep_file(source, limit_bytes=100) == first
    assert len(left_behind(tmp_path / "blobs")) == 1


def test_path_when_the_blob_is_gone_is_the_platforms_fault(tmp_path: Path) -> None:
    with pytest.raises(BlobMissingError):
        LocalStorage(tmp_path).path("0" * 64)


def test_a_large_file_that_reaches_the_reserve_on_its_way_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_BYTES_BETWEEN_LOOKS", 4)
    writer = storage.LocalBlobWriter(_store(tmp_path), limit_bytes=100, reserve=Reserve(0.9999))
    with writer:
        writer.write(b"123")
        with pytest.raises(StorageFullError, match="no room"):
            writer.write(b"4567")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def _store(folder: Path) -> Path:
    LocalStorage(folder)  # makes what a writer needs
    return folder


def test_writer_when_the_reserve_is_touched_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageFullError):
        LocalStorage(tmp_path, reserve=Reserve(0.9999)).writer(limit_bytes=1)


GIB = 2**30


@pytest.mark.parametrize(
    ("used", "free", "expected"),
    [
        pytest.param(19, 1, (Room(GIB, 2 * GIB, 20 * GIB), True), id="small: its share"),
        pytest.param(994, 6, (Room(6 * GIB, 5 * GIB, 1000 * GIB), False), id="large: 5 GiB"),
        pytest.param(20, 20, (Room(20 * GIB, 4 * GIB, 40 * GIB), False), id="half is root's alone"),
    ],
)
def test_room_that_stays_free_is_a_share_of_what_people_may_fill_and_never_more_than_the_cap(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    used: int,
    free: int,
    expected: tuple[Room, bool],
) -> None:
    usage = SimpleNamespace(total=1000 * GIB, used=used * GIB, free=free * GIB)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    found = room(tmp_path, Reserve(share=0.1, max_bytes=5 * GIB))
    assert (found, found.is_short) == expected


FULL_DISK = """
import signal, sys
from pathlib import Path
from palio.core.storage import LocalStorage, StorageFullError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails with EFBIG instead
try:
    with LocalStorage(Path(sys.argv[1])).writer(limit_bytes=10**9) as writer:
        for _ in range(64):
            writer.write(b"x" * 2**16)
        writer.keep()
except StorageFullError as error:
    print(error.status)
"""


def test_writer_when_the_disk_refuses_bytes_says_so_and_leaves_no_trace(tmp_path: Path) -> None:
    """A file-size limit stands in for a full disk: the kernel refuses in the middle."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20)),
    )
    assert done.stdout == "507\n"
    assert left_behind(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_writer_when_the_disk_is_full_says_so_and_leaves_no_trace(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode != 0:
        pytest.skip("this machine does not let tests mount a disk")
    try:
        storage = LocalStorage(disk)

        def fill() -> None:
            with storage.writer(limit_bytes=10**9) as writer:
                for _ in range(64):
                    writer.write(b"x" * 2**16)

        with pytest.raises(StorageFullError):
            fill()
        assert left_behind(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_what_a_killed_process_left_is_removed_a_day_later(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    for name, hours in (("cut", 25), ("under-way", 23)):
        left = tmp_path / "incoming" / name
        left.write_bytes(TEXT)
        then = time.time() - hours * 3600
        os.utime(left, (then, then))
    LocalStorage(tmp_path)
    assert left_behind(tmp_path) == ["incoming/under-way"]
