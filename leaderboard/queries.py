"""Named reads of boards; the private one answers only after the reveal."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from palio.challenges import queries as challenge_queries
from palio.leaderboard import rules, snapshots
from palio.leaderboard.contracts import Board, Snapshot
from palio.leaderboard.models import BoardSnapshot

_parsed = snapshots.SnapshotStore()


@dataclass(frozen=True, slots=True)
class Version:
    """One kept version of a board, without its rows."""

    id: str
    version: int
    made_at: datetime


def latest(session: Session, *, challenge_id: str, board: Board = Board.PUBLIC) -> Snapshot | None:
    """Return the newest version of a board, None before the first.

    Raises:
        NotRevealedYetError: The private board before the reveal.

    """
    return at(session, challenge_id=challenge_id, board=board, instant=None)


def at(
    session: Session, *, challenge_id: str, board: Board, instant: datetime | None
) -> Snapshot | None:
    """Return the version of a board that was in force at an instant, None before the first.

    Without an instant it is the newest. Where the public board was anonymous then, it still is.

    Raises:
        NotRevealedYetError: The private board before the reveal.

    """
    if board is Board.PRIVATE:
        rules.check_revealed(challenge_queries.by_id(session, challenge_id))
    wanted = (
        select(BoardSnapshot.id)
        .where(BoardSnapshot.challenge_id == challenge_id, BoardSnapshot.board == board.value)
        .order_by(col(BoardSnapshot.version).desc())
        .limit(1)
    )
    if instant is not None:
        wanted = wanted.where(BoardSnapshot.made_at <= instant)
    snapshot_id = session.exec(wanted).first()
    if snapshot_id is None:
        return None
    snapshot = _parsed.get(snapshot_id)
    return parsed(session.get_one(BoardSnapshot, snapshot_id)) if snapshot is None else snapshot


def versions(session: Session, *, challenge_id: str, board: Board) -> tuple[Version, ...]:
    """Return every kept version of a board, oldest first.

    Raises:
        NotRevealedYetError: The private board before the reveal.

    """
    if board is Board.PRIVATE:
        rules.check_revealed(challenge_queries.by_id(session, challenge_id))
    rows = session.exec(
        select(BoardSnapshot.id, BoardSnapshot.version, BoardSnapshot.made_at)
        .where(BoardSnapshot.challenge_id == challenge_id, BoardSnapshot.board == board.value)
        .order_by(col(BoardSnapshot.version))
    )
    return tuple(Version(*row) for row in rows)


def newest_body(session: Session, *, challenge_id: str) -> tuple[datetime, bytes]:
    """Return when the newest private board was made, and its bytes, which its digest is over.

    Raises:
        NotRevealedYetError: Before the reveal.

    """
    rules.check_revealed(challenge_queries.by_id(session, challenge_id))
    rows = session.exec(
        select(BoardSnapshot.made_at, BoardSnapshot.body)
        .where(BoardSnapshot.challenge_id == challenge_id)
        .where(BoardSnapshot.board == Board.PRIVATE.value)
        .order_by(col(BoardSnapshot.version).desc())
        .limit(1)
    )
    return rows.one()


def parsed(row: BoardSnapshot) -> Snapshot:
    """Return a stored board as a value, parsing it once in this process."""
    kept = _parsed.get(row.id)
    if kept is not None:
        return kept
    content = snapshots.from_bytes(row.body)
    snapshot = Snapshot(
        challenge_id=row.challenge_id,
        board=Board(row.board),
        version=row.version,
        etag=row.etag,
        made_at=row.made_at,
        rule=content.rule,
        standings=content.standings,
        columns=content.columns,
        lines=content.lines,
        phase=content.phase,
        earlier=content.earlier,
        is_anonymous=content.is_anonymous,
        chance_words=content.chance_words,
    )
    _parsed.put(row.id, snapshot)
    return snapshot
