"""Which scores count: reads of a challenge's score versions, and the condition that picks one."""

from collections import Counter
from collections.abc import Collection

import sqlalchemy
from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, func
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, select

from palio.challenges.contracts import Challenge, Delivery
from palio.core import db
from palio.scoring.card import MetricChoice
from palio.submissions import models
from palio.submissions.contracts import SubmissionState
from palio.submissions.release_models import ReleaseLine
from palio.submissions.version_contracts import (
    FIRST,
    Progress,
    ScoreVersion,
    ShadowOutcome,
    VersionPair,
    VersionState,
)
from palio.submissions.version_models import ScoreVersionRow, ShadowResult

METRICS = TypeAdapter(tuple[MetricChoice, ...])
SCORABLE = (SubmissionState.SCORED.value, SubmissionState.FAILED.value)


def is_counted(
    table: type[models.ScoreColumns | ReleaseLine], version: VersionPair | None
) -> ColumnElement[bool]:
    """Return the condition for scores of a version; None = the active one of their challenge.

    The statement joins `Submission`.
    """
    if version is not None:
        return (col(table.key_version) == version.key_version) & (
            col(table.metric_version) == version.metric_version
        )
    return (
        col(table.key_version) == _active(col(ScoreVersionRow.key_version), FIRST.key_version)
    ) & (
        col(table.metric_version)
        == _active(col(ScoreVersionRow.metric_version), FIRST.metric_version)
    )


def _active(column: Mapped[int], first: int) -> ColumnElement[int]:
    found = (
        sqlalchemy.select(column)
        .where(
            col(ScoreVersionRow.challenge_id) == col(models.Submission.challenge_id),
            col(ScoreVersionRow.state) == VersionState.ACTIVE.value,
        )
        .correlate(models.Submission)
        .scalar_subquery()
    )
    return func.coalesce(found, first)


def active_pair(session: Session, *, challenge_id: str) -> VersionPair:
    """Return what counts now."""
    row = row_in_state(session, challenge_id, VersionState.ACTIVE)
    return FIRST if row is None else VersionPair(row.key_version, row.metric_version)


def active(session: Session, *, challenge: Challenge) -> ScoreVersion:
    """Return what a challenge is scored by now."""
    row = row_in_state(session, challenge.id, VersionState.ACTIVE)
    return as_launched(challenge) if row is None else version_of(row)


def open_set(session: Session, *, challenge_id: str) -> ScoreVersion | None:
    """Return the rescore set that is open, None where there is none."""
    row = row_in_state(session, challenge_id, VersionState.SHADOW)
    return None if row is None else version_of(row)


def open_sets(session: Session) -> tuple[ScoreVersion, ...]:
    """Return the open rescore sets of all challenges."""
    wanted = select(ScoreVersionRow).where(ScoreVersionRow.state == VersionState.SHADOW.value)
    return tuple(map(version_of, session.exec(wanted.order_by(col(ScoreVersionRow.id)))))


def by_id(session: Session, version_id: str) -> ScoreVersion:
    """Return one version; it must exist."""
    return version_of(session.get_one(ScoreVersionRow, version_id, populate_existing=True))


def of_pair(session: Session, *, challenge: Challenge, pair: VersionPair) -> ScoreVersion:
    """Return the version with these numbers; it must exist."""
    found = of_challenge(session, challenge=challenge)
    return next(version for version in found if version.pair == pair)


def of_challenge(session: Session, *, challenge: Challenge) -> tuple[ScoreVersion, ...]:
    """Return every version a challenge ever had, oldest first."""
    wanted = select(ScoreVersionRow).where(ScoreVersionRow.challenge_id == challenge.id)
    rows = session.exec(
        wanted.order_by(col(ScoreVersionRow.ordinal)).execution_options(populate_existing=True)
    ).all()
    return tuple(map(version_of, rows)) or (as_launched(challenge),)


def progress(session: Session, version: ScoreVersion) -> Progress:
    """Say how far a rescore set is."""
    found = session.execute(
        sqlalchemy.select(col(ShadowResult.outcome), func.count())
        .where(col(ShadowResult.score_version_id) == version.id)
        .group_by(col(ShadowResult.outcome))
    )
    counts = {ShadowOutcome(outcome): count for outcome, count in found}
    fault = session.exec(
        select(ShadowResult.words)
        .where(
            ShadowResult.score_version_id == version.id,
            ShadowResult.outcome == ShadowOutcome.METRIC_FAULT.value,
        )
        .order_by(col(ShadowResult.at), col(ShadowResult.submission_id))
        .limit(1)
    ).first()
    done = sum(counts.values())
    return Progress(
        total=done + len(missing_ids(session, version)),
        scored=counts.get(ShadowOutcome.SCORED, 0),
        without_score=counts.get(ShadowOutcome.NO_SCORE, 0),
        faults=counts.get(ShadowOutcome.METRIC_FAULT, 0),
        first_fault=fault or "",
    )


def is_prepared(session: Session, version: ScoreVersion, progress: Progress) -> bool:
    """Tell whether a set is complete, and so is what would be told of its scores."""
    row = session.get_one(ScoreVersionRow, version.id, populate_existing=True)
    return not progress.missing and row.replayed == progress.scored


def missing_ids(session: Session, version: ScoreVersion) -> tuple[str, ...]:
    """Return the submissions without a result under a version, in order of receipt.

    Wanted are those with a score, and those with a sound file and no finite score: under a
    corrected metric they may have one. Refused files and faults of the platform stay as they are.
    """
    row = models.Submission
    has_result = sqlalchemy.exists().where(
        col(ShadowResult.score_version_id) == version.id,
        col(ShadowResult.submission_id) == col(row.id),
    )
    has_predictions = (col(row.delivery) == Delivery.PREDICTIONS.value) | col(
        row.predictions_sha256
    ).is_not(None)
    wanted = (
        sqlalchemy.select(col(row.id))
        .where(col(row.challenge_id) == version.challenge_id, col(row.state).in_(SCORABLE))
        .where(has_predictions, ~has_result)
        .order_by(col(row.received_at))
    )
    return tuple(session.execute(wanted).scalars())


def counts_by_team(session: Session, *, submission_ids: Collection[str]) -> dict[str, int]:
    """Return how many of these submissions each team has; baselines are left out."""
    row = models.Submission
    found: Counter[str] = Counter()
    for ids in db.in_parts(submission_ids):
        wanted = sqlalchemy.select(col(row.team_id)).where(
            col(row.id).in_(ids), col(row.team_id).is_not(None)
        )
        found.update(session.execute(wanted).scalars().all())
    return dict(found)


def row_in_state(
    session: Session, challenge_id: str, state: VersionState
) -> ScoreVersionRow | None:
    """Return the row of a state that at most one version of a challenge has."""
    return session.exec(
        select(ScoreVersionRow)
        .where(ScoreVersionRow.challenge_id == challenge_id, ScoreVersionRow.state == state.value)
        .execution_options(populate_existing=True)
    ).first()


def as_launched(challenge: Challenge) -> ScoreVersion:
    """Return the first version of a challenge that was never rescored."""
    launched_at = challenge.published_at or challenge.phases[0].opens_at
    return ScoreVersion(
        id="",
        challenge_id=challenge.id,
        ordinal=1,
        pair=FIRST,
        metrics=challenge.plan.metrics,
        package_version=None if challenge.plan.own_metric is None else 1,
        state=VersionState.ACTIVE,
        what="as launched",
        reason="",
        made_by=challenge.organizer_id,
        made_at=launched_at,
        applied_at=launched_at,
    )


def version_of(row: ScoreVersionRow) -> ScoreVersion:
    """Return a stored version as a value."""
    return ScoreVersion(
        id=row.id,
        challenge_id=row.challenge_id,
        ordinal=row.ordinal,
        pair=VersionPair(row.key_version, row.metric_version),
        metrics=METRICS.validate_json(row.metrics),
        package_version=row.package_version,
        state=VersionState(row.state),
        what=row.what,
        reason=row.reason,
        made_by=row.made_by,
        made_at=row.made_at,
        applied_at=row.applied_at,
    )
