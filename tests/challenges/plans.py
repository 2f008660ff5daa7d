"""A sound plan to start from; tests change what they are about."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from palio.challenges.contracts import ChallengePlan, EntryRule, PhasePlan, Quota, TeamRules
from palio.challenges.prize_contracts import PrizePlan, TieRule
from palio.core.money import Money
from palio.scoring.card import MetricChoice
from palio.scoring.form import IdKind, PredictionForm, TargetColumn

OPENS = datetime(2026, 11, 22, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=30)
RATING = TargetColumn(name="rating", minimum=0.5, maximum=5.0)
QUOTA = Quota(per_day=5, total=100, zone="UTC")

PLAN = ChallengePlan(
    slug="netflix-mini",
    title="Ratings",
    tagline="",
    organizer="Us",
    tags=("ratings",),
    data_licence="CC0",
    metrics=(MetricChoice(name="rmse", digits=4),),
    form=PredictionForm(id_column="id", id_kind=IdKind.INTEGER, targets=(RATING,)),
    truth=(RATING,),
    public_share=0.5,
    split_seed=42,
    phases=(PhasePlan(name="main", opens_at=OPENS, closes_at=CLOSES, quota=QUOTA),),
    teams=TeamRules(max_members=5, entry_deadline=None, merge_deadline=None),
    entry_rule=EntryRule.BEST_PUBLIC,
    finals=2,
    tie_rule=TieRule.EARLIER,
    prizes=(PrizePlan(rank=1, title="First", money=Money(minor=100_000, currency="EUR")),),
    reveal_at=None,
)

TWO_PHASES = replace(
    PLAN,
    phases=(
        PhasePlan("practice", OPENS, OPENS + timedelta(days=10), QUOTA),
        PhasePlan("final", OPENS + timedelta(days=12), CLOSES, QUOTA),
    ),
)
