"""Reads score tables by version, whichever part they are of."""

from decimal import Decimal

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from palio.scoring.card import Score
from palio.submissions import models, versions
from palio.submissions.version_contracts import VersionPair


def scores_of(
    session: Session,
    table: type[models.ScoreColumns],
    *wanted: ColumnElement[bool],
    version: VersionPair | None = None,
) -> dict[str, tuple[Score, ...]]:
    """Return each wanted submission's scores under a version, ranking metric first.

    Args:
        session: Reads.
        table: Whose scores.
        wanted: Conditions on submissions.
        version: None = the active one of each submission's challenge.

    """
    rows = session.execute(
        sqlalchemy.select(
            col(table.submission_id), col(table.metric), col(table.exact), col(table.rounded)
        )
        .join(models.Submission, col(models.Submission.id) == table.submission_id)
        .where(*wanted, versions.is_counted(table, version))
        .order_by(col(table.position))
    )
    found: dict[str, list[Score]] = {}
    for submission_id, metric, exact, rounded in rows:
        found.setdefault(submission_id, []).append(Score(metric, exact, Decimal(rounded)))
    return {submission_id: tuple(scores) for submission_id, scores in found.items()}


def pairs(scores: tuple[Score, ...]) -> tuple[tuple[str, Decimal], ...]:
    """Return metric names with rounded values."""
    return tuple((score.metric, score.rounded) for score in scores)
