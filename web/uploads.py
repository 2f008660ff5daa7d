"""Request bodies that are files: taken in 1 MiB pieces, never whole in memory, never waited for."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from palio.core.storage import Blob, FileTooLargeError, Storage, full_disk_in_words
from palio.submissions.intake import Upload, read_content_digest
from palio.web.errors import UploadIdleError

PIECE_BYTES = 2**20
T = TypeVar("T")
Place = Callable[[], None]  # lets a file be found under its digest


@dataclass(frozen=True, slots=True)
class Declared:
    """What the client said of a body before sending it: size and SHA-256, where it did."""

    bytes: int | None = None
    sha256: str | None = None


def declared_of(request: Request) -> Declared:
    """Read Content-Length and Content-Digest; raises `BadDigestHeaderError`."""
    length = request.headers.get("content-length", "")
    return Declared(
        bytes=int(length) if length.isdecimal() else None,
        sha256=read_content_digest(request.headers.get("content-digest")),
    )


class UploadGoneError(Exception):
    """The sender is gone; nobody will read an answer."""


async def pieces(stream: AsyncIterator[bytes], *, idle_seconds: float) -> AsyncIterator[bytes]:
    """Yield the body in pieces of 1 MiB, the last one shorter.

    Raises:
        UploadIdleError: Nothing came for `idle_seconds`.
        UploadGoneError: The connection was cut before the end.

    """
    buffer = bytearray()
    while True:
        try:
            async with asyncio.timeout(idle_seconds):
                buffer += await anext(stream)
        except StopAsyncIteration:
            break
        except TimeoutError as error:
            raise UploadIdleError(
                f"Nothing came for {idle_seconds:g} seconds, so the upload was ended and nothing "
                "stored. Send the file again, with the same Idempotency-Key."
            ) from error
        except ClientDisconnect as error:
            raise UploadGoneError from error
        while len(buffer) >= PIECE_BYTES:
            yield bytes(buffer[:PIECE_BYTES])
            del buffer[:PIECE_BYTES]
    if buffer:
        yield bytes(buffer)


async def store(
    stream: AsyncIterator[bytes],
    storage: Storage,
    *,
    limit_bytes: int,
    declared: Declared,
    idle_seconds: float,
    hand_in: Callable[[Blob, Place], T],
) -> T:
    """Take a body in and hand it in; on any fault, also when it is refused, no file is left.

    Args:
        stream: The body.
        storage: Where it goes.
        limit_bytes: The most it may have.
        declared: What was said of it before.
        idle_seconds: The longest pause.
        hand_in: Writes what the file is for, in a thread; it calls the second argument as the
            last thing before its transaction ends.

    Raises:
        FileTooLargeError, UploadCutError, DigestMismatchError, EmptyFileError, StorageFullError:
            In words.
        UploadIdleError, UploadGoneError: As for `pieces`.
        AppError: Whatever `hand_in` raises.

    """
    with Upload(
        storage,
        limit_bytes=limit_bytes,
        declared_bytes=declared.bytes,
        declared_sha256=declared.sha256,
    ) as upload:
        async for piece in pieces(stream, idle_seconds=idle_seconds):
            await run_in_threadpool(upload.write, piece)
        blob = await run_in_threadpool(upload.sync)
        return await run_in_threadpool(hand_in, blob, upload.place)


async def receive_file(
    request: Request, path: Path, *, limit_bytes: int, idle_seconds: float
) -> None:
    """Write a request's body into a file of ours.

    Raises:
        FileTooLargeError, StorageFullError: And what `pieces` raises.

    """
    declared = declared_of(request)
    if declared.bytes is not None and declared.bytes > limit_bytes:
        raise _too_large(limit_bytes)
    body = pieces(request.stream(), idle_seconds=idle_seconds)
    await write_file(body, path, limit_bytes=limit_bytes)


async def write_file(body: AsyncIterator[bytes], path: Path, *, limit_bytes: int) -> None:
    """Write the pieces of a body into a file of ours.

    Raises:
        FileTooLargeError, StorageFullError: In words.

    """
    count = 0
    with full_disk_in_words(), path.open("wb") as file:
        async for piece in body:
            count += len(piece)
            if count > limit_bytes:
                raise _too_large(limit_bytes)
            await run_in_threadpool(file.write, piece)


def _too_large(limit_bytes: int) -> FileTooLargeError:
    return FileTooLargeError(f"The file is larger than the limit of {limit_bytes:,} bytes.")
