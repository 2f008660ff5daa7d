"""Named reads of boards; the private one answers only after the reveal."""

from sqlmodel import Session, col, select

from palio.challenges import queries as challenge_queries
from palio.leaderboard import rules, snapshots
from palio.leaderboard.contracts import Board, Snapshot
from palio.leaderboard.models import BoardSnapshot

_parsed = snapshots.SnapshotStore()


def latest(session: Session, *, challenge_id: str, board: Board = Board.PUBLIC) -> Snapshot | None:
    """Return the newest version of a board, None before the first.

    Raises:
        NotRevealedYetError: The private board before the reveal.

    """
    if board is Board.PRIVATE:
        rules.check_revealed(challenge_queries.by_id(session, challenge_id))
    snapshot_id = session.exec(
        select(BoardSnapshot.id)
        .where(BoardSnapshot.challenge_id == challenge_id, BoardSnapshot.board == board.value)
        .order_by(col(BoardSnapshot.version).desc())
        .limit(1)
    ).first()
    if snapshot_id is None:
        return None
    snapshot = _parsed.get(snapshot_id)
    return parsed(session.get_one(BoardSnapshot, snapshot_id)) if snapshot is None else snapshot


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
    )
    _parsed.put(row.id, snapshot)
    return snapshot
