"""What arrives is what was announced, or nothing is kept."""

import base64
import hashlib
from pathlib import Path

import pytest

from palio.core.storage import Blob, FileTooLargeError, LocalStorage
from palio.submissions import intake
from palio.submissions.intake import Upload, read_content_digest

CONTENT = b"id,rating\n1,3.5\n2,0.5\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HEADER = f"sha-256=:{base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()}:"


def upload(
    storage: LocalStorage, *, size: int | None = len(CONTENT), sha256: str | None = SHA256
) -> Upload:
    return Upload(storage, limit_bytes=1000, declared_bytes=size, declared_sha256=sha256)


def send(arriving: Upload, content: bytes, *, piece: int = 100) -> Blob:
    with arriving:
        for start in range(0, len(content), piece):
            arriving.write(content[start : start + piece])
        return arriving.keep()


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_upload_in_pieces_is_kept_under_its_digest(
    storage: LocalStorage, tmp_path: Path, piece: int
) -> None:
    blob = send(upload(storage), CONTENT, piece=piece)
    assert (blob.sha256, blob.bytes) == (SHA256, len(CONTENT))
    assert storage.path(SHA256).read_bytes() == CONTENT
    assert files(tmp_path) == [SHA256]


@pytest.mark.parametrize("cut", range(len(CONTENT)))
def test_upload_when_cut_anywhere_is_refused_and_leaves_nothing(
    storage: LocalStorage, tmp_path: Path, cut: int
) -> None:
    with pytest.raises(intake.UploadCutError):
        send(upload(storage), CONTENT[:cut])
    assert files(tmp_path) == []


def test_upload_when_cut_and_of_undeclared_length_fails_by_its_digest(
    storage: LocalStorage, tmp_path: Path
) -> None:
    with pytest.raises(intake.DigestMismatchError):
        send(upload(storage, size=None), CONTENT[:-1])
    assert files(tmp_path) == []


def test_upload_of_more_than_announced_is_refused(storage: LocalStorage) -> None:
    with upload(storage) as arriving:
        arriving.write(CONTENT)
        with pytest.raises(intake.UploadCutError, match="23 bytes arrived where 22 were"):
            arriving.write(b"x")


def test_upload_announced_over_the_limit_is_refused_before_it_begins(
    storage: LocalStorage, tmp_path: Path
) -> None:
    with pytest.raises(FileTooLargeError, match="1,001 bytes; the limit is 1,000 bytes"):
        upload(storage, size=1001)
    assert files(tmp_path) == []


def test_upload_over_the_limit_is_stopped_when_it_gets_there(
    storage: LocalStorage, tmp_path: Path
) -> None:
    with pytest.raises(FileTooLargeError):
        send(upload(storage, size=None, sha256=None), b"x" * 1001)
    assert files(tmp_path) == []


def test_empty_upload_is_refused(storage: LocalStorage) -> None:
    with pytest.raises(intake.EmptyFileError):
        upload(storage, size=0)
    with pytest.raises(intake.EmptyFileError):
        send(upload(storage, size=None, sha256=None), b"")


@pytest.mark.parametrize(
    "header",
    [HEADER, f"sha-512=:AAAA:, {HEADER}", f" {HEADER} ,md5=:AAAA:"],
)
def test_content_digest_is_found_among_others(header: str) -> None:
    assert read_content_digest(header) == SHA256


@pytest.mark.parametrize("header", [None, "sha-512=:AAAA:"])
def test_content_digest_when_not_sent_is_none(header: str | None) -> None:
    assert read_content_digest(header) is None


@pytest.mark.parametrize(
    "header",
    ["", SHA256, f"sha-256={SHA256}", "sha-256=:AAAA:", "sha-256=:A:", "sha-256=::", f"{HEADER},"],
)
def test_content_digest_when_malformed_is_refused(header: str) -> None:
    with pytest.raises(intake.BadDigestHeaderError, match="RFC 9530"):
        read_content_digest(header)
