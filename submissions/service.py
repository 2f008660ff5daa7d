"""What happens to a submission: received, run, ended; and to its team's tries.

Locks are always taken in this order, so that no two transactions wait for each other:

1. the challenge, shared: closing waits for receipts under way, and they for it (I-13)
2. the team, exclusive: its quota and its idempotency keys are decided one at a time (I-10, I-12)
3. the challenge's receipts, exclusive: their times strictly increase (I-14)

The clock is read after the last of them.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from palio.accounts import queries as accounts_queries
from palio.accounts import service as accounts
from palio.accounts.contracts import Team
from palio.challenges import rules as challenge_rules
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, Delivery
from palio.core import audit, db
from palio.core.clock import database_now
from palio.core.errors import Finding
from palio.core.storage import Blob
from palio.scoring.card import ScoreCard
from palio.submissions import (
    exclusions,
    finding_texts,
    idempotency,
    ledger,
    models,
    queries,
    release_book,
    rules,
    score_log,
    score_rows,
    states,
)
from palio.submissions.contracts import (
    QuotaCause,
    Receipt,
    SubmissionKind,
    SubmissionState,
    UploadLimits,
)
from palio.submissions.version_contracts import VersionPair

_State = SubmissionState
_TICK = timedelta(microseconds=1)


def receive(  # noqa: PLR0913 (everything a receipt is about)
    session: Session,
    *,
    challenge: Challenge,
    team_id: str,
    person_id: str,
    blob: Blob,
    file_name: str,
    note: str,
    idempotency_key: str,
    limits: UploadLimits,
    delivery: Delivery = Delivery.PREDICTIONS,
) -> Receipt:
    """Accept a stored file as a try of this team.

    The same key with the same bytes gets the same receipt again, also after the close and with
    no try left. The time is the database's, when the upload has ended.

    Raises:
        BadIdempotencyKeyError, BadNoteError: Words to the client's author.
        IdempotencyKeyReusedError: The key stands for other bytes.
        NotOpenYetError, ClosedError: By the database's clock.
        QuotaUsedUpError: Says when the next try is possible.
        TooManyRefusedFilesError, ModelTooLargeError: See `UploadLimits`.
        DeliveryNotTakenError: The challenge does not take such things.
        TeamNotInChallengeError: The team belongs to another challenge.
        NotInTeamError: The person does not belong to the team.
        exclusions.TeamExcludedError: The team is disqualified.

    """
    rules.check_key(idempotency_key)
    rules.check_note(note)
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    team = lock_team(session, team_id=team_id, challenge_id=challenge.id)
    rules.check_member(team, person_id=person_id)
    before = idempotency.receipt_of_key(
        session,
        team_id=team.id,
        idempotency_key=idempotency_key,
        person_id=person_id,
        sha256=blob.sha256,
    )
    if before is not None:
        return idempotency.same_again(before, blob=blob, delivery=delivery)
    exclusions.check_team_in_force(session, team_id=team.id)
    rules.check_size(challenge.plan, delivery, file_bytes=blob.bytes, limits=limits)
    now = next_receipt_time(session, challenge_id=challenge.id)
    phase = challenge_rules.intake_phase(challenge, now=now)
    row = models.Submission(
        challenge_id=challenge.id,
        phase_id=phase.id,
        team_id=team.id,
        person_id=person_id,
        kind=_kind(session, challenge, team_id=team.id, now=now).value,
        label=None,
        delivery=delivery.value,
        file_name=rules.tidy_file_name(file_name),
        sha256=blob.sha256,
        bytes=blob.bytes,
        note=note,
        idempotency_key=idempotency_key,
        state=_State.RECEIVED.value,
        received_at=now,
    )
    ledger.charge(session, row, phase=phase, limits=limits)
    accounts.mark_first_submission(session, team_id=team.id, now=now)
    return queries.receipt(row, is_new=True)


def _kind(session: Session, challenge: Challenge, *, team_id: str, now: datetime) -> SubmissionKind:
    hosts = accounts_queries.host_team_ids(session, challenge_id=challenge.id)
    is_late = challenge_rules.late_phase(challenge, now=now) is not None
    return rules.kind_at_receipt(is_host=team_id in hosts, is_late=is_late)


def receive_baseline(
    session: Session,
    *,
    challenge: Challenge,
    blob: Blob,
    label: str,
    person_id: str,
    now: datetime,
) -> Receipt:
    """Accept a stored file as a line of the host's on the board: no quota, no phase needed.

    Raises:
        BaselineExistsError: The label stands for other bytes.

    """
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    received_at = next_receipt_time(session, challenge_id=challenge.id, at_least=now)
    before = session.exec(
        select(models.Submission).where(
            models.Submission.challenge_id == challenge.id, models.Submission.label == label
        )
    ).first()
    if before is not None:
        if before.sha256 != blob.sha256:
            raise rules.BaselineExistsError(
                f"The baseline {label!r} is another file already. Give this one another label."
            )
        return queries.receipt(before, is_new=False)
    row = models.Submission(
        challenge_id=challenge.id,
        phase_id=challenge.phases[0].id,
        team_id=None,
        person_id=person_id,
        kind=SubmissionKind.BASELINE.value,
        label=label,
        delivery=Delivery.PREDICTIONS.value,
        file_name=rules.tidy_file_name(label),
        sha256=blob.sha256,
        bytes=blob.bytes,
        note="",
        idempotency_key=f"baseline:{label}",
        state=_State.RECEIVED.value,
        received_at=received_at,
    )
    session.add(row)
    session.flush()
    return queries.receipt(row, is_new=True)


def start(session: Session, *, submission_id: str, now: datetime) -> bool:
    """Say that a worker runs it; False when it is not waiting."""
    return advance(
        session,
        submission_id=submission_id,
        from_=_State.RECEIVED,
        to=_State.RUNNING,
        started_at=now,
    )


def back_to_queue(session: Session, *, submission_id: str) -> bool:
    """Say that its worker is gone; False when it does not run."""
    return advance(
        session,
        submission_id=submission_id,
        from_=_State.RUNNING,
        to=_State.RECEIVED,
        started_at=None,
    )


def record_scores(
    session: Session,
    *,
    submission_id: str,
    card: ScoreCard,
    key_version: int,
    metric_version: int,
    now: datetime,
) -> bool:
    """End a running submission with its scores; False when it does not run (any more).

    Where a release rule holds scores back, take `release_book.lock` before any other lock.
    """
    release_book.lock(session, submission_id=submission_id)
    if not advance(
        session,
        submission_id=submission_id,
        from_=_State.RUNNING,
        to=_State.SCORED,
        ended_at=now,
    ):
        return False
    score_rows.add(
        session,
        submission_id=submission_id,
        card=card,
        key_version=key_version,
        metric_version=metric_version,
    )
    pair = VersionPair(key_version, metric_version)
    release_book.note(session, submission_id=submission_id, version=pair, now=now)
    score_log.note(session, submission_id=submission_id, card=card, version=pair, now=now)
    return True


def refuse(
    session: Session, *, submission_id: str, findings: Sequence[Finding], now: datetime
) -> bool:
    """End a running submission whose file is not sound, and give the try back."""
    ended = advance(
        session,
        submission_id=submission_id,
        from_=_State.RUNNING,
        to=_State.REFUSED,
        ended_at=now,
        reason=findings[0].text if findings else "The file is not sound.",
        findings=finding_texts.write(findings),
    )
    if ended:
        ledger.refund(session, submission_id=submission_id, cause=QuotaCause.REFUSED_FILE, now=now)
    return ended


def fail(session: Session, *, submission_id: str, reason: str, now: datetime) -> bool:
    """End a running submission that has no finite score; it costs the try."""
    return advance(
        session,
        submission_id=submission_id,
        from_=_State.RUNNING,
        to=_State.FAILED,
        ended_at=now,
        reason=reason,
    )


def error(
    session: Session,
    *,
    submission_id: str,
    reason: str,
    now: datetime,
    cause: QuotaCause = QuotaCause.PLATFORM_FAULT,
) -> bool:
    """End a waiting or running submission by the platform's or host's fault; the try is back."""
    ended = any(
        advance(
            session,
            submission_id=submission_id,
            from_=from_,
            to=_State.ERRORED,
            ended_at=now,
            reason=reason,
        )
        for from_ in (_State.RUNNING, _State.RECEIVED)
    )
    if ended:
        ledger.refund(session, submission_id=submission_id, cause=cause, now=now)
    return ended


def advance(
    session: Session,
    *,
    submission_id: str,
    from_: SubmissionState,
    to: SubmissionState,
    **values: Any,  # noqa: ANN401 (columns that change with the state)
) -> bool:
    """Make one move of the table if the submission still stands at `from_`.

    Returns:
        False when it does not: somebody else moved it, which is no error.

    Raises:
        ValueError: The table has no such move.

    """
    if not states.may_move(from_, to):
        raise ValueError(f"a submission never goes from {from_} to {to}")
    moved = session.execute(
        update(models.Submission)
        .where(col(models.Submission.id) == submission_id)
        .where(col(models.Submission.state) == from_.value)
        .values(state=to.value, **values)
        .returning(col(models.Submission.id))
    )
    return moved.scalar_one_or_none() is not None


def grant(
    session: Session,
    *,
    team_id: str,
    challenge: Challenge,
    tries: int,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Give a team more tries, today and in total; audited, and shown to the team.

    Raises:
        BadGrantError: Not 1 to 1000 tries, or no reason.
        NotOpenYetError, ClosedError: No phase is open.
        TeamNotInChallengeError: The team belongs to another challenge.

    """
    rules.check_grant(tries, reason=reason)
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    team = lock_team(session, team_id=team_id, challenge_id=challenge.id)
    phase = challenge_rules.open_phase(challenge, now=now)
    ledger.grant(session, team_id=team.id, phase=phase, tries=tries, note=reason, now=now)
    audit.record(
        session,
        actor_id=by,
        action="submissions.grant",
        subject_id=team.id,
        challenge_id=challenge.id,
        detail={"tries": tries},
        now=now,
    )


def lock_team(session: Session, *, team_id: str, challenge_id: str) -> Team:
    """Return the team as it will stay until the transaction ends.

    Raises:
        TeamNotInChallengeError: It belongs to another challenge.

    """
    team = accounts.lock_team(session, team_id=team_id)
    if team.challenge_id != challenge_id:
        raise rules.TeamNotInChallengeError("This team does not take part in this challenge.")
    return team


def next_receipt_time(
    session: Session, *, challenge_id: str, at_least: datetime | None = None
) -> datetime:
    """Lock the challenge's receipts and return a time after the last of them."""
    db.lock_name(session, f"receipts:{challenge_id}")
    now = at_least or database_now(session)
    last = session.exec(
        select(models.Submission.received_at)
        .where(models.Submission.challenge_id == challenge_id)
        .order_by(col(models.Submission.received_at).desc())
        .limit(1)
    ).first()
    return now if last is None else max(now, last + _TICK)
