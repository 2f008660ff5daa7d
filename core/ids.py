"""Identifiers that sort by time of making and cannot be guessed (UUIDv7, RFC 9562 §5.7)."""

import secrets
import time
import uuid


def new_id() -> str:
    """Return a fresh id of 32 lower-case hex digits: 48 bits of milliseconds, 74 random bits.

    The clock here only orders ids roughly; no rule reads a time out of an id.
    """
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76 | secrets.randbits(12) << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value).hex
