"""The calls of the HTTP API about the log: its head, and proofs that it only grew."""

import base64
from typing import TypedDict

from palio.cli.client.api import Api


class Log(TypedDict):
    """The log's head."""

    size: int
    root: str
    checkpoint: str
    keys: list[str]


class _Proof(TypedDict):
    proof: list[str]


class LogApi(Api):
    """One server; every method raises `ApiError`."""

    def head(self) -> Log:
        """Return the log's length and root, signed, and the keys that sign or signed."""
        return self._wire.get(Log, "/api/v1/log")

    def growth(self, first: int, second: int) -> list[bytes]:
        """Return the proof that the log of `second` entries begins with that of `first`."""
        path = f"/api/v1/log/consistency?first={first}&second={second}"
        return [base64.b64decode(step) for step in self._wire.get(_Proof, path)["proof"]]
