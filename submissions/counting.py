"""Which submissions count on boards and for prizes: said once, as conditions of a query."""

from dataclasses import dataclass

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from palio.submissions.contracts import SubmissionKind, SubmissionState
from palio.submissions.exclusion_models import ExclusionRow
from palio.submissions.models import Submission
from palio.submissions.states import PENDING

_ALIVE = (*PENDING, SubmissionState.SCORED)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A submission that counts, or will once it is scored."""

    submission_id: str
    file_name: str
    is_chosen: bool
    is_scored: bool


def counts() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions: not withdrawn, and neither it nor its team is disqualified."""
    return col(Submission.withdrawn_at).is_(None), is_in_force()


def is_in_force() -> ColumnElement[bool]:
    """Return the condition that neither a submission nor its team is disqualified."""
    of_this = (col(ExclusionRow.submission_id) == col(Submission.id)) | (
        col(ExclusionRow.submission_id).is_(None)
        & (col(ExclusionRow.team_id) == col(Submission.team_id))
    )
    excluded = sqlalchemy.exists().where(col(ExclusionRow.lifted_at).is_(None), of_this)
    return ~excluded


def may_count(session: Session, *, submission_id: str) -> bool:
    """Return whether a submission is neither withdrawn nor disqualified, alone or with its team.

    Winners' code that is run again never counts, nor do late entries, which have a board of theirs.
    """
    wanted = select(Submission.id).where(Submission.id == submission_id, _is_entry(), *counts())
    return session.exec(wanted).first() is not None


def candidates(session: Session, *, team_id: str) -> tuple[Candidate, ...]:
    """Return a team's submissions that count or still may, newest first."""
    rows = session.execute(
        sqlalchemy.select(
            col(Submission.id),
            col(Submission.file_name),
            col(Submission.is_chosen),
            col(Submission.state),
        )
        .where(
            col(Submission.team_id) == team_id,
            col(Submission.state).in_([state.value for state in _ALIVE]),
            _is_entry(),
            *counts(),
        )
        .order_by(col(Submission.received_at).desc())
    )
    return tuple(
        Candidate(id_, file_name, is_chosen, state == SubmissionState.SCORED.value)
        for id_, file_name, is_chosen, state in rows
    )


def _is_entry() -> ColumnElement[bool]:
    apart = (SubmissionKind.VERIFICATION.value, SubmissionKind.LATE.value)
    return col(Submission.kind).not_in(apart)
