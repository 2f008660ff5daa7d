"""What one entry of the log says, byte by byte; the same on the server and in `palio verify`.

An entry's payload holds who did what; its record, which everybody may read, holds only kind, time,
challenge, and a salted hash of the payload. The record is the leaf of the tree. Without salt and
payload, which can be erased, nobody learns from the hash what was in it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from palio.core import merkle

SALT_BYTES = 16

Detail = Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Payload:
    """Who did what to what.

    Attributes:
        actor_id: A person's id, or "system".
        action: folder.verb, such as ``challenges.extend``.
        detail: Names and plain values.

    """

    at: datetime
    actor_id: str
    action: str
    subject_id: str
    challenge_id: str | None
    detail: Detail

    def text(self) -> str:
        """Write it in its one form."""
        return canonical(
            {
                "action": self.action,
                "actor": self.actor_id,
                "at": instant(self.at),
                "challenge": self.challenge_id,
                "detail": dict(self.detail),
                "subject": self.subject_id,
            }
        )

    def hash(self, salt: str) -> str:
        """Return the hex SHA-256 over the salt's bytes and the text.

        Args:
            salt: Hex.

        """
        return salted_hash(salt, self.text())


@dataclass(frozen=True, slots=True)
class Record:
    """The public part of an entry: what the tree is made of."""

    at: datetime
    kind: str
    challenge_id: str | None
    hash: str

    def text(self) -> str:
        """Write it in its one form."""
        return canonical(
            {
                "at": instant(self.at),
                "challenge": self.challenge_id,
                "hash": self.hash,
                "kind": self.kind,
            }
        )

    def leaf(self) -> bytes:
        """Return its hash as a leaf."""
        return merkle.leaf_hash(self.text().encode())


def salted_hash(salt: str, text: str) -> str:
    """Return the hex SHA-256 over the bytes of a hex salt and a text in UTF-8."""
    return hashlib.sha256(bytes.fromhex(salt) + text.encode()).hexdigest()


def canonical(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """Write JSON in one form: keys sorted, no spaces, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def readable(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """Write JSON in one form that people can read, for files."""
    return json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n"


def instant(at: datetime) -> str:
    """Write an aware UTC time with microseconds."""
    return at.isoformat(timespec="microseconds")
