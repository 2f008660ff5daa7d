"""Finds the row of an id as it is written, in little memory for any number of rows."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from palio.scoring.rows import RowIds

_BATCH = 65_536
_FEW = 200_000  # up to here a dict is faster and small enough


class KnownIds:
    """Row by written id, for readers in plain Python.

    Python's own string hash is keyed anew in each process, so nobody can prepare collisions.
    """

    def __init__(self, ids: RowIds) -> None:
        self._ids = ids
        self._rows: dict[str, int] = {}
        if ids.count <= _FEW:
            self._rows = {text: row for row, text in enumerate(ids.texts(0, ids.count))}
            return
        hashes = np.fromiter(_hashes(ids), dtype=np.int64, count=ids.count)
        self._order = np.argsort(hashes)
        self._hashes = hashes[self._order]

    def row(self, text: str) -> int:
        """Give the row of an id, or -1."""
        if self._ids.count <= _FEW:
            return self._rows.get(text, -1)
        wanted = hash(text)
        place = int(np.searchsorted(self._hashes, wanted))
        while place < self._ids.count and self._hashes[place] == wanted:
            row = int(self._order[place])
            if self._ids.text(row) == text:
                return row
            place += 1
        return -1

    def rows(self, texts: list[str]) -> NDArray[np.intp] | None:
        """Give the rows of many ids at once, or None when one is not surely known."""
        if self._ids.count <= _FEW:
            found = np.fromiter((self._rows.get(text, -1) for text in texts), np.intp, len(texts))
            return None if (found < 0).any() else found
        wanted = np.fromiter(map(hash, texts), np.int64, len(texts))
        places = np.searchsorted(self._hashes, wanted)
        rows: NDArray[np.intp] = self._order[np.minimum(places, self._ids.count - 1)]
        return rows if self._ids.texts_at(rows) == texts else None

    def __contains__(self, text: str) -> bool:
        """Tell whether an id is in the test set."""
        return self.row(text) >= 0


def _hashes(ids: RowIds) -> Iterator[int]:
    for first in range(0, ids.count, _BATCH):
        yield from map(hash, ids.texts(first, min(first + _BATCH, ids.count)))
