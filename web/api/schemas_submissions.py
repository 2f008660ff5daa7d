"""Shapes of submissions as their team sees them. There is no field for a private score."""

from datetime import date, datetime
from typing import Literal

from palio.accounts.contracts import Team
from palio.challenges.contracts import Delivery, Quota
from palio.pipeline.contracts import QueueStatus
from palio.submissions.contracts import (
    ModelRuns,
    QuotaCause,
    QuotaStatus,
    Receipt,
    Submission,
    SubmissionKind,
    SubmissionState,
)
from palio.web.api.schemas import FINDING, ID, NOW, SHA256, FindingView, Order, View, example
from palio.web.api.schemas_receipts import RECEIPT, ReceiptFileView
from palio.web.api.schemas_runs import RunsView, runs_view
from palio.web.api.stages import StageView, stages_of

SCORE = {"metric": "rmse", "score": "0.8972"}
SUBMISSION = {
    "id": ID,
    "state": "scored",
    "status": "Scored.",
    "queue": None,
    "reason": "",
    "findings": [],
    "public_scores": [SCORE],
    "received_at": NOW,
    "ended_at": "2026-12-01T12:00:01Z",
    "file_name": "blend.csv",
    "sha256": SHA256,
    "bytes": 1_048_576,
    "note": "blend of two",
    "is_chosen": False,
    "withdrawn_at": None,
    "withdrawn_words": "",
    "kind": "competitor",
    "label": "",
    "team": {"id": ID, "name": "Pragmatic Chaos"},
    "delivery": "predictions",
    "stages": [
        {"name": "received", "state": "done", "words": "", "at": NOW},
        {"name": "scoring", "state": "done", "words": "", "at": "2026-12-01T12:00:01Z"},
    ],
    "runs": None,
}


class ReceiptView(View):
    """Proof that a file arrived: its digest and the database's time at the end of the upload."""

    model_config = example(
        {
            "submission_id": ID,
            "file_name": "blend.csv",
            "sha256": SHA256,
            "bytes": 1_048_576,
            "received_at": NOW,
            "is_new": True,
            "delivery": "predictions",
            "receipt_json": RECEIPT,
        }
    )

    submission_id: str
    file_name: str
    sha256: str
    bytes: int
    received_at: datetime
    is_new: bool
    delivery: Delivery
    receipt_json: ReceiptFileView


class CheckView(View):
    """What the server says of a prediction file; it never depends on the answers."""

    model_config = example({"verdict": "refused", "rows": None, "findings": [FINDING]})

    verdict: Literal["accepted", "refused"]
    rows: int | None
    findings: tuple[FindingView, ...]


class ScoreView(View):
    """One metric on the public part: the rounded decimal that ranks."""

    metric: str
    score: str


class TypicalView(View):
    """How long recent submissions waited and ran, in seconds: median and 90th percentile."""

    wait_p50: float | None
    wait_p90: float | None
    run_p50: float | None
    run_p90: float | None


class QueueView(View):
    """Where a submission stands in the queue; null when it has ended."""

    position: int | None
    running_seconds: float | None
    workers_alive: int
    typical: TypicalView


class TeamNameView(View):
    """Whose submission it is."""

    id: str
    name: str


class SubmissionView(View):
    """A submission; `status` always says in words where it stands or why it ended.

    `stages` are the steps of its way, empty in lists; `runs` are those of code or an image, null
    for predictions and in lists.
    """

    model_config = example(SUBMISSION)

    id: str
    state: SubmissionState
    status: str
    queue: QueueView | None
    reason: str
    findings: tuple[FindingView, ...]
    public_scores: tuple[ScoreView, ...]
    received_at: datetime
    ended_at: datetime | None
    file_name: str
    sha256: str
    bytes: int
    note: str
    is_chosen: bool
    withdrawn_at: datetime | None
    withdrawn_words: str
    kind: SubmissionKind
    label: str
    team: TeamNameView
    delivery: Delivery
    stages: tuple[StageView, ...]
    runs: RunsView | None


class SubmissionsView(View):
    """One page of submissions, newest first."""

    model_config = example({"items": [SUBMISSION], "next_cursor": None})

    items: tuple[SubmissionView, ...]
    next_cursor: str | None


class Choice(Order):
    """Whether the submission is one of the team's final entries."""

    model_config = example({"chosen": True})

    chosen: bool


class QuotaLineView(View):
    """One line of the ledger: +1 charged, -1 given back, -n granted by the host."""

    at: datetime
    day: date
    change: int
    cause: QuotaCause
    submission_id: str | None
    note: str


class QuotaView(View):
    """Tries left now; `remaining` null = no limit."""

    model_config = example(
        {
            "remaining": 4,
            "used_today": 1,
            "used_total": 7,
            "per_day": 5,
            "total": 100,
            "zone": "UTC",
            "next_try_at": None,
            "lines": [
                {
                    "at": NOW,
                    "day": "2026-12-01",
                    "change": 1,
                    "cause": "submitted",
                    "submission_id": ID,
                    "note": "",
                }
            ],
        }
    )

    remaining: int | None
    used_today: int
    used_total: int
    per_day: int | None
    total: int | None
    zone: str
    next_try_at: datetime | None
    lines: tuple[QuotaLineView, ...]


def submission_view(
    submission: Submission,
    *,
    team: Team | None,
    queue: QueueStatus | None,
    runs: ModelRuns | None = None,
    is_detail: bool = False,
) -> SubmissionView:
    """Show a submission; `queue` where it has not ended, `runs` of a model in detail."""
    ended = submission.reason
    if submission.state is SubmissionState.SCORED:
        ended = f"Scored. {submission.release_words}".rstrip()
    return SubmissionView(
        **SubmissionCore.model_validate(submission).model_dump(),
        status=queue.words if queue else ended,
        queue=QueueView.model_validate(queue) if queue else None,
        public_scores=tuple(
            ScoreView(metric=score.metric, score=str(score.rounded))
            for score in submission.public_scores
        ),
        team=TeamNameView(id=submission.team_id, name=team.name if team else submission.label),
        stages=stages_of(submission, runs=runs) if is_detail else (),
        runs=runs_view(runs) if runs else None,
    )


class SubmissionCore(View):
    """The members of `SubmissionView` that are taken over as they are."""

    id: str
    state: SubmissionState
    reason: str
    findings: tuple[FindingView, ...]
    received_at: datetime
    ended_at: datetime | None
    file_name: str
    sha256: str
    bytes: int
    note: str
    is_chosen: bool
    withdrawn_at: datetime | None
    withdrawn_words: str
    kind: SubmissionKind
    label: str
    delivery: Delivery


def receipt_view(receipt: Receipt, *, signed: ReceiptFileView) -> ReceiptView:
    """Show a receipt, with the signed one to keep."""
    return ReceiptView(**ReceiptCore.model_validate(receipt).model_dump(), receipt_json=signed)


class ReceiptCore(View):
    """The members of `ReceiptView` that are taken over as they are."""

    submission_id: str
    file_name: str
    sha256: str
    bytes: int
    received_at: datetime
    is_new: bool
    delivery: Delivery


def quota_view(status: QuotaStatus, *, quota: Quota) -> QuotaView:
    """Show the tries left beside the rule they follow from."""
    return QuotaView(
        remaining=status.remaining,
        used_today=status.used_today,
        used_total=status.used_total,
        per_day=quota.per_day,
        total=quota.total,
        zone=quota.zone,
        next_try_at=status.next_try_at,
        lines=tuple(QuotaLineView.model_validate(line) for line in status.lines),
    )
