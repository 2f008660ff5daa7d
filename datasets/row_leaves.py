"""How one row of the answers becomes a leaf; the same on the server and in `palio verify`."""

import hashlib
import json
from collections.abc import Sequence

_TEXT = json.JSONEncoder(separators=(",", ":")).encode


def line(values: Sequence[str]) -> str:
    """Write strings as one JSON list in its one form."""
    return _TEXT(list(values))


def leaf(fields: Sequence[str], salt: bytes) -> bytes:
    """Return SHA-256(0x00 || salt || line) of a row's id, answers and part."""
    return hashlib.sha256(b"\x00" + salt + _TEXT(list(fields)).encode()).digest()
