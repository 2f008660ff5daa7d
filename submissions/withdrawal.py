"""Withdrawing a submission and taking that back: it stops counting, and nothing of it is deleted.

Row, receipt, scores, ledger and audit log stay; the try is not given back. A team withdraws its
own until the close, an organizer with words to the team at any time.
"""

from datetime import datetime

from sqlmodel import Session

from palio.accounts import messages
from palio.accounts import service as accounts
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.rules import closes_at, in_words
from palio.core import audit
from palio.core.errors import ConflictError
from palio.submissions import exclusions, models
from palio.submissions.contracts import SubmissionKind
from palio.submissions.rules import SubmissionNotFoundError


class WithdrawalClosedError(ConflictError):
    """The last phase is over: only the organizer changes now what counts."""

    code = "withdrawal_closed"


class WithdrawnByHostError(ConflictError):
    """The organizer withdrew it, and only the organizer takes that back."""

    code = "withdrawn_by_host"


def set_by_team(
    session: Session,
    *,
    submission_id: str,
    team_id: str,
    is_withdrawn: bool,
    challenge: Challenge,
    by: str,
    now: datetime,
) -> bool:
    """Withdraw a submission of one's own team, or let it count again; chosen it has to be anew.

    Returns:
        Whether anything changed: False when it was so before.

    Raises:
        SubmissionNotFoundError: Not this team's.
        WithdrawalClosedError: The last phase is over.
        WithdrawnByHostError: The organizer withdrew it.

    """
    row = _own_row(
        session, submission_id=submission_id, team_id=team_id, challenge=challenge, now=now
    )
    if is_withdrawn == (row.withdrawn_at is not None):
        return False
    if row.withdrawn_words:
        raise WithdrawnByHostError(
            f"The organizer withdrew this submission: {row.withdrawn_words}"
            " Only the organizer can let it count again."
        )
    _keep(session, row, is_withdrawn=is_withdrawn, words="", by=by, now=now)
    return True


def set_by_host(
    session: Session,
    *,
    submission_id: str,
    is_withdrawn: bool,
    challenge: Challenge,
    words: str,
    by: str,
    now: datetime,
) -> bool:
    """Withdraw a team's submission as organizer, or let it count again; told to the team.

    Also after the close. What its team has withdrawn before, only the organizer takes back then.

    Returns:
        Whether anything changed.

    Raises:
        BadWordsError: No words, or more than 2,000 characters.
        ChallengePutAwayError: The challenge is archived.
        SubmissionNotFoundError: Not in this challenge, or a baseline.

    """
    said = exclusions.check_words(words)
    row = _row_for_host(session, submission_id=submission_id, challenge=challenge)
    is_so = bool(row.withdrawn_words) if is_withdrawn else row.withdrawn_at is None
    if is_so:
        return False
    _keep(
        session,
        row,
        is_withdrawn=is_withdrawn,
        words=said if is_withdrawn else "",
        by=by,
        now=now,
    )
    text = (
        f"The organizer withdrew your submission {row.file_name}: {said}"
        if is_withdrawn
        else f"Your submission {row.file_name} counts again. The organizer says: {said}"
    )
    _tell(session, row, text, now=now)
    return True


def check_open(challenge: Challenge, *, now: datetime) -> None:
    """Let a team say which of its submissions count.

    Raises:
        WithdrawalClosedError: The last phase is over.

    """
    ended_at = closes_at(challenge)
    is_running = challenge.state in (ChallengeState.SCHEDULED, ChallengeState.OPEN)
    if now >= ended_at or not is_running:
        raise WithdrawalClosedError(
            f"Submissions could be withdrawn and taken back until {in_words(ended_at)}. If one"
            " must not count, ask the organizer."
        )


def _own_row(
    session: Session, *, submission_id: str, team_id: str, challenge: Challenge, now: datetime
) -> models.Submission:
    challenge = challenges.lock_challenge_shared(session, challenge.id)
    team = accounts.lock_team(session, team_id=team_id)
    row = session.get(models.Submission, submission_id, populate_existing=True)
    if row is None or row.team_id != team.id or row.challenge_id != challenge.id:
        raise SubmissionNotFoundError("Your team has no such submission.")
    check_open(challenge, now=now)
    return row


def _row_for_host(
    session: Session, *, submission_id: str, challenge: Challenge
) -> models.Submission:
    challenge = challenges.lock_challenge(session, challenge.id)
    exclusions.check_not_put_away(challenge)
    row = session.get(models.Submission, submission_id, populate_existing=True)
    is_here = row is not None and row.challenge_id == challenge.id
    if row is None or not is_here or row.kind == SubmissionKind.BASELINE.value:
        raise SubmissionNotFoundError("This challenge has no such submission of a team.")
    return row


def _keep(
    session: Session,
    row: models.Submission,
    *,
    is_withdrawn: bool,
    words: str,
    by: str,
    now: datetime,
) -> None:
    row.withdrawn_at, row.withdrawn_by = (now, by) if is_withdrawn else (None, None)
    row.withdrawn_words = words
    row.is_chosen = False
    session.add(row)
    session.flush()
    audit.record(
        session,
        actor_id=by,
        action="submissions.withdraw" if is_withdrawn else "submissions.restore",
        subject_id=row.id,
        challenge_id=row.challenge_id,
        now=now,
    )


def _tell(session: Session, row: models.Submission, text: str, *, now: datetime) -> None:
    team = accounts.lock_team(session, team_id=row.team_id or "")
    messages.send(
        session,
        person_ids=[member.person_id for member in team.members],
        challenge_id=row.challenge_id,
        kind="submission.withdrawn",
        text=text,
        now=now,
    )
