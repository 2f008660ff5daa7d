"""From the bytes on the wire to a stored blob: counted, capped, digest checked, never in memory."""

import base64
import binascii
import re
from types import TracebackType
from typing import Self

from palio.core.errors import BadRequestError
from palio.core.storage import Blob, FileTooLargeError, Storage

SHA256_BYTES = 32
# RFC 8941 §3.3.5: a byte sequence between colons, as member of a dictionary.
_MEMBER = re.compile(r"\s*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):\s*")


class UploadCutError(BadRequestError):
    """Fewer or more bytes came than were announced."""

    code = "upload_cut"


class DigestMismatchError(BadRequestError):
    """The bytes are not the ones the client digested."""

    code = "digest_mismatch"


class EmptyFileError(BadRequestError):
    """Nothing came."""

    code = "empty_file"


class BadDigestHeaderError(BadRequestError):
    """The Content-Digest header cannot be read."""

    code = "bad_digest_header"


def read_content_digest(header: str | None) -> str | None:
    """Return the lower-case hex SHA-256 of a ``Content-Digest`` header (RFC 9530 §2).

    Other algorithms are passed over, as the RFC asks; None when SHA-256 is not among them.

    Raises:
        BadDigestHeaderError: It is not a dictionary of byte sequences, or not 32 bytes.

    """
    if header is None:
        return None
    found = None
    for member in header.split(","):
        match = _MEMBER.fullmatch(member)
        if match is None:
            raise _bad_header()
        if match[1] == "sha-256":
            found = _digest(match[2])  # the last one counts (RFC 8941 §3.2)
    return found


def _digest(text: str) -> str:
    try:
        digest = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise _bad_header() from error
    if len(digest) != SHA256_BYTES:
        raise _bad_header()
    return digest.hex()


def _bad_header() -> BadDigestHeaderError:
    return BadDigestHeaderError(
        "Content-Digest must look like  sha-256=:<base64 of the 32 bytes>:  (RFC 9530)."
    )


class Upload:
    """One file on its way in. Use as a context; leaving it before `place` leaves no trace.

    Args:
        storage: Where the file goes.
        limit_bytes: The challenge's cap.
        declared_bytes: Content-Length, None when the client did not say.
        declared_sha256: What `read_content_digest` found.

    Raises:
        FileTooLargeError: More was announced than the cap allows.
        EmptyFileError: Nothing was announced.
        StorageFullError: No room.

    """

    def __init__(
        self,
        storage: Storage,
        *,
        limit_bytes: int,
        declared_bytes: int | None,
        declared_sha256: str | None,
    ) -> None:
        if declared_bytes == 0:
            raise _empty()
        if declared_bytes is not None and declared_bytes > limit_bytes:
            raise FileTooLargeError(
                f"The file has {declared_bytes:,} bytes; the limit is {limit_bytes:,} bytes."
            )
        self._writer = storage.writer(limit_bytes=limit_bytes)
        self._declared_bytes = declared_bytes
        self._declared_sha256 = declared_sha256
        self._bytes = 0

    def __enter__(self) -> Self:
        """Open the temporary file."""
        self._writer.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the temporary file unless it was kept."""
        self._writer.__exit__(kind, error, trace)

    def write(self, piece: bytes) -> None:
        """Append; raises `FileTooLargeError`, `StorageFullError`, `UploadCutError` (too much)."""
        self._bytes += len(piece)
        if self._declared_bytes is not None and self._bytes > self._declared_bytes:
            raise self._cut()
        self._writer.write(piece)

    def keep(self) -> Blob:
        """Do `sync` and `place` at once; raises as `sync`."""
        blob = self.sync()
        self.place()
        return blob

    def place(self) -> None:
        """Let the file be found under its digest; again, it changes nothing."""
        self._writer.place()

    def sync(self) -> Blob:
        """Check what came against what was announced, and make it durable; nobody finds it yet.

        Raises:
            EmptyFileError, UploadCutError, DigestMismatchError, StorageFullError: In words.

        """
        if self._declared_bytes is not None and self._bytes != self._declared_bytes:
            raise self._cut()
        if self._bytes == 0:
            raise _empty()
        if self._declared_sha256 not in (None, self._writer.sha256):
            raise DigestMismatchError(
                f"The file changed on its way: SHA-256 {self._writer.sha256} arrived,"
                f" {self._declared_sha256} was announced. Nothing was stored; send it again."
            )
        return self._writer.sync()

    def _cut(self) -> UploadCutError:
        return UploadCutError(
            f"{self._bytes:,} bytes arrived where {self._declared_bytes:,} were announced."
            " Nothing was stored; send the file again."
        )


def _empty() -> EmptyFileError:
    return EmptyFileError("The file is empty. Nothing was stored.")
