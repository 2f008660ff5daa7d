"""The log: every audit event a leaf of one Merkle tree, in an order that never changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import insert, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col, select

from palio.core import db, merkle
from palio.core.errors import NotFoundError
from palio.core.log_entries import Record
from palio.core.log_models import ONE_ROW, AuditEvent, LogNode, LogState

T = TypeVar("T")
HASH_BYTES = 32
_WAITING = "palio_log_waiting"
_CHUNK = 400  # nodes asked for in one statement


class LogEntryNotFoundError(NotFoundError):
    """The log is not that long."""

    code = "log_entry_not_found"


@dataclass(frozen=True, slots=True)
class Head:
    """How long the log is, and its root (32 bytes)."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as everybody may see it."""

    index: int
    record: Record


def wait_for_commit(session: Session, event_hash: str) -> None:
    """Let an event of this transaction join the tree at its end."""
    session.info.setdefault(_WAITING, []).append(event_hash)
    db.before_commit(session, _join)


def waiting(session: Session) -> frozenset[str]:
    """Return the hashes of events of this transaction that have no leaf yet."""
    return frozenset(session.info.get(_WAITING, ()))


def record_of(event: AuditEvent) -> Record:
    """Return the public part of an event."""
    return Record(event.at, event.action, event.challenge_id, event.hash)


def head(session: Session) -> Head:
    """Return the log's length and root as they are now."""
    state = session.get(LogState, ONE_ROW, populate_existing=True)
    if state is None:
        return Head(0, merkle.EMPTY_ROOT)
    return Head(state.size, merkle.root_of_peaks(_peaks(state.peaks)))


def root(session: Session, *, size: int) -> bytes:
    """Return the root the log had when it was `size` entries long.

    Raises:
        LogEntryNotFoundError: It is shorter.

    """
    _check(session, size)
    return _ask(session, lambda get: merkle.root(get, size=size))


def entries(session: Session, *, first: int, limit: int) -> tuple[Entry, ...]:
    """Return up to `limit` entries from index `first` on."""
    return tuple(
        Entry(index, record_of(event))
        for index, event in session.execute(
            select(col(LogNode.position), AuditEvent)
            .join(AuditEvent, col(AuditEvent.hash) == col(LogNode.event_hash))
            .where(col(LogNode.level) == 0)
            .where(col(LogNode.position) >= first, col(LogNode.position) < first + limit)
            .order_by(col(LogNode.position))
        )
    )


def events_of(
    session: Session, *, challenge_id: str, size: int
) -> tuple[tuple[int, AuditEvent], ...]:
    """Return a challenge's events in a log of `size` entries, with their indices."""
    rows = session.execute(
        select(col(LogNode.position), AuditEvent)
        .join(AuditEvent, col(AuditEvent.hash) == col(LogNode.event_hash))
        .where(AuditEvent.challenge_id == challenge_id, LogNode.position < size)
        .order_by(col(LogNode.position))
    )
    return tuple((index, event) for index, event in rows)


def index_of(session: Session, event_hash: str) -> int:
    """Return the index of an event's entry.

    Raises:
        LogEntryNotFoundError: The event has no leaf (yet).

    """
    found = session.exec(select(LogNode.position).where(LogNode.event_hash == event_hash)).first()
    if found is None:
        raise LogEntryNotFoundError("The log has no such entry.")
    return found


def inclusion_proof(session: Session, *, index: int, size: int) -> tuple[bytes, ...]:
    """Return what shows an entry to be in the log of `size` entries.

    Raises:
        LogEntryNotFoundError: The log is shorter, or the entry comes later.

    """
    _check(session, size, index=index)
    return _ask(session, lambda get: merkle.inclusion_proof(get, index=index, size=size))


def consistency_proof(session: Session, *, first: int, second: int) -> tuple[bytes, ...]:
    """Return what shows the log of `second` entries to continue that of `first`.

    Raises:
        LogEntryNotFoundError: The log is shorter, or the first longer than the second.

    """
    _check(session, second)
    if not 0 < first <= second:
        raise LogEntryNotFoundError(f"A log of {second} entries cannot continue one of {first}.")
    return _ask(session, lambda get: merkle.consistency_proof(get, first=first, second=second))


def siblings(session: Session, *, indices: Sequence[int], size: int) -> tuple[bytes, ...]:
    """Return one proof for many entries, see `merkle.siblings_of`."""
    _check(session, size)
    return _ask(session, lambda get: merkle.siblings_of(get, indices, size=size))


def _check(session: Session, size: int, *, index: int | None = None) -> None:
    longest = head(session).size
    if not 0 <= size <= longest:
        raise LogEntryNotFoundError(f"The log has {longest} entries.")
    if index is not None and not 0 <= index < size:
        raise LogEntryNotFoundError(f"A log of {size} entries has no entry {index}; from 0 on.")


def _ask(session: Session, walk: Callable[[merkle.Get], T]) -> T:
    """Fetch the nodes a proof needs at once, then make it."""
    wanted = merkle.needed(walk)
    found: dict[merkle.Node, bytes] = {}
    for start in range(0, len(wanted), _CHUNK):
        rows = session.execute(
            select(LogNode.level, LogNode.position, LogNode.hash).where(
                tuple_(col(LogNode.level), col(LogNode.position)).in_(
                    wanted[start : start + _CHUNK]
                )
            )
        )
        found.update({(level, position): node for level, position, node in rows})
    return walk(lambda level, position: found[level, position])


def _join(session: Session) -> None:
    """Give the events of this transaction their places; the lock is held to its end."""
    hashes = session.info.pop(_WAITING)
    # An event of a savepoint that was rolled back is not there.
    events = session.exec(
        select(AuditEvent).where(col(AuditEvent.hash).in_(hashes)).order_by(col(AuditEvent.id))
    ).all()
    if not events:
        return
    size, peaks = _lock(session)
    rows: list[dict[str, object]] = []
    for event in events:
        made = merkle.add(peaks, record_of(event).leaf(), size=size)
        size += 1
        rows += [
            {
                "level": level,
                "position": position,
                "hash": node,
                "event_hash": None if level else event.hash,
            }
            for (level, position), node in made
        ]
    session.execute(insert(LogNode).values(rows))  # one statement: the lock is held meanwhile
    session.execute(
        update(LogState)
        .where(col(LogState.id) == ONE_ROW)
        .values(size=size, peaks=b"".join(peaks))
        .execution_options(synchronize_session=False)
    )


def _lock(session: Session) -> tuple[int, list[bytes]]:
    wanted = select(LogState.size, LogState.peaks).where(LogState.id == ONE_ROW).with_for_update()
    found = session.execute(wanted).first()
    if found is None:
        dialect = session.get_bind().dialect.name
        start = sqlite_insert if dialect == "sqlite" else postgres_insert
        session.execute(
            start(LogState).values(id=ONE_ROW, size=0, peaks=b"").on_conflict_do_nothing()
        )
        found = session.execute(wanted).one()
    size, peaks = found
    return size, list(_peaks(peaks))


def _peaks(raw: bytes) -> Sequence[bytes]:
    return [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
