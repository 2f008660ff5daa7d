"""The one secret of a challenge: deals rows into buckets, salts commitments, seeds what is random.

It never leaves the server before the reveal. Take a key for your purpose from it with
`core.derivation.derived_key`.
"""

import secrets
from datetime import datetime

from sqlmodel import Session

from palio.core import db
from palio.core.derivation import KEY_BYTES
from palio.datasets.models import ChallengeSecretRow


def find(session: Session, *, challenge_id: str) -> bytes | None:
    """Return the secret, None where the challenge was launched before there were any."""
    row = session.get(ChallengeSecretRow, challenge_id)
    return None if row is None else row.secret


def ensure(session: Session, *, challenge_id: str, now: datetime) -> bytes:
    """Return the secret, made now where there is none."""
    db.lock_name(session, f"secret:{challenge_id}")
    row = session.get(ChallengeSecretRow, challenge_id, populate_existing=True)
    if row is None:
        row = ChallengeSecretRow(
            challenge_id=challenge_id, secret=secrets.token_bytes(KEY_BYTES), created_at=now
        )
        session.add(row)
        session.flush()
    return row.secret
