"""Which submissions count on boards and for prizes: said once, as conditions of a query."""

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import col

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
