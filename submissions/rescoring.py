"""Rescore sets: another version of scores made in shadow, then active in one step, or given up.

Whoever calls these holds the challenge's lock, or gets it here; `pipeline.rescoring` does what
comes with them on boards, prizes and in messages, in the same transaction.
"""

from datetime import datetime

import sqlalchemy
from sqlalchemy import func, literal, update
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.core import audit
from palio.scoring.card import ScoreCard
from palio.submissions import exclusions, models, release_book, score_log, score_rows, versions
from palio.submissions.contracts import SubmissionState
from palio.submissions.rescore_rules import (
    NoRescoreError,
    NothingToUndoError,
    RescoreOpenError,
    check_ready,
    check_reason,
)
from palio.submissions.version_contracts import (
    Activation,
    Correction,
    ScoreVersion,
    ShadowOutcome,
    Switch,
    VersionState,
)
from palio.submissions.version_models import ScoreSwitch, ScoreVersionRow, ShadowResult


def check_may_start(session: Session, challenge: Challenge) -> None:
    """Let a set be opened.

    Raises:
        exclusions.ChallengePutAwayError, RescoreOpenError: In words.

    """
    exclusions.check_not_put_away(challenge)
    if versions.open_set(session, challenge_id=challenge.id) is not None:
        raise RescoreOpenError("A rescore set is open already. Apply or abandon that one first.")


def start(
    session: Session,
    *,
    challenge: Challenge,
    correction: Correction,
    reason: str,
    by: str,
    now: datetime,
) -> ScoreVersion:
    """Open a rescore set; audited. Its jobs are the pipeline's.

    Raises:
        BadReasonError, ChallengePutAwayError, RescoreOpenError: In words.

    """
    reason = check_reason(reason)
    challenge = challenges.lock_challenge(session, challenge.id)
    check_may_start(session, challenge)
    before = _active_row(session, challenge)
    row = ScoreVersionRow(
        challenge_id=challenge.id,
        ordinal=_highest(session, challenge, col(ScoreVersionRow.ordinal)) + 1,
        key_version=correction.key_version or before.key_version,
        metric_version=before.metric_version,
        metrics=before.metrics,
        package_version=correction.package_version or before.package_version,
        state=VersionState.SHADOW.value,
        what=correction.what,
        reason=reason,
        made_by=by,
        made_at=now,
    )
    if correction.metrics is not None:
        row.metrics = versions.METRICS.dump_json(correction.metrics).decode()
    if correction.metrics is not None or correction.package_version is not None:
        row.metric_version = _highest(session, challenge, col(ScoreVersionRow.metric_version)) + 1
    session.add(row)
    session.flush()
    _audit(session, row, action="rescore.start", by=by, now=now)
    return versions.version_of(row)


def reopen_previous(
    session: Session, *, challenge: Challenge, reason: str, by: str, now: datetime
) -> ScoreVersion:
    """Open a set that leads back to the version active before this one; audited.

    Raises:
        BadReasonError, ChallengePutAwayError, RescoreOpenError: In words.
        NothingToUndoError: There is no version before.

    """
    reason = check_reason(reason)
    challenge = challenges.lock_challenge(session, challenge.id)
    check_may_start(session, challenge)
    row = session.exec(
        select(ScoreVersionRow)
        .where(
            ScoreVersionRow.challenge_id == challenge.id,
            ScoreVersionRow.state == VersionState.RETIRED.value,
        )
        .order_by(col(ScoreVersionRow.applied_at).desc())
        .limit(1)
    ).first()
    if row is None:
        raise NothingToUndoError("Nothing was rescored here, so there is nothing to undo.")
    row.state, row.reason = VersionState.SHADOW.value, reason
    session.add(row)
    session.flush()
    _audit(session, row, action="rescore.reopen", by=by, now=now)
    return versions.version_of(row)


def record(
    session: Session,
    *,
    version_id: str,
    submission_id: str,
    outcome: ShadowOutcome,
    card: ScoreCard | None = None,
    words: str = "",
    now: datetime,
) -> bool:
    """Keep what became of a submission under an open set's version, once.

    Returns:
        False when it is known already or the set is open no more; then nothing is written.

    """
    version = versions.by_id(session, version_id)
    if version.state is not VersionState.SHADOW:
        return False
    if session.get(ShadowResult, (version_id, submission_id)) is not None:
        return False
    session.add(
        ShadowResult(
            score_version_id=version_id,
            submission_id=submission_id,
            outcome=outcome.value,
            words=words,
            at=now,
        )
    )
    if card is not None:
        score_rows.add(
            session,
            submission_id=submission_id,
            card=card,
            key_version=version.pair.key_version,
            metric_version=version.pair.metric_version,
        )
        score_log.note(
            session, submission_id=submission_id, card=card, version=version.pair, now=now
        )
    session.flush()
    return True


def prepare(session: Session, *, version: ScoreVersion, now: datetime) -> None:
    """Make what a preview needs beside scores, once all are there: what would be told of them."""
    challenge = challenges.lock_challenge(session, version.challenge_id)
    row = session.get_one(ScoreVersionRow, version.id, populate_existing=True)
    done = versions.progress(session, version)
    if row.state != VersionState.SHADOW.value or done.missing or row.replayed == done.scored:
        return
    release_book.replay(session, challenge=challenge, version=version.pair, now=now)
    row.replayed = done.scored
    session.add(row)
    session.flush()


def activate(session: Session, *, challenge: Challenge, by: str, now: datetime) -> Activation:
    """Make the open set's version the active one; audited. Scores of the one before are kept.

    A submission without a finite score under it is failed from now on, one that gets its first
    finite score is scored; going back turns both round.

    Raises:
        NoRescoreError, RescoreNotReadyError, ChallengePutAwayError: In words.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    exclusions.check_not_put_away(challenge)
    after = versions.row_in_state(session, challenge.id, VersionState.SHADOW)
    if after is None:
        raise NoRescoreError("No rescore set is open.")
    check_ready(versions.progress(session, versions.version_of(after)))
    before = _active_row(session, challenge)
    _remember(session, before, now=now)
    lost = _turn(session, after, SubmissionState.SCORED, ShadowOutcome.NO_SCORE)
    gained = _turn(session, after, SubmissionState.FAILED, ShadowOutcome.SCORED)
    before.state = VersionState.RETIRED.value
    session.add(before)
    session.flush()  # the database lets only one be active
    after.state, after.applied_at = VersionState.ACTIVE.value, now
    session.add(after)
    session.add(
        ScoreSwitch(
            challenge_id=challenge.id,
            from_ordinal=before.ordinal,
            to_ordinal=after.ordinal,
            what=after.what,
            reason=after.reason,
            made_by=by,
            at=now,
        )
    )
    result = versions.version_of(after)
    challenges.use_metrics(
        session,
        challenge_id=challenge.id,
        metrics=result.metrics,
        metric_version=result.pair.metric_version,
    )
    _audit(session, after, action="rescore.apply", by=by, now=now)
    return Activation(versions.version_of(before), result, lost=lost, gained=gained)


def abandon(session: Session, *, challenge: Challenge, by: str, now: datetime) -> ScoreVersion:
    """Give the open set up; its scores are kept and shown to nobody; audited.

    Raises:
        NoRescoreError: None is open.

    """
    challenge = challenges.lock_challenge(session, challenge.id)
    row = versions.row_in_state(session, challenge.id, VersionState.SHADOW)
    if row is None:
        raise NoRescoreError("No rescore set is open.")
    was_active = row.applied_at is not None
    row.state = (VersionState.RETIRED if was_active else VersionState.ABANDONED).value
    session.add(row)
    session.flush()
    _audit(session, row, action="rescore.abandon", by=by, now=now)
    return versions.version_of(row)


def switches(session: Session, *, challenge_id: str) -> tuple[Switch, ...]:
    """Return every time another version became active, oldest first."""
    rows = session.exec(
        select(ScoreSwitch)
        .where(ScoreSwitch.challenge_id == challenge_id)
        .order_by(col(ScoreSwitch.at))
    )
    return tuple(
        Switch(row.from_ordinal, row.to_ordinal, row.what, row.reason, row.at) for row in rows
    )


def _active_row(session: Session, challenge: Challenge) -> ScoreVersionRow:
    """Return the active version's row, written now where the challenge has none."""
    row = versions.row_in_state(session, challenge.id, VersionState.ACTIVE)
    if row is not None:
        return row
    first = versions.as_launched(challenge)
    row = ScoreVersionRow(
        challenge_id=challenge.id,
        ordinal=first.ordinal,
        key_version=first.pair.key_version,
        metric_version=first.pair.metric_version,
        metrics=versions.METRICS.dump_json(first.metrics).decode(),
        package_version=first.package_version,
        state=VersionState.ACTIVE.value,
        what=first.what,
        reason="",
        made_by=first.made_by,
        made_at=first.made_at,
        applied_at=first.applied_at,
    )
    session.add(row)
    session.flush()
    return row


def _highest(session: Session, challenge: Challenge, column: Mapped[int]) -> int:
    wanted = sqlalchemy.select(func.max(column)).where(
        col(ScoreVersionRow.challenge_id) == challenge.id
    )
    highest: int = session.execute(wanted).scalar_one()
    return highest


def _remember(session: Session, row: ScoreVersionRow, *, now: datetime) -> None:
    """Note what became of every submission under the version that retires, for the way back."""
    submission = models.Submission
    is_scored = col(submission.state) == SubmissionState.SCORED.value
    known = sqlalchemy.exists().where(
        col(ShadowResult.score_version_id) == row.id,
        col(ShadowResult.submission_id) == col(submission.id),
    )
    found = sqlalchemy.select(
        literal(row.id),
        col(submission.id),
        sqlalchemy.case(
            (is_scored, ShadowOutcome.SCORED.value), else_=ShadowOutcome.NO_SCORE.value
        ),
        col(submission.reason),
        literal(now, ShadowResult.__table__.c.at.type),  # type: ignore[attr-defined]  # SQLModel
    ).where(
        col(submission.challenge_id) == row.challenge_id,
        col(submission.state).in_(versions.SCORABLE),
        ~known,
    )
    names = ["score_version_id", "submission_id", "outcome", "words", "at"]
    session.execute(sqlalchemy.insert(ShadowResult).from_select(names, found))


def _turn(
    session: Session, row: ScoreVersionRow, from_: SubmissionState, outcome: ShadowOutcome
) -> tuple[str, ...]:
    """Move submissions between scored and failed where the version says so; return which."""
    to = SubmissionState.FAILED if from_ is SubmissionState.SCORED else SubmissionState.SCORED
    result = ShadowResult
    words = (
        sqlalchemy.select(col(result.words))
        .where(
            col(result.score_version_id) == row.id,
            col(result.submission_id) == col(models.Submission.id),
        )
        .scalar_subquery()
    )
    is_turned = sqlalchemy.exists().where(
        col(result.score_version_id) == row.id,
        col(result.submission_id) == col(models.Submission.id),
        col(result.outcome) == outcome.value,
    )
    moved = session.execute(
        update(models.Submission)
        .where(col(models.Submission.challenge_id) == row.challenge_id)
        .where(col(models.Submission.state) == from_.value, is_turned)
        .values(state=to.value, reason=words)
        .returning(col(models.Submission.id))
        .execution_options(synchronize_session=False)
    )
    return tuple(moved.scalars())


def _audit(session: Session, row: ScoreVersionRow, *, action: str, by: str, now: datetime) -> None:
    audit.record(
        session,
        actor_id=by,
        action=action,
        subject_id=row.id,
        challenge_id=row.challenge_id,
        detail={
            "version": row.ordinal,
            "key": row.key_version,
            "metric": row.metric_version,
            "what": row.what,
        },
        now=now,
    )
