"""Which submissions count on boards and for prizes: said once, as conditions of a query."""

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from palio.submissions.exclusion_models import ExclusionRow
from palio.submissions.models import Submission


def counts() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions: not withdrawn, and neither it nor its team is disqualified."""
    of_this = (col(ExclusionRow.submission_id) == col(Submission.id)) | (
        col(ExclusionRow.submission_id).is_(None)
        & (col(ExclusionRow.team_id) == col(Submission.team_id))
    )
    excluded = sqlalchemy.exists().where(col(ExclusionRow.lifted_at).is_(None), of_this)
    return col(Submission.withdrawn_at).is_(None), ~excluded


def may_count(session: Session, *, submission_id: str) -> bool:
    """Return whether a submission is neither withdrawn nor disqualified, alone or with its team."""
    wanted = select(Submission.id).where(Submission.id == submission_id, *counts())
    return session.exec(wanted).first() is not None
