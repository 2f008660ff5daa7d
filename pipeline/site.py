"""The name of this installation: several may share a machine and must leave each other alone."""

import secrets

from sqlalchemy import Engine
from sqlmodel import Session

from palio.core import db
from palio.pipeline.models import Installation

_BYTES = 4


def site_of(engine: Engine) -> str:
    """Return the installation's eight hex digits, made at the first call."""
    with db.reading(engine) as session:
        found = _find(session)
    if found:
        return found
    with db.unit_of_work(engine, send=lambda _: None) as session:
        db.lock_name(session, "installation")
        found = _find(session)
        if not found:
            found = secrets.token_hex(_BYTES)
            session.add(Installation(id=1, site=found))
    return found


def _find(session: Session) -> str:
    row = session.get(Installation, 1)
    return "" if row is None else row.site
