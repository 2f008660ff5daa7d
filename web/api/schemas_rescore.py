"""Shapes of rescore sets: what counts now, what is made in shadow, what it would change."""

from datetime import datetime

from pydantic import Field

from palio.leaderboard.contracts import Board
from palio.leaderboard.rescore_contracts import BoardChange
from palio.pipeline.rescoring import RescoreView as Found
from palio.scoring.card import MetricChoice
from palio.submissions.version_contracts import Progress, ScoreVersion, Switch, VersionState
from palio.web.api.schemas import ID, NOW, Order, View, example

VERSION = {
    "ordinal": 2,
    "key_version": 2,
    "metric_version": 1,
    "state": "shadow",
    "metrics": [{"name": "rmse", "digits": 4, "parameters": {}}],
    "what": "corrected answer key",
    "reason": "Two answers had been mixed up.",
    "made_at": NOW,
    "applied_at": None,
    "is_undo": False,
}
ROW = {
    "team_id": ID,
    "name": "ada",
    "rank_before": 1,
    "rank_after": 2,
    "score_before": "0.8712",
    "score_after": "0.8699",
}
BOARD = {
    "board": "public",
    "rows": [ROW],
    "unchanged": 11,
    "entering": ["bob"],
    "leaving": ["ada"],
}
SWITCH = {
    "from_ordinal": 1,
    "to_ordinal": 2,
    "what": "corrected answer key",
    "reason": "Two answers had been mixed up.",
    "at": NOW,
}


class VersionMetricView(View):
    """One metric of a version."""

    name: str
    digits: int
    parameters: dict[str, float | int | str]


class VersionView(View):
    """What scores of one version are made by; `ordinal` 1 is as launched."""

    ordinal: int
    key_version: int
    metric_version: int
    state: VersionState
    metrics: tuple[VersionMetricView, ...]
    what: str
    reason: str
    made_at: datetime
    applied_at: datetime | None
    is_undo: bool


class ProgressView(View):
    """How far a rescore set is; `given_up` failed too often by our fault."""

    total: int
    missing: int
    scored: int
    without_score: int
    faults: int
    first_fault: str
    given_up: int


class RowChangeView(View):
    """One row that changes; null = without a rank, or not on the board."""

    team_id: str
    name: str
    rank_before: int | None
    rank_after: int | None
    score_before: str | None
    score_after: str | None


class BoardChangeView(View):
    """What changes on one board, and who comes to a prize place or off one."""

    board: Board
    rows: tuple[RowChangeView, ...]
    unchanged: int
    entering: tuple[str, ...]
    leaving: tuple[str, ...]


class SwitchView(View):
    """One time that other scores began to count."""

    from_ordinal: int
    to_ordinal: int
    what: str
    reason: str
    at: datetime


class SwitchesView(View):
    """Every time that other scores began to count, oldest first."""

    model_config = example({"items": [SWITCH]})

    items: tuple[SwitchView, ...]


class RescoreView(View):
    """Where rescoring stands; a deed that is sent with its `seen` is about this, or refused.

    `private` comes with the reveal; before it only how many private scores change is told.
    """

    model_config = example(
        {
            "active": VERSION | {"ordinal": 1, "key_version": 1, "state": "active"},
            "open": VERSION,
            "progress": {
                "total": 31,
                "missing": 0,
                "scored": 31,
                "without_score": 0,
                "faults": 0,
                "first_fault": "",
                "given_up": 0,
            },
            "public": BOARD,
            "private": None,
            "private_changed": 31,
            "switches": [],
            "seen": "1-2",
        }
    )

    active: VersionView
    open: VersionView | None
    progress: ProgressView | None
    public: BoardChangeView | None
    private: BoardChangeView | None
    private_changed: int | None
    switches: tuple[SwitchView, ...]
    seen: str


class MetricOrder(Order):
    """Digits and parameters of one metric, complete."""

    name: str = Field(max_length=200)
    digits: int = Field(ge=0, le=15)
    parameters: dict[str, float | int | str] = Field(default={}, max_length=50)

    def choice(self) -> MetricChoice:
        """Return it as the plan has it."""
        return MetricChoice(self.name, tuple(sorted(self.parameters.items())), self.digits)


class MetricsOrder(Order):
    """The same metrics as now, in the same order, with other digits or parameters."""

    model_config = example(
        {
            "reason": "Four decimals tie too many.",
            "metrics": [{"name": "rmse", "digits": 5, "parameters": {}}],
        }
    )

    reason: str = Field(max_length=2000)
    metrics: tuple[MetricOrder, ...] = Field(max_length=50)


class ReasonOrder(Order):
    """Why; participants will read it."""

    model_config = example({"reason": "The first answers were right after all."})

    reason: str = Field(max_length=2000)


def rescore_view(found: Found) -> RescoreView:
    """Show where rescoring stands."""
    preview = found.preview
    return RescoreView(
        active=_version(found.active),
        open=None if found.open_set is None else _version(found.open_set),
        progress=None if found.progress is None else _progress(found.progress, found.given_up),
        public=None if preview is None else _board(preview.public),
        private=None if preview is None or preview.private is None else _board(preview.private),
        private_changed=None if preview is None else preview.private_changed,
        switches=tuple(map(switch_view, found.switches)),
        seen=found.seen,
    )


def switch_view(switch: Switch) -> SwitchView:
    """Show one switch."""
    return SwitchView.model_validate(switch)


def _version(version: ScoreVersion) -> VersionView:
    return VersionView(
        ordinal=version.ordinal,
        key_version=version.pair.key_version,
        metric_version=version.pair.metric_version,
        state=version.state,
        metrics=tuple(
            VersionMetricView(
                name=choice.name, digits=choice.digits, parameters=dict(choice.parameters)
            )
            for choice in version.metrics
        ),
        what=version.what,
        reason=version.reason,
        made_at=version.made_at,
        applied_at=version.applied_at,
        is_undo=version.is_undo,
    )


def _progress(progress: Progress, given_up: int) -> ProgressView:
    return ProgressView(
        total=progress.total,
        missing=progress.missing,
        scored=progress.scored,
        without_score=progress.without_score,
        faults=progress.faults,
        first_fault=progress.first_fault,
        given_up=given_up,
    )


def _board(change: BoardChange) -> BoardChangeView:
    return BoardChangeView(
        board=change.board,
        rows=tuple(
            RowChangeView(
                team_id=row.team_id,
                name=row.name,
                rank_before=row.rank_before,
                rank_after=row.rank_after,
                score_before=None if row.score_before is None else str(row.score_before),
                score_after=None if row.score_after is None else str(row.score_after),
            )
            for row in change.rows
        ),
        unchanged=change.unchanged,
        entering=change.entering,
        leaving=change.leaving,
    )
