"""What is done to a challenge's data: a new version of its files, answer key or a package."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, SQLModel

from palio.core.storage import Blob, Storage
from palio.datasets import queries, rules
from palio.datasets.contracts import AnswerKeyRef, DataFile, Package, PackageKind
from palio.datasets.errors import DataRefusedError, DataTooLargeError, VersionTakenError
from palio.datasets.models import AnswerKeyRow, DataFileRow, PackageRow


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that lies in the store and is in no version yet."""

    path: str
    blob: Blob


def find_files(folder: Path, *, limit_bytes: int) -> tuple[rules.FoundFile, ...]:
    """Return the files below a folder by path, if all of them can be offered.

    Raises:
        DataRefusedError: With every fault: links, special files, names, too many, none.
        DataTooLargeError: They have more than `limit_bytes` together.

    """
    some = islice(_walk(folder, ""), rules.FILES_MAX + 1) if folder.is_dir() else ()
    found = tuple(sorted(some, key=lambda file: file.path))
    faults = rules.find_faults(found)
    if faults:
        raise DataRefusedError(
            f"The data folder has {len(faults)} fault{'s' * (len(faults) > 1)}.", findings=faults
        )
    total = sum(file.bytes for file in found)
    if total > limit_bytes:
        raise DataTooLargeError(
            f"The data files have {total:,} bytes together; the limit is {limit_bytes:,}."
        )
    return found


def store_files(*, storage: Storage, folder: Path, limit_bytes: int) -> tuple[StoredFile, ...]:
    """Copy the files below a folder into the store; no transaction has to wait for that.

    Raises:
        DataRefusedError, DataTooLargeError: See `find_files`.
        StorageFullError: No room.

    """
    stored = []
    left = limit_bytes
    for found in find_files(folder, limit_bytes=limit_bytes):
        blob = storage.keep_file(folder / found.path, limit_bytes=left)
        left -= blob.bytes
        stored.append(StoredFile(path=found.path, blob=blob))
    return tuple(stored)


def add_version(
    session: Session, *, challenge_id: str, files: Sequence[StoredFile], now: datetime
) -> tuple[DataFile, ...]:
    """Make stored files the next version of a challenge's data.

    Raises:
        VersionTakenError: Somebody else added a version at this moment.

    """
    version = queries.latest_version(session, challenge_id=challenge_id) + 1
    rows = [
        DataFileRow(
            challenge_id=challenge_id,
            version=version,
            path=file.path,
            sha256=file.blob.sha256,
            bytes=file.blob.bytes,
            media_type=rules.media_type(file.path),
            created_at=now,
        )
        for file in files
    ]
    _add(session, rows)
    return tuple(queries.file_of(row) for row in rows)


def add_files(
    session: Session,
    *,
    storage: Storage,
    challenge_id: str,
    folder: Path,
    now: datetime,
    limit_bytes: int,
) -> tuple[DataFile, ...]:
    """Store the files below a folder as the next version: `store_files`, then `add_version`.

    The copying happens while the transaction is open; large data is better stored before.
    """
    files = store_files(storage=storage, folder=folder, limit_bytes=limit_bytes)
    return add_version(session, challenge_id=challenge_id, files=files, now=now)


def add_answer_key(
    session: Session,
    *,
    challenge_id: str,
    ids: Blob,
    sealed: Blob,
    rows: int,
    public_rows: int,
    private_rows: int,
    now: datetime,
) -> AnswerKeyRef:
    """Make compiled answers the next version of a challenge's answer key.

    Raises:
        VersionTakenError: Somebody else added a version at this moment.

    """
    before = queries.answer_key(session, challenge_id=challenge_id)
    row = AnswerKeyRow(
        challenge_id=challenge_id,
        version=before.version + 1 if before else 1,
        ids_sha256=ids.sha256,
        sealed_sha256=sealed.sha256,
        rows=rows,
        public_rows=public_rows,
        private_rows=private_rows,
        created_at=now,
    )
    _add(session, [row])
    return queries.key_of(row)


def add_package(
    session: Session, *, challenge_id: str, kind: PackageKind, blob: Blob, now: datetime
) -> Package:
    """Make a stored bundle the next version of its kind.

    Raises:
        VersionTakenError: Somebody else added a version at this moment.

    """
    before = queries.package(session, challenge_id=challenge_id, kind=kind)
    row = PackageRow(
        challenge_id=challenge_id,
        kind=kind.value,
        version=before.version + 1 if before else 1,
        sha256=blob.sha256,
        bytes=blob.bytes,
        created_at=now,
    )
    _add(session, [row])
    return queries.package_of(row)


def _add(session: Session, rows: Sequence[SQLModel]) -> None:
    try:
        with session.begin_nested():
            session.add_all(rows)
            session.flush()
    except IntegrityError as error:
        raise VersionTakenError(
            "Somebody else added a version at this moment. Look again, then try again."
        ) from error


def _walk(folder: Path, prefix: str) -> Iterator[rules.FoundFile]:
    """Yield what lies below a folder, following no link."""
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{prefix}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry.path), f"{path}/")
                continue
            facts = entry.stat(follow_symlinks=False)
            yield rules.FoundFile(
                path=path, bytes=facts.st_size, is_plain=stat.S_ISREG(facts.st_mode)
            )
