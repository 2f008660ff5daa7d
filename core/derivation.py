"""One secret of a challenge serves several purposes; this keeps their keys apart."""

import hashlib
import hmac

KEY_BYTES = 32


def derived_key(secret: bytes, *, purpose: str) -> bytes:
    """Return 32 bytes for one purpose: HKDF-Expand of RFC 5869, with `purpose` as its info.

    Whoever learns one of them learns nothing of the secret or of another.

    Raises:
        ValueError: The secret is too short to be one.

    """
    if len(secret) < KEY_BYTES:
        raise ValueError(f"a secret has at least {KEY_BYTES} bytes")
    return hmac.digest(secret, purpose.encode() + b"\x01", hashlib.sha256)
