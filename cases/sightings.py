"""Where people were seen, kept so that it fades: keyed hashes, a short term, keys that are deleted.

Of an address only HMAC-SHA256 under a random key of a period of PERIOD_DAYS is stored. Within the
period equal addresses have equal hashes; between periods nothing can be compared. Rows are deleted
KEEP_DAYS after the last sighting, the key that long after its period: then the hashes could not be
traced back by anybody who had kept a copy without it.
"""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col, select

from palio.cases.linked import SeenAt
from palio.cases.models import SightingKeyRow, SightingRow

PERIOD_DAYS = 14
KEEP_DAYS = 30
PLACES_MAX = 20  # of one person in one period; further ones are not noted

_FRESH = timedelta(hours=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IPV6_HOME = 64  # bits a provider gives to one household


def note(
    session: Session, *, person_id: str, address: str, now: datetime, is_sign_up: bool = False
) -> None:
    """Note that a person was seen at an address; at most once an hour, and never an address."""
    place = _place(address)
    if not place:
        return
    period = (now - _EPOCH) // timedelta(days=PERIOD_DAYS)
    key = _hashed(place, secret=_secret(session, period))
    row = session.get(SightingRow, (person_id, period, key))
    if row is not None and now - row.last_at < _FRESH and not is_sign_up:
        return
    if row is None and _count(session, person_id=person_id, period=period) >= PLACES_MAX:
        return
    values = {"person_id": person_id, "period": period, "address_key": key}
    insert = _insert(session, SightingRow).values(
        **values, is_sign_up=is_sign_up, first_at=now, last_at=now
    )
    session.execute(
        insert.on_conflict_do_update(index_elements=list(values), set_={"last_at": now})
    )


def seen(session: Session, *, person_ids: Collection[str]) -> tuple[SeenAt, ...]:
    """Return where these people were seen within the term; hashes of one period compare."""
    wanted = frozenset(person_ids)
    rows = session.exec(
        select(
            SightingRow.person_id,
            SightingRow.period,
            SightingRow.address_key,
            SightingRow.is_sign_up,
        )
    )
    return tuple(
        SeenAt(person_id, f"{period}:{key}", is_sign_up)
        for person_id, period, key, is_sign_up in rows
        if person_id in wanted
    )


def is_past_term(session: Session, *, now: datetime) -> bool:
    """Say whether there is something to forget."""
    before = now - timedelta(days=KEEP_DAYS)
    return any(
        session.exec(select(column).where(col(column) < before).limit(1)).first() is not None
        for column in (SightingRow.last_at, SightingKeyRow.ends_at)
    )


def forget(session: Session, *, now: datetime) -> None:
    """Delete what is past its term, keys too."""
    before = now - timedelta(days=KEEP_DAYS)
    session.execute(delete(SightingRow).where(col(SightingRow.last_at) < before))
    session.execute(delete(SightingKeyRow).where(col(SightingKeyRow.ends_at) < before))


def _place(address: str) -> str:
    """Return the household an address belongs to; empty when it is none.

    The loopback is the server itself, of everybody when a proxy in front tells no addresses.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    if parsed.is_loopback:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.ip_network((parsed, _IPV6_HOME), strict=False))


def _secret(session: Session, period: int) -> bytes:
    row = session.get(SightingKeyRow, period)
    if row is not None:
        return row.secret
    insert = _insert(session, SightingKeyRow).values(
        period=period,
        secret=secrets.token_bytes(32),
        ends_at=_EPOCH + timedelta(days=(period + 1) * PERIOD_DAYS),
    )
    session.execute(insert.on_conflict_do_nothing())
    return session.get_one(SightingKeyRow, period).secret


def _hashed(place: str, *, secret: bytes) -> str:
    return hmac.new(secret, place.encode(), hashlib.sha256).hexdigest()


def _count(session: Session, *, person_id: str, period: int) -> int:
    return session.exec(
        select(func.count())
        .select_from(SightingRow)
        .where(SightingRow.person_id == person_id, SightingRow.period == period)
    ).one()


def _insert(session: Session, table: type[SQLModel]) -> sqlite.Insert | postgresql.Insert:
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)
