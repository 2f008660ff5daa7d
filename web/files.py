"""Stored files as downloads: a range at a time where asked, never opened by the browser."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import StreamingResponse

from palio.datasets.ranges import parse_range

_PIECE_BYTES = 2**18


def send_blob(
    path: Path,
    *,
    sha256: str,
    name: str,
    media_type: str,
    range_header: str | None,
    if_range: str | None = None,
) -> Response:
    """Answer with a stored file, or the part of it asked for (RFC 9110 §14).

    Args:
        path: Where the bytes are; they never change.
        sha256: Their digest: the strong ETag.
        name: What the browser may call it.
        media_type: As declared; `nosniff` and `attachment` keep browsers from running it.
        range_header: The Range header.
        if_range: The If-Range header: another ETag means the whole file.

    Raises:
        RangeNotSatisfiableError: The range lies outside the file.

    """
    size = path.stat().st_size
    etag = f'"{sha256}"'
    if if_range is not None and if_range.strip() != etag:
        range_header = None
    part = parse_range(range_header, size)
    start, stop = part if part is not None else (0, size)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "Content-Length": str(stop - start),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return StreamingResponse(
        _pieces(path, start=start, stop=stop),
        status_code=200 if part is None else 206,
        media_type=media_type,
        headers=headers,
    )


def _pieces(path: Path, *, start: int, stop: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = stop - start
        while left > 0 and (piece := file.read(min(left, _PIECE_BYTES))):
            left -= len(piece)
            yield piece
