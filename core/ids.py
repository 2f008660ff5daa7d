"""Identifiers that sort by time of making and cannot be guessed (UUIDv7, RFC 9562 §5.7)."""

import secrets
import time
import uuid

_NANOSECONDS_A_MILLISECOND = 1_000_000


def new_id() -> str:
    """Return a fresh id of 32 lower-case hex digits: 60 bits of time, 62 random bits.

    The time has 48 bits of milliseconds and 12 of their fraction, about 244 ns (RFC 9562 §6.2,
    method 3), so that what one process makes one after the other, messages of one deed say, is
    read in that order. The clock here only orders ids roughly; no rule reads a time out of an id.
    """
    milliseconds, rest = divmod(time.time_ns(), _NANOSECONDS_A_MILLISECOND)
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76 | (rest << 12) // _NANOSECONDS_A_MILLISECOND << 64
    value |= 0b10 << 62 | secrets.randbits(62)
    return uuid.UUID(int=value).hex
