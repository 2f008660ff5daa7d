"""Reads what is kept of submissions for comparisons: for evidence, never for participants."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import sqlalchemy
from numpy.typing import NDArray
from sqlmodel import Session, col

from palio.core import db
from palio.submissions import models, trace_models
from palio.submissions.contracts import SubmissionKind

STORED = np.dtype("<f4")
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False, slots=True)
class PredictionTrace:
    """What is kept of one submission's predictions; see `scoring.traces.Trace`.

    Attributes:
        team_id: Empty for a baseline.

    """

    submission_id: str
    team_id: str
    kind: SubmissionKind
    received_at: datetime
    sketch: Floats
    sample: Floats
    canonical_sha256: str


@dataclass(frozen=True, slots=True)
class TraceRef:
    """Names a trace without its arrays: a challenge may have a great many."""

    submission_id: str
    team_id: str  # empty for a baseline
    kind: SubmissionKind
    received_at: datetime
    canonical_sha256: str


def trace_refs(session: Session, *, challenge_id: str) -> tuple[TraceRef, ...]:
    """Return which submissions of a challenge have a trace, in order of receipt."""
    row, kept = models.Submission, trace_models.PredictionTrace
    found = session.execute(
        sqlalchemy.select(
            col(row.id),
            col(row.team_id),
            col(row.kind),
            col(row.received_at),
            col(kept.canonical_sha256),
        )
        .join(kept, col(kept.submission_id) == col(row.id))
        .where(col(row.challenge_id) == challenge_id)
        .order_by(col(row.received_at))
    )
    return tuple(
        TraceRef(submission_id, team_id or "", SubmissionKind(kind), received_at, sha256)
        for submission_id, team_id, kind, received_at, sha256 in found
    )


def prediction_traces(
    session: Session, *, challenge_id: str, submission_ids: Collection[str] | None = None
) -> tuple[PredictionTrace, ...]:
    """Return the traces of a challenge's scored submissions, in order of receipt.

    Args:
        session: Open.
        challenge_id: Whose.
        submission_ids: Only these, at most 30,000 of them; None = every one.

    """
    row, kept = models.Submission, trace_models.PredictionTrace
    wanted = (
        sqlalchemy.select(
            col(row.id),
            col(row.team_id),
            col(row.kind),
            col(row.received_at),
            col(kept.sketch),
            col(kept.sample),
            col(kept.canonical_sha256),
        )
        .join(kept, col(kept.submission_id) == col(row.id))
        .where(col(row.challenge_id) == challenge_id)
        .order_by(col(row.received_at))
    )
    if submission_ids is not None:
        wanted = wanted.where(col(row.id).in_(submission_ids))
    return tuple(
        PredictionTrace(
            submission_id=submission_id,
            team_id=team_id or "",
            kind=SubmissionKind(kind),
            received_at=received_at,
            sketch=np.frombuffer(sketch, dtype=STORED),
            sample=np.frombuffer(sample, dtype=STORED),
            canonical_sha256=sha256,
        )
        for submission_id, team_id, kind, received_at, sketch, sample, sha256 in session.execute(
            wanted
        )
    )


def sums_of(
    session: Session,
    table: type[trace_models.SumColumns],
    *,
    submission_ids: Collection[str],
    key_version: int,
    metric_version: int,
) -> dict[str, Floats]:
    """Return the sums of these submissions under one version, by id; some may have none."""
    found: dict[str, Floats] = {}
    for ids in db.in_parts(submission_ids):
        rows = session.execute(
            sqlalchemy.select(col(table.submission_id), col(table.sums)).where(
                col(table.submission_id).in_(ids),
                col(table.key_version) == key_version,
                col(table.metric_version) == metric_version,
            )
        )
        found |= {each: np.frombuffer(sums, dtype=STORED) for each, sums in rows}
    return found
