"""The expected row ids in their public order: all a reader may know about the test set."""

import hashlib
import re
import threading
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from palio.scoring import container
from palio.scoring.form import IdKind

INTEGER_ID = re.compile(r"0|[1-9][0-9]{0,18}")
LARGEST_ID = 2**63 - 1

_NO_INTEGERS = np.empty(0, dtype=np.int64)
_NO_OFFSETS = np.zeros(1, dtype=np.int64)
_NO_BYTES = np.empty(0, dtype=np.uint8)


@dataclass(eq=False, slots=True)
class RowIds:
    """The ids of all rows to predict; holds nothing secret and may be shared between threads.

    Attributes:
        kind: How ids are compared.
        count: Number of rows.
        integers: int64 (count,), for INTEGER ids.
        offsets: int64 (count + 1,), where each TEXT id starts in `blob`.
        blob: uint8, the TEXT ids one after the other, UTF-8.
        digest: sha256 of kind and ids, empty where they are only in memory.

    """

    kind: IdKind
    count: int
    integers: NDArray[np.int64] = field(default_factory=lambda: _NO_INTEGERS)
    offsets: NDArray[np.int64] = field(default_factory=lambda: _NO_OFFSETS)
    blob: NDArray[np.uint8] = field(default_factory=lambda: _NO_BYTES)
    digest: str = ""
    compiled: Any = None  # see `lookup`
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, path: Path) -> "RowIds":
        """Map the ids that `key.compile_key` wrote.

        Raises:
            container.KeyFileError: The file is not a whole ids file.

        """
        held = container.read(path)
        if held.meta.get("what") != "ids":
            raise container.KeyFileError("this file holds no row ids")
        count = int(held.meta["rows"])
        if held.meta["kind"] == IdKind.INTEGER.value:
            ids = cls(IdKind.INTEGER, count, integers=held.sections["ids"])
        else:
            sections = held.sections
            ids = cls(IdKind.TEXT, count, offsets=sections["offsets"], blob=sections["blob"])
        ids.digest = held.meta["digest"]
        return ids

    def write(self, path: Path) -> str:
        """Write the ids file, note the digest, and give the sha256 of the file."""
        if self.kind is IdKind.INTEGER:
            sections: dict[str, container.Section] = {"ids": self.integers}
        else:
            sections = {"offsets": self.offsets, "blob": self.blob}
        digest = hashlib.sha256(self.kind.value.encode())
        for array in sections.values():
            digest.update(np.ascontiguousarray(array).data)
        self.digest = digest.hexdigest()
        meta = {"what": "ids", "kind": self.kind.value, "rows": self.count, "digest": self.digest}
        return container.write(path, meta=meta, sections=sections)

    @classmethod
    def of(cls, texts: list[str], *, kind: IdKind) -> "RowIds":
        """Hold `texts`, which must be distinct and of the right form, in memory."""
        if kind is IdKind.INTEGER:
            return cls(kind, len(texts), integers=np.array([int(t) for t in texts], dtype=np.int64))
        raw = [text.encode() for text in texts]
        offsets = np.zeros(len(raw) + 1, dtype=np.int64)
        np.cumsum([len(item) for item in raw], out=offsets[1:])
        return cls(kind, len(raw), offsets=offsets, blob=np.frombuffer(b"".join(raw), np.uint8))

    def text(self, row: int) -> str:
        """Give the id of one row as it is written."""
        if self.kind is IdKind.INTEGER:
            return str(int(self.integers[row]))
        return bytes(self.blob[self.offsets[row] : self.offsets[row + 1]]).decode()

    def texts(self, first: int, last: int) -> list[str]:
        """Give the ids of rows `first` to `last` (exclusive) as they are written."""
        if self.kind is IdKind.INTEGER:
            return [str(number) for number in self.integers[first:last].tolist()]
        edges = self.offsets[first : last + 1].tolist()
        raw = bytes(self.blob[edges[0] : edges[-1]])
        start = edges[0]
        return [raw[a - start : b - start].decode() for a, b in pairwise(edges)]

    def texts_at(self, rows: NDArray[np.intp]) -> list[str]:
        """Give the ids of any rows as they are written."""
        if self.kind is IdKind.INTEGER:
            return [str(number) for number in self.integers[rows].tolist()]
        return [self.text(row) for row in rows.tolist()]

    def drop_pages(self) -> None:
        """Give back the resident pages of the ids."""
        for array in (self.integers, self.offsets, self.blob):
            container.drop_pages(array)
