"""Versions of files and answer keys, on both databases."""

import hashlib
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session

from palio.core.storage import Blob, LocalStorage
from palio.datasets import queries, service
from palio.datasets.contracts import AnswerKeyRef, Package, PackageKind
from palio.datasets.errors import (
    DataFileNotFoundError,
    DataRefusedError,
    DataTooLargeError,
    VersionTakenError,
)

Work = Callable[[], AbstractContextManager[Session]]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LIMIT = 1000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two files."""
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "train.csv").write_bytes(b"id,y\n1,2\n")
    (data / "deep" / "Extra.bin").write_bytes(b"\0\1")
    return data


def add(
    session: Session, storage: LocalStorage, folder: Path, *, limit_bytes: int = LIMIT
) -> list[str]:
    files = service.add_files(
        session, storage=storage, challenge_id="c", folder=folder, now=NOW, limit_bytes=limit_bytes
    )
    return [file.path for file in files]


def test_files_are_kept_by_digest_with_size_and_media_type(
    work: Work, storage: LocalStorage, folder: Path
) -> None:
    with work() as session:
        added = service.add_files(
            session, storage=storage, challenge_id="c", folder=folder, now=NOW, limit_bytes=LIMIT
        )
    with work() as session:
        files = queries.files(session, challenge_id="c")
        assert queries.file(session, challenge_id="c", path="deep/Extra.bin") == files[0]
    assert files == added
    facts = [
        (file.path, file.version, file.bytes, file.media_type, file.created_at) for file in files
    ]
    assert facts == [
        ("deep/Extra.bin", 1, 2, "application/octet-stream", NOW),
        ("train.csv", 1, 9, "text/csv", NOW),
    ]
    for file in files:
        content = (folder / file.path).read_bytes()
        assert file.sha256 == hashlib.sha256(content).hexdigest()
        assert storage.path(file.sha256).read_bytes() == content


def test_next_version_takes_the_place_of_the_one_before(
    work: Work, storage: LocalStorage, folder: Path
) -> None:
    with work() as session:
        add(session, storage, folder)
    (folder / "train.csv").rename(folder / "training.csv")
    with work() as session:
        add(session, storage, folder)
    with work() as session:
        latest = queries.files(session, challenge_id="c")
        first = queries.files(session, challenge_id="c", version=1)
        assert queries.files(session, challenge_id="another") == ()
        for path in ("train.csv", "a\0b", "../train.csv"):
            with pytest.raises(DataFileNotFoundError):
                queries.file(session, challenge_id="c", path=path)
    assert [(file.path, file.version) for file in latest] == [
        ("deep/Extra.bin", 2),
        ("training.csv", 2),
    ]
    assert [(file.path, file.version) for file in first] == [
        ("deep/Extra.bin", 1),
        ("train.csv", 1),
    ]


def test_links_and_special_files_are_refused_and_nothing_is_kept(
    work: Work, storage: LocalStorage, folder: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "solution.csv"
    secret.write_text("id,y\n")
    (folder / "link.csv").symlink_to(secret)
    (folder / "folder-link").symlink_to(tmp_path, target_is_directory=True)
    (folder / "lost.csv").symlink_to(tmp_path / "nothing")
    with pytest.raises(DataRefusedError) as caught, work() as session:
        add(session, storage, folder)
    assert [(fault.code, fault.file) for fault in caught.value.findings] == [
        ("data:no_file", "folder-link"),
        ("data:no_file", "link.csv"),
        ("data:no_file", "lost.csv"),
    ]
    with work() as session:
        assert queries.files(session, challenge_id="c") == ()


def test_names_that_are_no_text_are_refused_in_words(
    work: Work, storage: LocalStorage, folder: Path
) -> None:
    (folder / "b\udcffd.csv").write_text("x")
    with pytest.raises(DataRefusedError) as caught, work() as session:
        add(session, storage, folder)
    assert [fault.file for fault in caught.value.findings] == [r"b\udcffd.csv"]


def test_folder_without_files_is_refused(work: Work, storage: LocalStorage, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing"):
        with pytest.raises(DataRefusedError), work() as session:
            add(session, storage, tmp_path / name)


def test_files_together_stay_under_the_limit(
    work: Work, storage: LocalStorage, folder: Path
) -> None:
    with pytest.raises(DataTooLargeError), work() as session:
        add(session, storage, folder, limit_bytes=10)
    with work() as session:
        assert add(session, storage, folder, limit_bytes=11) == ["deep/Extra.bin", "train.csv"]


def add_key(session: Session, name: str) -> AnswerKeyRef:
    return service.add_answer_key(
        session,
        challenge_id="c",
        ids=Blob(sha256=f"ids {name}", bytes=1),
        sealed=Blob(sha256=f"sealed {name}", bytes=1),
        rows=10,
        public_rows=4,
        private_rows=5,
        now=NOW,
    )


def test_answer_keys_have_versions(work: Work) -> None:
    with work() as session:
        assert queries.answer_key(session, challenge_id="c") is None
        first, second = add_key(session, "1"), add_key(session, "2")
    assert (first.version, second.version) == (1, 2)
    assert (second.ids_sha256, second.sealed_sha256) == ("ids 2", "sealed 2")
    assert (second.rows, second.public_rows, second.private_rows) == (10, 4, 5)
    with work() as session:
        assert queries.answer_key(session, challenge_id="c") == second
        assert queries.answer_key(session, challenge_id="c", version=1) == first
        assert queries.answer_key(session, challenge_id="c", version=3) is None
        assert queries.answer_key(session, challenge_id="d") is None


def test_packages_of_each_kind_have_versions_of_their_own(work: Work) -> None:
    def add_package(session: Session, kind: PackageKind, name: str) -> Package:
        blob = Blob(sha256=name, bytes=5_000_000_000)
        return service.add_package(session, challenge_id="c", kind=kind, blob=blob, now=NOW)

    with work() as session:
        assert queries.package(session, challenge_id="c", kind=PackageKind.METRIC) is None
        first = add_package(session, PackageKind.METRIC, "1")
        second = add_package(session, PackageKind.METRIC, "2")
        other = add_package(session, PackageKind.SAMPLE, "3")
    assert [(one.version, one.kind, one.sha256) for one in (first, second, other)] == [
        (1, PackageKind.METRIC, "1"),
        (2, PackageKind.METRIC, "2"),
        (1, PackageKind.SAMPLE, "3"),
    ]
    with work() as session:
        assert queries.package(session, challenge_id="c", kind=PackageKind.METRIC) == second
        found = queries.package(session, challenge_id="c", kind=PackageKind.METRIC, version=1)
        assert found == first
        assert queries.package(session, challenge_id="c", kind=PackageKind.FEATURES) is None
        assert queries.package(session, challenge_id="d", kind=PackageKind.METRIC) is None


def test_versions_added_at_once_are_distinct_or_refused(work: Work) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def add_one(name: str) -> None:
        start.wait()
        try:
            with work() as session:
                outcomes.append(str(add_key(session, name).version))
        except VersionTakenError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=add_one, args=(str(n),)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [outcome for outcome in outcomes if outcome != "version_taken"]
    assert len(outcomes) == 4
    assert sorted(made) == [str(n + 1) for n in range(len(made))]
    assert made
