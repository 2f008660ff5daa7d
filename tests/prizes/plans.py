"""A plan for pure rules of prizes, in a line."""

from dataclasses import replace

from palio.challenges.contracts import ChallengePlan, EntryRule, TeamRules
from palio.challenges.prize_contracts import Gate, TieRule, VerificationPlan
from palio.scoring.card import MetricChoice
from palio.scoring.form import IdKind, PredictionForm

_PLAN = ChallengePlan(
    slug="ratings",
    title="Ratings",
    tagline="",
    organizer="Us",
    tags=(),
    data_licence="CC0",
    metrics=(MetricChoice(name="rmse", digits=4),),
    form=PredictionForm(id_column="id", id_kind=IdKind.INTEGER, targets=()),
    truth=(),
    public_share=None,
    split_seed=None,
    phases=(),
    teams=TeamRules(max_members=5, entry_deadline=None, merge_deadline=None),
    entry_rule=EntryRule.BEST_PUBLIC,
    finals=2,
    tie_rule=TieRule.EARLIER,
    prizes=(),
    reveal_at=None,
)


def plan_with(*, gates: tuple[Gate, ...], hold_days: int = 0) -> ChallengePlan:
    """A plan whose winners pass these gates."""
    return replace(_PLAN, verification=VerificationPlan(gates=gates, hold_days=hold_days))
