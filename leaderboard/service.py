"""Boards are made here: the public one after every score, the private one at the reveal.

After it a correction makes a new version of the private board; the old ones stay.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from palio.accounts import queries as accounts
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.challenges.rules import direction
from palio.core import audit, db
from palio.leaderboard import queries, ranking, rules, snapshots
from palio.leaderboard.contracts import Board, Snapshot, Standing
from palio.leaderboard.models import BoardSnapshot
from palio.submissions import private
from palio.submissions import queries as submissions
from palio.submissions.contracts import ScoredEntry

SYSTEM = "system"


def publish(session: Session, *, challenge: Challenge, now: datetime) -> Snapshot:
    """Bring the public board up to date and return it; nothing is written when no row changed.

    Publishing at once from several places makes one version: it waits for a lock, then looks.
    The challenge is locked first, as everywhere: the reveal holds it and publishes too.
    """
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    db.lock_name(session, f"board:{challenge.id}")
    body = _body(
        session,
        challenge=challenge,
        board=Board.PUBLIC,
        entries=submissions.scored_entries(session, challenge_id=challenge.id),
    )
    before = _newest(session, challenge_id=challenge.id, board=Board.PUBLIC)
    if before is not None and before.etag == snapshots.etag_of(body):
        return queries.parsed(before)
    version = 1 if before is None else before.version + 1
    return _keep(session, challenge, board=Board.PUBLIC, version=version, body=body, now=now)


def reveal(session: Session, *, challenge: Challenge, now: datetime, by: str = SYSTEM) -> Snapshot:
    """Make the private board, once and for ever, and mark the challenge revealed; audited.

    Revealing again returns the same board. Private scores are read here and in `rereveal` alone.

    Raises:
        RevealTooEarlyError: Not closed, not everything scored, or before the declared instant.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    before = _newest(session, challenge_id=challenge.id, board=Board.PRIVATE)
    if before is not None:
        return queries.parsed(before)
    pending = submissions.pending_count(session, challenge_id=challenge.id)
    rules.check_reveal(challenge, pending=pending, now=now)
    body = _private_body(session, challenge)
    snapshot = _keep(session, challenge, board=Board.PRIVATE, version=1, body=body, now=now)
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
    body = _private_body(session, challenge)
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


def _private_body(session: Session, challenge: Challenge) -> bytes:
    return _body(
        session,
        challenge=challenge,
        board=Board.PRIVATE,
        entries=private.private_scored_entries(session, challenge_id=challenge.id),
    )


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


def _body(
    session: Session, *, challenge: Challenge, board: Board, entries: Iterable[ScoredEntry]
) -> bytes:
    plan = challenge.plan
    rows = ranking.rank(
        entries,
        ranking=ranking.Ranking(
            board=board,
            direction=direction(plan),
            rule=plan.entry_rule,
            finals=plan.finals,
        ),
    )
    names = accounts.team_names(session, challenge_id=challenge.id)
    return snapshots.to_bytes(
        snapshots.Content(
            rule=rules.in_one_sentence(challenge),
            standings=tuple(_standing(row, names) for row in rows),
        )
    )


def _standing(row: ranking.Row, names: Mapping[str, tuple[str, tuple[str, ...]]]) -> Standing:
    entry = row.entry
    name, handles = names.get(entry.team_id, (entry.label, ()))
    return Standing(
        rank=row.rank,
        team_id=entry.team_id,
        name=name,
        members=handles,
        kind=entry.kind,
        score=entry.rounded,
        scores=entry.all_rounded,
        improvement=row.improvement,
        entries=row.entries,
        submission_id=entry.submission_id,
        received_at=entry.received_at,
    )
