"""The file format of a compiled answer key: named arrays that can be memory mapped.

Layout: 8 bytes magic, version and header length (little-endian uint32), sha256 of the header,
the header (JSON: `meta`, and for each section its name, dtype, offset, count), then the sections,
each aligned to 64 bytes, raw little-endian. Nothing in it is executed and nothing depends on the
clock, so the same content gives the same bytes.
"""

import hashlib
import json
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"PALIOKEY"
VERSION = 1
_PREFIX = struct.Struct("<8sII32s")
_ALIGN = 64
_SMALL = 4096
_DTYPES = ("<f8", "<i8", "<i4", "|u1")
Section = NDArray[Any]


class KeyFileError(Exception):
    """A compiled key file is not one, is cut or does not fit its partner."""


@dataclass(frozen=True, slots=True)
class Container:
    """An open container.

    Attributes:
        meta: What the writer noted.
        sections: Read-only arrays over the memory map.

    """

    meta: dict[str, Any]
    sections: dict[str, Section]


def write(path: Path, *, meta: Mapping[str, Any], sections: Mapping[str, Section]) -> str:
    """Write a container and give the sha256 of its bytes."""
    plain = {name: _little_endian(array) for name, array in sections.items()}
    header, offsets = _header(meta, plain)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for piece in (
            _PREFIX.pack(MAGIC, VERSION, len(header), hashlib.sha256(header).digest()),
            header,
        ):
            file.write(piece)
            digest.update(piece)
        for name, array in plain.items():
            padding = bytes(offsets[name] - file.tell())
            view = array.tobytes() if array.nbytes < _SMALL else memoryview(array.data).cast("B")
            for part in (padding, view):
                file.write(part)
                digest.update(part)
    return digest.hexdigest()


def read(path: Path) -> Container:
    """Map a container.

    Raises:
        KeyFileError: The bytes are not a whole container of this version.

    """
    with path.open("rb") as file:
        prefix = file.read(_PREFIX.size)
        if len(prefix) < _PREFIX.size or prefix[:8] != MAGIC:
            raise KeyFileError("not a compiled answer key")
        _, version, length, digest = _PREFIX.unpack(prefix)
        header = file.read(length)
        if version != VERSION or hashlib.sha256(header).digest() != digest:
            raise KeyFileError(
                "the header of the compiled answer key is damaged or of another version"
            )
        mapping = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    parsed = json.loads(header)
    sections = {item["name"]: _section(mapping, item) for item in parsed["sections"]}
    return Container(meta=parsed["meta"], sections=sections)


def drop_pages(array: Section) -> None:
    """Give back the resident pages under a mapped array; they are read again when touched."""
    mapping = _mapping_of(array)
    if array.size == 0 or mapping is None:
        return
    base = np.frombuffer(mapping, dtype=np.uint8).ctypes.data
    start = array.ctypes.data - base
    first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    length = (start + array.nbytes) // mmap.PAGESIZE * mmap.PAGESIZE - first
    if length > 0:
        mapping.madvise(mmap.MADV_DONTNEED, first, length)


def _mapping_of(array: Section) -> mmap.mmap | None:
    held: Any = array
    while isinstance(held, np.ndarray):
        held = held.base
    held = held.obj if isinstance(held, memoryview) else held
    return held if isinstance(held, mmap.mmap) else None


def _little_endian(array: Section) -> Section:
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))


def _header(
    meta: Mapping[str, Any], sections: Mapping[str, Section]
) -> tuple[bytes, dict[str, int]]:
    room = 4096  # the header grows with the offsets in it, so find the room it fits in
    while True:
        offsets: dict[str, int] = {}
        place = room
        for name, array in sections.items():
            offsets[name] = place
            place += -(-array.nbytes // _ALIGN) * _ALIGN
        items = [
            {"name": n, "dtype": a.dtype.str, "offset": offsets[n], "count": int(a.size)}
            for n, a in sections.items()
        ]
        header = json.dumps({"meta": dict(meta), "sections": items}, sort_keys=True).encode()
        if _PREFIX.size + len(header) <= room:
            return header, offsets
        room *= 2


def _section(mapping: mmap.mmap, item: dict[str, Any]) -> Section:
    if item["dtype"] not in _DTYPES:
        raise KeyFileError("the compiled answer key holds an unknown kind of array")
    dtype = np.dtype(item["dtype"])
    if item["offset"] + item["count"] * dtype.itemsize > len(mapping):
        raise KeyFileError("the compiled answer key is cut short")
    return np.frombuffer(mapping, dtype=dtype, count=item["count"], offset=item["offset"])
