"""Named looks at a challenge's files, answer keys and packages: sizes and digests, no content."""

from sqlmodel import Session, col, func, select

from palio.datasets.contracts import AnswerKeyRef, DataFile, Package, PackageKind
from palio.datasets.errors import DataFileNotFoundError
from palio.datasets.models import AnswerKeyRow, DataFileRow, PackageRow


def files(
    session: Session, *, challenge_id: str, version: int | None = None
) -> tuple[DataFile, ...]:
    """Return the files of a version (None = the latest) by path; empty where there are none."""
    wanted = latest_version(session, challenge_id=challenge_id) if version is None else version
    rows = session.exec(
        select(DataFileRow)
        .where(DataFileRow.challenge_id == challenge_id, DataFileRow.version == wanted)
        .order_by(col(DataFileRow.path))
    )
    # PostgreSQL sorts text by its locale, SQLite by bytes.
    return tuple(sorted(map(file_of, rows), key=lambda file: file.path))


def file(session: Session, *, challenge_id: str, path: str) -> DataFile:
    """Return one file of the latest version; raises `DataFileNotFoundError`."""
    row = None
    if "\0" not in path:  # PostgreSQL has no such text
        row = session.exec(
            select(DataFileRow).where(
                DataFileRow.challenge_id == challenge_id,
                DataFileRow.version == latest_version(session, challenge_id=challenge_id),
                DataFileRow.path == path,
            )
        ).first()
    if row is None:
        raise DataFileNotFoundError(f"This challenge has no file {path!r}.")
    return file_of(row)


def latest_version(session: Session, *, challenge_id: str) -> int:
    """Return the number of the latest version of a challenge's files, 0 without one."""
    highest = select(func.max(DataFileRow.version)).where(DataFileRow.challenge_id == challenge_id)
    return session.exec(highest).one() or 0


def answer_key(
    session: Session, *, challenge_id: str, version: int | None = None
) -> AnswerKeyRef | None:
    """Return an answer key (None = the latest version), None where there is none."""
    statement = (
        select(AnswerKeyRow)
        .where(AnswerKeyRow.challenge_id == challenge_id)
        .order_by(col(AnswerKeyRow.version).desc())
        .limit(1)
    )
    if version is not None:
        statement = statement.where(AnswerKeyRow.version == version)
    row = session.exec(statement).first()
    return key_of(row) if row else None


def package(
    session: Session, *, challenge_id: str, kind: PackageKind, version: int | None = None
) -> Package | None:
    """Return a bundle (None = the latest version), None where there is none."""
    statement = (
        select(PackageRow)
        .where(PackageRow.challenge_id == challenge_id, PackageRow.kind == kind.value)
        .order_by(col(PackageRow.version).desc())
        .limit(1)
    )
    if version is not None:
        statement = statement.where(PackageRow.version == version)
    row = session.exec(statement).first()
    return package_of(row) if row else None


def file_of(row: DataFileRow) -> DataFile:
    """Return what others may know of a file."""
    return DataFile(
        id=row.id,
        challenge_id=row.challenge_id,
        version=row.version,
        path=row.path,
        sha256=row.sha256,
        bytes=row.bytes,
        media_type=row.media_type,
        created_at=row.created_at,
    )


def key_of(row: AnswerKeyRow) -> AnswerKeyRef:
    """Return what others may know of an answer key."""
    return AnswerKeyRef(
        id=row.id,
        challenge_id=row.challenge_id,
        version=row.version,
        ids_sha256=row.ids_sha256,
        sealed_sha256=row.sealed_sha256,
        rows=row.rows,
        public_rows=row.public_rows,
        private_rows=row.private_rows,
        created_at=row.created_at,
    )


def package_of(row: PackageRow) -> Package:
    """Return what others may know of a bundle."""
    return Package(
        id=row.id,
        challenge_id=row.challenge_id,
        kind=PackageKind(row.kind),
        version=row.version,
        sha256=row.sha256,
        bytes=row.bytes,
        created_at=row.created_at,
    )
