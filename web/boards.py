"""Answers about boards, kept as bytes until the board changes: many look, few boards change."""

import threading
from collections import OrderedDict
from collections.abc import Callable

_ANSWERS_KEPT = 256


class BoardCache:
    """Rendered answers by (etag, form); an etag names one state of one board for ever."""

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, etag: str, form: str, render: Callable[[], bytes]) -> bytes:
        """Return the answer in this form, rendering it the first time."""
        with self._lock:
            answer = self._answers.get((etag, form))
            if answer is not None:
                self._answers.move_to_end((etag, form))
                return answer
        answer = render()
        with self._lock:
            self._answers[etag, form] = answer
            if len(self._answers) > _ANSWERS_KEPT:
                self._answers.popitem(last=False)
        return answer
