"""Secrets with 256 random bits: their text, and the SHA-256 that the database keeps."""

import hashlib
import hmac
import re
import secrets

_TOKEN = re.compile(r"palio_([0-9a-f]{32})_([A-Za-z0-9_-]{43})")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def new_secret() -> str:
    """Return 43 URL-safe characters: 256 random bits, too many for a slow hash to matter."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return the lower-case hex SHA-256 of a secret, all that is stored of it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def is_secret(text: str) -> bool:
    """Say whether a text has the form of a secret; others need no look into the database."""
    return _SECRET.fullmatch(text) is not None


def is_same(digest_known: str, digest_given: str) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(digest_known, digest_given)


def token_text(token_id: str, secret: str) -> str:
    """Return an API token as it is shown once; the prefix lets secret scanners find it."""
    return f"palio_{token_id}_{secret}"


def split_token(text: str) -> tuple[str, str] | None:
    """Return (id, secret) of an API token's text, None when it is no token."""
    match = _TOKEN.fullmatch(text)
    return (match[1], match[2]) if match else None
