"""Compares a winner's entry with what its code gave when it was run again.

Private scores stay in here: what is told is how far apart the two lie, and that only after the
reveal; before it, whether it is near enough.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.datasets import queries as datasets
from palio.scoring import registry
from palio.scoring.duplicates import partial_correlation
from palio.scoring.traces import standard_error
from palio.submissions import private, traces, versions
from palio.submissions.contracts import ScoredEntry, SubmissionKind

AGREEMENT = 0.99  # integrity.md §4.6
_ERRORS = 2


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two results side by side.

    Attributes:
        difference: Of the private scores, rounded as the board rounds, without sign.
        allowed: The larger of the tolerance and two standard errors of the difference.
        agreement: Partial correlation of the predictions without what everybody predicts alike
            (other teams on average, baselines); 1 for equal predictions.

    """

    difference: float
    allowed: float
    agreement: float

    @property
    def has_passed(self) -> bool:
        """Whether the code reproduces the entry."""
        return self.difference <= self.allowed and self.agreement >= AGREEMENT


def compare(
    session: Session, *, challenge: Challenge, entry_id: str, rerun_id: str
) -> Comparison | None:
    """Compare a rerun with the entry it is to reproduce; None where one of them has no score.

    The standard error is that of the paired difference from the private bucket sums, carried over
    to the metric's scale at the entry's score; zero where the metric has no sums.
    """
    entries = private.private_scored_entries(session, challenge_id=challenge.id, with_reruns=True)
    by_id = {entry.submission_id: entry for entry in entries}
    entry, rerun = by_id.get(entry_id), by_id.get(rerun_id)
    if entry is None or rerun is None:
        return None
    spread = _ERRORS * _error(session, challenge, entry, rerun)
    return Comparison(
        difference=float(abs(entry.rounded - rerun.rounded)),
        allowed=max(float(challenge.plan.verification.tolerance), spread),
        agreement=_agreement(session, challenge, entry_id=entry_id, rerun_id=rerun_id),
    )


def _error(session: Session, challenge: Challenge, entry: ScoredEntry, rerun: ScoredEntry) -> float:
    pair = versions.active_pair(session, challenge_id=challenge.id)
    key = datasets.answer_key(session, challenge_id=challenge.id, version=pair.key_version)
    found = private.private_traces(
        session,
        submission_ids=(entry.submission_id, rerun.submission_id),
        key_version=pair.key_version,
        metric_version=pair.metric_version,
    )
    if key is None or len(found) < 2 or challenge.plan.own_metric is not None:  # noqa: PLR2004 (a pair)
        return 0.0
    first = found[entry.submission_id].astype(float)
    second = found[rerun.submission_id].astype(float)
    error = standard_error(first - second, rows=key.private_rows)
    mean = float(first.sum()) / key.private_rows
    finish = registry.find(challenge.plan.metrics[0].name).finish
    slope = finish(mean + error) - finish(max(mean - error, 0.0) if mean >= 0 else mean - error)
    return abs(slope) / 2 if math.isfinite(slope) else 0.0


def _agreement(session: Session, challenge: Challenge, *, entry_id: str, rerun_id: str) -> float:
    kept = traces.prediction_traces(session, challenge_id=challenge.id)
    by_id = {trace.submission_id: trace for trace in kept}
    first, second = by_id.get(entry_id), by_id.get(rerun_id)
    if first is None or second is None:
        return 0.0
    if first.canonical_sha256 == second.canonical_sha256:
        return 1.0
    others = [
        trace.sketch.astype(float)
        for trace in kept
        if trace.kind is SubmissionKind.COMPETITOR and trace.team_id != first.team_id
    ]
    known = [trace.sketch.astype(float) for trace in kept if trace.kind is SubmissionKind.BASELINE]
    if others:
        known.append(np.mean(others, axis=0))
    nuisances: NDArray[np.float64] = np.array(known or [np.zeros(first.sketch.shape)], dtype=float)
    return partial_correlation(
        first.sketch.astype(float), second.sketch.astype(float), nuisances=nuisances
    )
