"""Writes what scoring gave: scores of both parts and the trace, under one pair of versions."""

from collections.abc import Sequence

from sqlmodel import Session

from palio.scoring.card import Score, ScoreCard
from palio.scoring.traces import Trace
from palio.submissions import models, trace_models
from palio.submissions.private_models import PrivateScore, PrivateTrace
from palio.submissions.traces import STORED, Floats


def add(
    session: Session,
    *,
    submission_id: str,
    card: ScoreCard,
    key_version: int,
    metric_version: int,
) -> None:
    """Keep a score card; the caller makes sure that this version of it is not there yet."""

    def rows(
        table: type[models.ScoreColumns], scores: Sequence[Score]
    ) -> list[models.ScoreColumns]:
        return [
            table(
                submission_id=submission_id,
                metric=score.metric,
                key_version=key_version,
                metric_version=metric_version,
                position=position,
                exact=score.exact,
                rounded=str(score.rounded),
            )
            for position, score in enumerate(scores)
        ]

    session.add_all(rows(models.PublicScore, card.public) + rows(PrivateScore, card.private))
    if card.trace is not None:
        _add_trace(session, submission_id, card.trace, (key_version, metric_version))
    session.flush()


def _add_trace(
    session: Session, submission_id: str, trace: Trace, versions: tuple[int, int]
) -> None:
    def row(table: type[trace_models.SumColumns], sums: Floats) -> trace_models.SumColumns:
        return table(
            submission_id=submission_id,
            key_version=versions[0],
            metric_version=versions[1],
            sums=_stored(sums),
        )

    if trace.public_sums is not None:
        session.add(row(trace_models.PublicTrace, trace.public_sums))
    if trace.private_sums is not None:
        session.add(row(PrivateTrace, trace.private_sums))
    if session.get(trace_models.PredictionTrace, submission_id) is None:
        session.add(
            trace_models.PredictionTrace(
                submission_id=submission_id,
                sketch=_stored(trace.sketch),
                sample=_stored(trace.sample),
                canonical_sha256=trace.canonical_sha256,
            )
        )


def _stored(values: Floats) -> bytes:
    return values.astype(STORED).tobytes()
