"""Files on the way: hashed before they leave, resumed when cut, checked before they count."""

import base64
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from palio.cli.client.errors import ApiError, ClientError
from palio.cli.client.wire import BACK_OFF_SECONDS, Body, Wire, is_passing

PIECE_BYTES = 2**18

# Called with (bytes done, bytes in all) as a transfer goes on.
Progress = Callable[[int, int], None]


class LocalFileError(ClientError):
    """A file on this machine cannot be read or written."""


def no_progress(_done: int, _total: int) -> None:
    """Show nothing."""


def digest(path: Path) -> str:
    """Return the lower-case hex SHA-256 of a file; raises `LocalFileError`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise LocalFileError(f"Cannot read {path}: {error.strerror}.") from error


def digest_header(sha256: str) -> str:
    """Return the value of a ``Content-Digest`` header (RFC 9530)."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:"


def body_of(path: Path, size: int, progress: Progress) -> Body:
    """Return what streams the first `size` bytes of a file, from its start, each time."""

    def pieces() -> Iterator[bytes]:
        done = 0
        progress(0, size)
        with path.open("rb") as file:
            while piece := file.read(min(PIECE_BYTES, size - done)):
                yield piece
                done += len(piece)
                progress(done, size)
        if done != size:
            raise LocalFileError(f"{path} became shorter while it was sent.", hint="Send it again.")

    return pieces


def download(
    wire: Wire,
    path: str,
    target: Path,
    *,
    sha256: str,
    size: int,
    progress: Progress = no_progress,
) -> bool:
    """Bring one file to `target`, resuming what an earlier attempt left beside it.

    Each new byte renews the patience: only attempts that bring nothing count.

    Args:
        wire: The server.
        path: Path on the server.
        target: Where the file goes; appears there whole and checked, or not at all.
        sha256: What the file must hash to.
        size: Its size in bytes.
        progress: Told of every piece.

    Returns:
        False when the file was there already.

    Raises:
        ApiError: Refused, unreachable, or the bytes are not the promised ones.
        LocalFileError: `target` cannot be written.

    """
    if target.is_file() and target.stat().st_size == size and digest(target) == sha256:
        progress(size, size)
        return False
    part = target.with_name(f"{target.name}.{sha256[:8]}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch_all(wire, path, part, sha256=sha256, size=size, progress=progress)
        if digest(part) != sha256:
            part.unlink()
            raise ApiError(
                f"{target.name} arrived damaged: its SHA-256 is not the announced one.",
                code="download_damaged",
                hint="Nothing was kept. Run the command again.",
            )
        part.replace(target)
    except OSError as error:
        raise LocalFileError(f"Cannot write {target}: {error.strerror}.") from error
    return True


def write_whole(target: Path, pieces: Iterator[bytes]) -> None:
    """Write a file that appears whole or not at all; raises `LocalFileError`."""
    part = target.with_name(f"{target.name}.part")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                file.write(piece)
        part.replace(target)
    except OSError as error:
        raise LocalFileError(f"Cannot write {target}: {error.strerror}.") from error


def _fetch_all(
    wire: Wire, path: str, part: Path, *, sha256: str, size: int, progress: Progress
) -> None:
    failures = 0
    while (before := _size(part)) != size or not part.exists():
        try:
            _fetch(wire, path, part, sha256=sha256, size=size, progress=progress)
        except ApiError as error:
            failures = 0 if _size(part) > before else failures + 1
            if not is_passing(error) or failures > len(BACK_OFF_SECONDS):
                raise
            wire.rest(error, failures)
        else:
            return


def _fetch(
    wire: Wire, path: str, part: Path, *, sha256: str, size: int, progress: Progress
) -> None:
    have = _size(part)
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": f'"{sha256}"'}
    with wire.stream(path, headers=headers) as answer:
        if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink()  # longer than the file: left by something else
            raise ApiError("The partial file does not fit.", code="connection")
        goes_on = answer.status_code == httpx.codes.PARTIAL_CONTENT
        done = have if goes_on else 0
        with part.open("ab" if goes_on else "wb") as file:
            progress(done, size)
            for piece in answer.iter_raw():
                file.write(piece)
                done += len(piece)
                progress(done, size)
                if done > size:
                    break  # not the promised file; its digest will say so
            file.flush()
            os.fsync(file.fileno())


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
