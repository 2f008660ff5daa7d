"""Opens answers for everybody: asked for on the web or by the rules, made where answers lie.

What is asked for is a row; any worker with the answers makes the file and ends the row, once.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import update
from sqlmodel import Session, col, select

from palio.challenges import queries as challenges
from palio.challenges import service as challenge_service
from palio.challenges.contracts import Challenge, ChallengeState
from palio.core import audit, db, queue
from palio.core.clock import database_now
from palio.datasets import challenge_secrets
from palio.pipeline import opening, openings, rules
from palio.pipeline.bench import Bench
from palio.pipeline.contracts import Opening, Task
from palio.pipeline.models import AnswerOpening
from palio.pipeline.steps import ScoringBench
from palio.submissions import versions


def ask_due(bench: Bench) -> None:
    """Ask for all answers of challenges that declare it and are over."""
    with db.reading(bench.engine) as session:
        due = [
            challenge.id
            for state in (
                ChallengeState.REVEALED,
                ChallengeState.AWARDED,
                ChallengeState.ARCHIVED,
            )
            for challenge in _in_state(session, state)
            if rules.opens_by_itself(challenge) and not _is_asked(session, challenge.id)
        ]
    for challenge_id in due:
        with bench.work() as session:
            now = database_now(session)
            openings.ask(session, challenge_id=challenge_id, row="", by=audit.SYSTEM, now=now)


def send_waiting(bench: Bench) -> None:
    """Send the hint of each opening that waits once more."""
    for opening_id in waiting(bench):
        bench.send(queue.Message(task=Task.OPEN, id=opening_id))


def waiting(bench: Bench) -> Sequence[str]:
    """Return the ids of openings that nobody has made yet."""
    with db.reading(bench.engine) as session:
        wanted = select(AnswerOpening.id).where(col(AnswerOpening.ended_at).is_(None))
        return session.exec(wanted.order_by(col(AnswerOpening.id))).all()


def open_one(bench: ScoringBench, opening_id: str) -> bool:
    """Make the file of an opening that waits, and say in the log what is in it; False if none.

    Nobody holds a lock while it is made; two workers at it make the same file.
    """
    with db.reading(bench.engine) as session:
        asked = session.get(AnswerOpening, opening_id)
        if asked is None or asked.ended_at is not None:
            return False
        challenge = challenges.by_id(session, asked.challenge_id)
        if not rules.may_open_answers(challenge):
            return False
        found = openings.view(asked)
    try:
        ended = _make(bench, challenge, found)
    except opening.RowNotFoundError as error:
        ended = {"words": error.detail}
    with bench.work() as session:
        return _end(session, found, ended)


def _make(bench: ScoringBench, challenge: Challenge, asked: Opening) -> dict[str, str | int]:
    with TemporaryDirectory() as folder:
        target = Path(folder) / "answers"
        with db.reading(bench.engine) as session:
            ref, secret = opening.promised(session, challenge, key_version=asked.key_version)
        key = bench.open_key(ref)
        lines = opening.lines(key, secret, row_id=asked.row, key_version=asked.key_version)
        rows, _ = opening.write(target, lines)
        blob = bench.blobs.keep_file(target, limit_bytes=target.stat().st_size)
    return {"rows": rows, "bytes": blob.bytes, "sha256": blob.sha256}


def _end(session: Session, asked: Opening, ended: dict[str, str | int]) -> bool:
    challenge = challenge_service.lock_challenge_shared(session, asked.challenge_id)
    if not rules.may_open_answers(challenge):
        return False
    now = database_now(session)
    is_first = session.execute(
        update(AnswerOpening)
        .where(col(AnswerOpening.id) == asked.id, col(AnswerOpening.ended_at).is_(None))
        .values(ended_at=now, **ended)
        .returning(col(AnswerOpening.id))
        .execution_options(synchronize_session=False)
    ).first()
    if is_first is None:
        return False
    if "sha256" in ended:
        opening.note(
            session,
            challenge=challenge,
            rows=int(ended["rows"]),
            sha256=str(ended["sha256"]),
            key_version=asked.key_version,
            now=now,
        )
    return True


def _in_state(session: Session, state: ChallengeState) -> tuple[Challenge, ...]:
    ids = challenges.ids_in_state(session, state)
    return tuple(challenges.by_id(session, challenge_id) for challenge_id in ids)


def _is_asked(session: Session, challenge_id: str) -> bool:
    """Tell whether all answers that count were asked for, or nothing was promised of them."""
    if challenge_secrets.find(session, challenge_id=challenge_id) is None:
        return True
    version = versions.active_pair(session, challenge_id=challenge_id).key_version
    return any(
        each.key_version == version and not each.row
        for each in openings.of_challenge(session, challenge_id=challenge_id)
    )
