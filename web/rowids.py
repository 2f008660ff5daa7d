"""Expected ids of the answer keys in use, opened once: a check need not build them again."""

import threading
from collections import OrderedDict

from palio.core.storage import Storage
from palio.scoring.rows import RowIds

_KEYS_KEPT = 8


class RowIdsCache:
    """The last few id files opened, by digest."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._opened: OrderedDict[str, RowIds] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, ids_sha256: str) -> RowIds:
        """Return the ids; raises `BlobMissingError`."""
        with self._lock:
            ids = self._opened.get(ids_sha256)
            if ids is None:
                ids = RowIds.open(self._storage.path(ids_sha256))
                self._opened[ids_sha256] = ids
            self._opened.move_to_end(ids_sha256)
            if len(self._opened) > _KEYS_KEPT:
                self._opened.popitem(last=False)
            return ids
