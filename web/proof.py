"""Form proofs: a form counts only in the session it was made for (ASVS 3.5.1)."""

import contextlib
import hmac
import os
import secrets
import tempfile
from hashlib import sha256
from pathlib import Path

from palio.core.settings import Settings


def form_proof(*, key: bytes, session_id: str) -> str:
    """Return the proof that a form was made for this session (HMAC-SHA256, hex)."""
    return hmac.new(key, b"palio form\0" + session_id.encode(), sha256).hexdigest()


def is_proof(proof: str, *, key: bytes, session_id: str) -> bool:
    """Compare in constant time."""
    expected = form_proof(key=key, session_id=session_id)
    return hmac.compare_digest(expected.encode(), proof.encode(errors="replace"))


def secret_key(settings: Settings) -> bytes:
    """Return the key that signs forms; on a laptop it is made once and kept in the data folder."""
    given = settings.secret_key.get_secret_value()
    return given.encode() if given else _kept_key(settings.data_folder / "secret_key")


def _kept_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as file:  # mode 0600
            file.write(secrets.token_hex(32))
            file.flush()
            with contextlib.suppress(FileExistsError):  # another process was first
                os.link(file.name, path)
    return path.read_bytes()
