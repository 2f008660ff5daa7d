"""Shapes of challenges, their rules and their data. The seed of the split is never among them."""

from datetime import datetime
from typing import Any

from pydantic import Field, field_validator

from palio.challenges.contracts import (
    Challenge,
    ChallengePlan,
    ChallengeState,
    Delivery,
    EntryRule,
    ScheduleChange,
)
from palio.challenges.prize_contracts import TieRule
from palio.challenges.rules import closes_at, direction, team_rules
from palio.core.money import Money
from palio.pipeline.contracts import Offer
from palio.scoring.direction import Direction
from palio.scoring.form import FileFormat, IdKind, TargetKind
from palio.submissions.contracts import UploadLimits
from palio.web.api.schemas import MONEY, NOW, SHA256, MoneyView, Order, View, example, money_view
from palio.web.api.schemas_models import (
    MODELS,
    OFFERS,
    RUNTIME,
    ModelRulesView,
    OfferView,
    OwnMetricView,
    RuntimeView,
    models_view,
    own_metric_view,
    runtime_view,
)
from palio.web.api.schemas_prizes import PRIZE, PrizeView, prize_view
from palio.web.markdown import to_html

METRIC = {"name": "rmse", "direction": "lower_is_better", "digits": 4, "parameters": {}}
ITEM = {
    "slug": "netflix-mini",
    "title": "Netflix Prize, small",
    "tagline": "Predict how people rate films.",
    "state": "open",
    "organizer": "Palio",
    "tags": ["ratings"],
    "opens_at": "2026-11-22T00:00:00Z",
    "closes_at": "2026-12-22T00:00:00Z",
    "metric": METRIC,
    "prize_total": [MONEY],
    "teams": 12,
}
PHASE = {
    "name": "main",
    "opens_at": "2026-11-22T00:00:00Z",
    "closes_at": "2026-12-22T00:00:00Z",
    "quota": {"per_day": 5, "total": 100, "zone": "UTC"},
}
DETAIL: dict[str, Any] = {
    **{key: value for key, value in ITEM.items() if key != "metric"},
    "data_licence": "CC0-1.0",
    "metrics": [METRIC],
    "form": {
        "id_column": "id",
        "id_kind": "integer",
        "formats": ["csv", "csv.gz"],
        "max_bytes": 104_857_600,
        "targets": [
            {"name": "rating", "kind": "real", "minimum": 0.5, "maximum": 5.0, "labels": []}
        ],
    },
    "phases": [PHASE],
    "team_rules": {"max_members": 5, "entry_deadline": None, "merge_deadline": None},
    "entry_rule": "best_public",
    "finals": 2,
    "tie_rule": "earlier",
    "prizes": [PRIZE],
    "reveal_at": None,
    "revealed_at": None,
    "published_at": "2026-11-21T00:00:00Z",
    "now": NOW,
    "description": "# Predict ratings",
    "description_html": "<h1>Predict ratings</h1>",
    "rules_sha256": SHA256,
    "accepted_rules": True,
    "schedule_changes": [],
    "limits": {"upload_max_bytes": 104_857_600},
    "deliveries": ["predictions", "code", "image"],
    "offers": OFFERS,
    "models": MODELS,
    "runtime": RUNTIME,
    "own_metric": None,
}
FILE = {
    "path": "train.csv",
    "bytes": 1_843_200,
    "sha256": SHA256,
    "media_type": "text/csv",
    "version": 1,
}


class MetricView(View):
    """A metric with its parameters; the first of a challenge ranks."""

    name: str
    direction: Direction
    digits: int
    parameters: dict[str, float | int | str]


class ChallengeItem(View):
    """A challenge in a list."""

    model_config = example(ITEM)

    slug: str
    title: str
    tagline: str
    state: ChallengeState
    organizer: str
    tags: tuple[str, ...]
    opens_at: datetime
    closes_at: datetime
    metric: MetricView
    prize_total: tuple[MoneyView, ...]
    teams: int


class ChallengesView(View):
    """One page of challenges, newest first."""

    model_config = example({"items": [ITEM], "next_cursor": None})

    items: tuple[ChallengeItem, ...]
    next_cursor: str | None


class QuotaRuleView(View):
    """How often a team may submit; null = no limit of that kind."""

    per_day: int | None
    total: int | None
    zone: str


class PhaseView(View):
    """A phase in force; received before `closes_at` is in time."""

    name: str
    opens_at: datetime
    closes_at: datetime
    quota: QuotaRuleView


class TargetView(View):
    """One predicted column."""

    name: str
    kind: TargetKind
    minimum: float | None
    maximum: float | None
    labels: tuple[str, ...]


class FormView(View):
    """What a prediction file has to look like."""

    id_column: str
    id_kind: IdKind
    formats: tuple[FileFormat, ...]
    max_bytes: int
    targets: tuple[TargetView, ...]


class TeamRulesView(View):
    """Team size and the last moments to join and to change teams; null = the close."""

    max_members: int
    entry_deadline: datetime | None
    merge_deadline: datetime | None


class ScheduleChangeView(View):
    """One public extension of a phase."""

    phase: str
    closes_at_before: datetime
    closes_at_after: datetime
    reason: str
    at: datetime


class LimitsView(View):
    """What the server takes, whatever the challenge says."""

    upload_max_bytes: int


class ChallengeView(View):
    """Everything public about a challenge."""

    model_config = example(DETAIL)

    slug: str
    title: str
    tagline: str
    state: ChallengeState
    organizer: str
    tags: tuple[str, ...]
    opens_at: datetime
    closes_at: datetime
    prize_total: tuple[MoneyView, ...]
    teams: int
    data_licence: str
    metrics: tuple[MetricView, ...]
    form: FormView
    phases: tuple[PhaseView, ...]
    team_rules: TeamRulesView
    entry_rule: EntryRule
    finals: int
    tie_rule: TieRule
    prizes: tuple[PrizeView, ...]
    reveal_at: datetime | None
    revealed_at: datetime | None
    published_at: datetime
    now: datetime
    description: str
    description_html: str
    rules_sha256: str
    accepted_rules: bool
    schedule_changes: tuple[ScheduleChangeView, ...]
    limits: LimitsView
    deliveries: tuple[Delivery, ...]
    offers: tuple[OfferView, ...]
    models: ModelRulesView | None
    runtime: RuntimeView | None
    own_metric: OwnMetricView | None


class RulesView(View):
    """The rules in force, as Markdown, and the digest that an acceptance names."""

    model_config = example({"sha256": SHA256, "markdown": "# Rules\n\n1. Play fair."})

    sha256: str
    markdown: str


class RulesAcceptance(Order):
    """Acceptance of exactly the text with this digest."""

    model_config = example({"sha256": SHA256})

    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class FileView(View):
    """A file to download."""

    model_config = example(FILE)

    path: str
    bytes: int
    sha256: str
    media_type: str
    version: int


class FilesView(View):
    """The latest version of a challenge's data."""

    model_config = example({"items": [FILE]})

    items: tuple[FileView, ...]


class ExtensionOrder(Order):
    """Move the close of a phase to a later time; the reason is public."""

    model_config = example(
        {"closes_at": "2026-12-24T00:00:00Z", "reason": "The data page was down for a day."}
    )

    closes_at: datetime
    reason: str = Field(min_length=1, max_length=1000)

    @field_validator("closes_at")
    @classmethod
    def _in_this_age(cls, value: datetime) -> datetime:
        if not 1970 <= value.year <= 2999:  # noqa: PLR2004 (as in challenge.toml; zones have room)
            raise ValueError("must lie between the years 1970 and 2999")
        return value


def challenge_item(challenge: Challenge, *, teams: int) -> ChallengeItem:
    """Show a challenge in a list."""
    plan = challenge.plan
    return ChallengeItem(
        slug=challenge.slug,
        title=plan.title,
        tagline=plan.tagline,
        state=challenge.state,
        organizer=plan.organizer,
        tags=plan.tags,
        opens_at=challenge.phases[0].opens_at,
        closes_at=closes_at(challenge),
        metric=metric_view(plan),
        prize_total=prize_total(challenge),
        teams=teams,
    )


def challenge_view(
    challenge: Challenge,
    *,
    teams: int,
    now: datetime,
    description: str,
    has_accepted: bool,
    changes: tuple[ScheduleChange, ...],
    uploads: UploadLimits,
    offers: tuple[Offer, ...],
) -> ChallengeView:
    """Show everything public about a challenge."""
    plan = challenge.plan
    form = FormView.model_validate(plan.form)
    return ChallengeView(
        **challenge_item(challenge, teams=teams).model_dump(exclude={"metric"}),
        data_licence=plan.data_licence,
        metrics=tuple(metric_view(plan, place=place) for place in range(len(plan.metrics))),
        form=form,
        phases=tuple(PhaseView.model_validate(phase) for phase in challenge.phases),
        team_rules=TeamRulesView.model_validate(team_rules(challenge)),
        entry_rule=plan.entry_rule,
        finals=plan.finals,
        tie_rule=plan.tie_rule,
        prizes=tuple(prize_view(prize) for prize in plan.prizes),
        reveal_at=plan.reveal_at,
        revealed_at=challenge.revealed_at,
        published_at=challenge.published_at,
        now=now,
        description=description,
        description_html=to_html(description),
        rules_sha256=challenge.rules_sha256,
        accepted_rules=has_accepted,
        schedule_changes=tuple(ScheduleChangeView.model_validate(change) for change in changes),
        limits=LimitsView(upload_max_bytes=min(uploads.file_max_bytes, form.max_bytes)),
        deliveries=plan.deliveries,
        offers=tuple(OfferView.model_validate(offer) for offer in offers),
        models=models_view(plan, limits=uploads),
        runtime=runtime_view(plan),
        own_metric=own_metric_view(plan),
    )


def metric_view(plan: ChallengePlan, *, place: int = 0) -> MetricView:
    """Show a metric; the first one ranks."""
    metric = plan.metrics[place]
    return MetricView(
        name=metric.name,
        direction=direction(plan, place=place),
        digits=metric.digits,
        parameters=dict(metric.parameters),
    )


def prize_total(challenge: Challenge) -> tuple[MoneyView, ...]:
    """Add up the prizes, one sum for each currency."""
    sums: dict[str, int] = {}
    for prize in challenge.plan.prizes:
        money = prize.money
        sums[money.currency] = sums.get(money.currency, 0) + money.minor
    return tuple(money_view(Money(minor=sums[name], currency=name)) for name in sorted(sums))
