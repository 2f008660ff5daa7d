"""Boards are made here: the public one after every score, the private one at the reveal.

After it a correction makes a new version of the private board; the old ones stay.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit, db
from palio.leaderboard import chances, making, queries, rules, snapshots
from palio.leaderboard.contracts import Board, Snapshot
from palio.leaderboard.models import BoardSnapshot, VerifiedEntryRow
from palio.submissions import private
from palio.submissions import queries as submissions
from palio.submissions.contracts import ScoredEntry, SubmissionKind

SYSTEM = "system"


def publish(session: Session, *, challenge: Challenge, now: datetime) -> Snapshot:
    """Bring the public board up to date and return it; nothing is written when no row changed.

    While it is frozen it holds what came in before. The board after the bell is kept with it.

    Publishing at once from several places makes one version: it waits for a lock, then looks.
    The challenge is locked first, as everywhere: the reveal holds it and publishes too.
    """
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    db.lock_name(session, f"board:{challenge.id}")
    entries = submissions.scored_entries(session, challenge_id=challenge.id)
    _publish_late(session, challenge, entries, now=now)
    frozen_since = rules.frozen_since(challenge, now=now)
    if frozen_since is not None:
        entries = tuple(
            entry
            for entry in entries
            if entry.kind is SubmissionKind.BASELINE or entry.received_at < frozen_since
        )
    return _update(session, challenge, board=Board.PUBLIC, entries=entries, now=now)


def _publish_late(
    session: Session, challenge: Challenge, entries: tuple[ScoredEntry, ...], *, now: datetime
) -> None:
    is_empty = all(entry.kind is not SubmissionKind.LATE for entry in entries)
    if is_empty and _newest(session, challenge_id=challenge.id, board=Board.LATE) is None:
        return
    if rules.shows_private(challenge, board=Board.LATE):
        entries = private.private_scored_entries(session, challenge_id=challenge.id)
    _update(session, challenge, board=Board.LATE, entries=entries, now=now)


def prepare_reveal(session: Session, *, challenge: Challenge, now: datetime) -> None:
    """Work out in this process, before the transaction, what takes the reveal longest."""
    _private_body(session, challenge, now=now)


def reveal(session: Session, *, challenge: Challenge, now: datetime, by: str = SYSTEM) -> Snapshot:
    """Make the private board, once and for ever, and mark the challenge revealed; audited.

    Revealing again returns the same board. Private scores are read here and in `rereveal` alone.

    Raises:
        RevealTooEarlyError: Not closed, not everything scored, or before the declared instant.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    before = _newest(session, challenge_id=challenge.id, board=Board.PRIVATE)
    if before is not None and challenge.revealed_at is not None:
        return queries.parsed(before)
    version = 1 if before is None else before.version + 1  # it has opened again since then
    pending = submissions.pending_count(session, challenge_id=challenge.id)
    rules.check_reveal(challenge, pending=pending, now=now)
    body = _private_body(session, challenge, now=now)
    snapshot = _keep(session, challenge, board=Board.PRIVATE, version=version, body=body, now=now)
    audit.record(
        session,
        actor_id=by,
        action="leaderboard.reveal",
        subject_id=challenge.id,
        challenge_id=challenge.id,
        detail={"etag": snapshot.etag, "lines": len(snapshot.standings)},
        now=now,
    )
    challenges.mark_revealed(session, challenge_id=challenge.id, now=now)
    publish(session, challenge=challenge, now=now)  # no longer frozen, and with real names
    return snapshot


def rereveal(
    session: Session, *, challenge: Challenge, reason: str, by: str, now: datetime
) -> Snapshot:
    """Make the next version of the private board after the reveal; audited with its reason.

    The versions before stay, dated. Nothing is written when no row changed.

    Args:
        session: The caller's transaction, in which what counts has changed.
        challenge: Revealed before.
        reason: A code, such as ``disqualification``; no names.
        by: Person id, or `SYSTEM`.
        now: The database's time.

    Raises:
        NotRevealedYetError: There is no private board to correct.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    rules.check_revealed(challenge)
    before = _newest(session, challenge_id=challenge.id, board=Board.PRIVATE)
    body = _private_body(session, challenge, now=now)
    if before is not None and before.etag == snapshots.etag_of(body):
        return queries.parsed(before)
    version = 1 if before is None else before.version + 1
    snapshot = _keep(session, challenge, board=Board.PRIVATE, version=version, body=body, now=now)
    audit.record(
        session,
        actor_id=by,
        action="leaderboard.rereveal",
        subject_id=challenge.id,
        challenge_id=challenge.id,
        detail={"reason": reason, "version": version, "etag": snapshot.etag},
        now=now,
    )
    return snapshot


def mark_verified(
    session: Session, *, challenge: Challenge, submission_id: str, title: str, now: datetime
) -> None:
    """Give an entry that has won a progress prize its line; the next such prize starts from it.

    Marking it again changes nothing. The public board shows it from the next time it is made.
    """
    challenges.lock_challenge_shared(session, challenge.id)
    db.lock_name(session, f"board:{challenge.id}")
    if session.get(VerifiedEntryRow, submission_id) is None:
        session.add(
            VerifiedEntryRow(
                submission_id=submission_id, challenge_id=challenge.id, title=title, at=now
            )
        )
        session.flush()


def unmark_verified(session: Session, *, challenge: Challenge, submission_id: str) -> None:
    """Take the line of an entry away whose prize was lost again; nothing where it has none."""
    challenges.lock_challenge_shared(session, challenge.id)
    db.lock_name(session, f"board:{challenge.id}")
    row = session.get(VerifiedEntryRow, submission_id)
    if row is not None:
        session.delete(row)
        session.flush()


def _private_body(session: Session, challenge: Challenge, *, now: datetime) -> bytes:
    entries = private.private_scored_entries(session, challenge_id=challenge.id)
    made = making.content(
        session,
        challenge=challenge,
        board=Board.PRIVATE,
        entries=entries,
        now=now,
        chances=lambda view, rows: chances.of_rows(
            session, challenge=challenge, view=view, rows=rows
        ),
    )
    return snapshots.to_bytes(made)


def _update(
    session: Session,
    challenge: Challenge,
    *,
    board: Board,
    entries: Iterable[ScoredEntry],
    now: datetime,
) -> Snapshot:
    """Keep a board as its next version if anything in it changed; the caller holds its lock."""
    made = making.content(session, challenge=challenge, board=board, entries=entries, now=now)
    body = snapshots.to_bytes(made)
    before = _newest(session, challenge_id=challenge.id, board=board)
    if before is not None and before.etag == snapshots.etag_of(body):
        return queries.parsed(before)
    version = 1 if before is None else before.version + 1
    return _keep(session, challenge, board=board, version=version, body=body, now=now)


def _newest(session: Session, *, challenge_id: str, board: Board) -> BoardSnapshot | None:
    return session.exec(
        select(BoardSnapshot)
        .where(BoardSnapshot.challenge_id == challenge_id, BoardSnapshot.board == board.value)
        .order_by(col(BoardSnapshot.version).desc())
        .limit(1)
    ).first()


def _keep(
    session: Session,
    challenge: Challenge,
    *,
    board: Board,
    version: int,
    body: bytes,
    now: datetime,
) -> Snapshot:
    row = BoardSnapshot(
        challenge_id=challenge.id,
        board=board.value,
        version=version,
        etag=snapshots.etag_of(body),
        made_at=now,
        body=body,
    )
    session.add(row)
    session.flush()
    return queries.parsed(row)
