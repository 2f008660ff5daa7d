"""What is asked to be opened of answers: each row of the list once for each version of them."""

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlmodel import Session, col, select

from palio.challenges import service as challenge_service
from palio.core import audit, queue
from palio.core.ids import new_id
from palio.datasets import challenge_secrets
from palio.pipeline import opening
from palio.pipeline.contracts import Opening, OpeningState, Task
from palio.pipeline.models import AnswerOpening
from palio.submissions import versions

ASKED = "challenges.ask_opening"


def ask(session: Session, *, challenge_id: str, row: str, by: str, now: datetime) -> Opening:
    """Ask for the answers that count to be opened, all or one row; asked again, the same.

    Args:
        session: The caller's.
        challenge_id: Whose answers.
        row: Its id; empty = all.
        by: Person id, or "system".
        now: The database's time.

    Raises:
        NotOpenableError: Before the reveal, while the challenge may open again, or of one that
            is older than promises.

    """
    challenge = challenge_service.lock_challenge(session, challenge_id)
    opening.check_openable(challenge)
    if challenge_secrets.find(session, challenge_id=challenge.id) is None:
        raise opening.NotOpenableError(opening.NO_PROMISE)
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    key_version = versions.active_pair(session, challenge_id=challenge.id).key_version
    values = {
        "challenge_id": challenge.id,
        "key_version": key_version,
        "row_id": row,
    }
    more = {"id": new_id(), "asked_by": by, "asked_at": now, "rows": 0, "bytes": 0}
    added = session.execute(
        insert(AnswerOpening)
        .values(**values, **more, sha256="", words="")
        .on_conflict_do_nothing()
        .returning(col(AnswerOpening.id))
    ).first()
    if added is not None:
        audit.record(
            session,
            actor_id=by,
            action=ASKED,
            subject_id=challenge.id,
            challenge_id=challenge.id,
            detail={"opening": added[0], "row": row, "key_version": key_version},
            now=now,
        )
        queue.enqueue(session, task=Task.OPEN, id=added[0])
    return view(session.exec(select(AnswerOpening).filter_by(**values)).one())


def of_challenge(session: Session, *, challenge_id: str) -> tuple[Opening, ...]:
    """Return what was asked for, newest first."""
    wanted = select(AnswerOpening).where(AnswerOpening.challenge_id == challenge_id)
    return tuple(map(view, session.exec(wanted.order_by(col(AnswerOpening.id).desc()))))


def view(row: AnswerOpening) -> Opening:
    """Return a row of the table as others see it."""
    state = OpeningState.WAITING if row.ended_at is None else OpeningState.OPENED
    return Opening(
        id=row.id,
        challenge_id=row.challenge_id,
        key_version=row.key_version,
        row=row.row_id,
        state=OpeningState.FAILED if row.words else state,
        rows=row.rows,
        bytes=row.bytes,
        sha256=row.sha256,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        words=row.words,
    )
