"""A broker in a folder, so that one machine needs no server: one file for each message.

kombu's own filesystem transport lets a reader see a half-written file. Here a file appears whole
(temporary name, then rename) and is won by whoever unlinks it, which only one process can. Losing
a message is allowed: the database is the queue, and the sweep sends again.
"""

import json
import os
import tempfile
import time
from collections import deque
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, virtual

SCHEME = "folder"
_SUFFIX = ".json"


class Channel(virtual.Channel):
    """Moves messages through ``<folder>/<queue>/<nanoseconds>-<chance>.json``."""

    supports_fanout = False
    do_restore = False  # messages are hints

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (kombu's signature)
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]  # kombu has no types
        self._listed: dict[str, deque[Path]] = {}

    def _folder(self, queue: str) -> Path:
        folder = Path(self.connection.client.transport_options["folder"]) / queue
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _new_queue(self, queue: str, **_kwargs: object) -> None:
        self._folder(queue)

    def _put(self, queue: str, message: dict[str, Any], **_kwargs: object) -> None:
        folder = self._folder(queue)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=f"{time.time_ns():020d}-")
        with os.fdopen(descriptor, "w") as file:
            json.dump(message, file)
        Path(name).rename(name + _SUFFIX)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:  # noqa: ARG002 (kombu's signature)
        listed = self._listed.get(queue)
        if not listed:
            listed = self._listed[queue] = deque(_messages(self._folder(queue)))
        while listed:
            message = _win(listed.popleft())
            if message is not None:
                return message
        raise Empty

    def _size(self, queue: str) -> int:
        return len(_messages(self._folder(queue)))

    def _purge(self, queue: str) -> int:
        return sum(_win(path) is not None for path in _messages(self._folder(queue)))


class Transport(virtual.Transport):
    """kombu transport ``folder://``; the folder comes in the transport options."""

    Channel = Channel
    driver_type = SCHEME
    driver_name = SCHEME
    global_state = virtual.BrokerState()  # type: ignore[no-untyped-call]  # kombu has no types

    def __init__(self, client: Any, **kwargs: Any) -> None:  # noqa: ANN401 (kombu's signature)
        super().__init__(client, **kwargs)  # type: ignore[no-untyped-call]  # kombu has no types
        self.state = self.global_state

    def driver_version(self) -> str:
        """Tell kombu there is no driver version."""
        return "none"


def _messages(folder: Path) -> list[Path]:
    """List whole messages, oldest first."""
    return sorted(path for path in folder.iterdir() if path.suffix == _SUFFIX)


def _win(path: Path) -> dict[str, Any] | None:
    """Take one message; None when another process was faster, or a power cut left no message."""
    try:
        raw = path.read_bytes()
        path.unlink()
    except FileNotFoundError:
        return None
    try:
        message = json.loads(raw)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def register() -> None:
    """Make kombu know ``folder://``."""
    TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
