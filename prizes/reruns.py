"""A winner's code is handed in, run again in a box, and its result held against the entry."""

from datetime import datetime

from sqlmodel import Session, col, select

from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, Delivery
from palio.challenges.prize_contracts import Gate
from palio.core.storage import Blob
from palio.leaderboard import reruns as boards
from palio.prizes import gates, moves, queries, rules, service, workflow
from palio.prizes.contracts import AwardState, Rerun
from palio.prizes.models import AwardRerunRow, AwardRow
from palio.submissions import queries as submissions
from palio.submissions import verification
from palio.submissions.contracts import Receipt, SubmissionState, UploadLimits
from palio.submissions.states import ENDED

_OPEN = (AwardState.NOTIFIED, AwardState.ACCEPTED, AwardState.DOCUMENTS)
_MOST = 10  # each is a run of minutes; a winner who needs more writes to the organizer


def hand_in_code(  # noqa: PLR0913 (everything an upload is about)
    session: Session,
    *,
    award_id: str,
    by: str,
    blob: Blob,
    file_name: str,
    delivery: Delivery,
    idempotency_key: str,
    limits: UploadLimits,
    now: datetime,
) -> Receipt:
    """Take a winner's stored program; whoever calls this puts it into the model queue.

    Raises:
        NotYourAwardError: Not in the team.
        AwardStateError: The award is not waiting for code, or the challenge runs none.
        AppError: As `submissions.verification.receive`.

    """
    challenge, row = service.lock(session, award_id)
    _check(session, challenge, row, by=by)
    receipt = verification.receive(
        session,
        challenge=challenge,
        team_id=row.team_id,
        person_id=by,
        blob=blob,
        file_name=file_name,
        delivery=delivery,
        idempotency_key=idempotency_key,
        limits=limits,
        now=now,
    )
    if receipt.is_new:
        session.add(
            AwardRerunRow(award_id=row.id, submission_id=receipt.submission_id, by=by, at=now)
        )
        session.flush()
        moves.audit_award(session, row, action="prizes.code", by=by, now=now)
    return receipt


def check_may_hand_in(session: Session, *, award_id: str, by: str) -> None:
    """Refuse before the upload what `hand_in_code` would refuse after it; raises as there."""
    row = queries.row_of(session, award_id)
    _check(session, challenges.by_id(session, row.challenge_id), row, by=by)


def open_submission_ids(session: Session) -> tuple[str, ...]:
    """Return the submissions of winners' code that have no verdict yet."""
    wanted = select(AwardRerunRow.submission_id).where(col(AwardRerunRow.has_passed).is_(None))
    return tuple(each for each in session.exec(wanted) if each is not None)


def judge(session: Session, *, submission_id: str, now: datetime) -> Rerun | None:
    """Hold an ended run against the entry, once; None while it runs, and when it was done before.

    A run that reproduces the entry passes the gate for code by itself.
    """
    rerun = session.exec(
        select(AwardRerunRow).where(AwardRerunRow.submission_id == submission_id)
    ).one()
    challenge, row = service.lock(session, rerun.award_id)
    session.refresh(rerun)
    submission = submissions.submission(session, submission_id)
    if rerun.has_passed is not None or submission.state not in ENDED:
        return None
    if submission.state is SubmissionState.SCORED:
        _compare(session, challenge, row, rerun)
    else:
        rerun.has_passed = False
        rerun.words = submission.reason or "The program gave no predictions that could be scored."
    session.add(rerun)
    session.flush()
    _tell(session, challenge, row, rerun, now=now)
    if AwardState(row.state) in _OPEN:
        gates.add(
            session,
            row,
            gate=Gate.CODE,
            has_passed=bool(rerun.has_passed),
            evidence_sha256=submission.sha256,
            words=rerun.words,
            by=moves.SYSTEM,
            now=now,
        )
        service.settle(session, challenge, by=moves.SYSTEM, now=now)
    return next(each for each in queries.reruns(session, award_id=row.id) if each.id == rerun.id)


def _check(session: Session, challenge: Challenge, row: AwardRow, *, by: str) -> None:
    workflow.check_member(session, row, by=by)
    if not workflow.needs_code(challenge):
        raise rules.AwardStateError("Winners' code is not run here: give it to the organizer.")
    rules.check_state(queries.award_of(row), *_OPEN)
    if len(queries.reruns(session, award_id=row.id)) >= _MOST:
        raise rules.AwardStateError(f"Your code was run {_MOST} times; talk to the organizer.")


def _compare(session: Session, challenge: Challenge, row: AwardRow, rerun: AwardRerunRow) -> None:
    found = boards.compare(
        session,
        challenge=challenge,
        entry_id=row.submission_id,
        rerun_id=rerun.submission_id or "",
    )
    rerun.has_passed = found is not None and found.has_passed
    if found is not None and challenge.revealed_at is not None:
        rerun.difference, rerun.allowed = found.difference, found.allowed
        rerun.agreement = found.agreement
    rerun.words = (
        "The program gives the result of the entry."
        if rerun.has_passed
        else "The program does not give the result of the entry."
    )


def _tell(
    session: Session, challenge: Challenge, row: AwardRow, rerun: AwardRerunRow, *, now: datetime
) -> None:
    again = "" if rerun.has_passed else " Hand in a corrected one {until}."
    said = moves.plain(rerun.words)
    words = f"Your code for {{what}} in {{title}} was run again. {said}{again}"
    moves.send(session, row, challenge=challenge, words=words, now=now)
