"""Reads what challenge.toml says of the release of public scores, and warns of what is doubtful."""

from decimal import Decimal

from palio.challenges.board_contracts import ColumnKind, Release, ReleaseRule
from palio.challenges.contracts import ChallengePlan
from palio.challenges.fields import Faults, Section
from palio.challenges.toml_lines import KeyPath
from palio.core.errors import Finding
from palio.scoring.registry import METRICS

SMALL = 20_000
"""Public rows below which a score must be told in steps to resist an attack (integrity.md §2.3)."""

STEP_CODE = "release:step"

_STEP_LEAST, _STEP_MOST = Decimal("1e-15"), Decimal("1e15")
_FREE_WORDS = (
    "The step of the free Ladder follows from the predictions: who flips few rows at a time is"
    " told nearly every bit."
)


def read_release(section: Section | None) -> ReleaseRule:
    """Read the table ``[board.release]``."""
    if section is None:
        return ReleaseRule()
    kind = section.choice("kind", Release, default=Release.ROUNDED, is_required=True)
    step = section.decimal("step", least=_STEP_LEAST, most=_STEP_MOST)
    if kind is Release.LADDER and step is None and section.is_sound("step", "kind"):
        text = "The Ladder needs its `step`, in units of the score."
        hint = "Twice to three times the standard error of one score; for example step = 0.02"
        section.fault("key:missing", "step", text, hint=hint)
    if kind is not Release.LADDER and step is not None and section.is_sound("kind"):
        text = f"`step` has no meaning for the kind {kind}."
        section.fault("value:unused", "step", text, hint='Remove it, or kind = "ladder".')
    section.close()
    return ReleaseRule(kind, step)


def check_release(plan: ChallengePlan, faults: Faults) -> None:
    """Note what does not fit together, and what is doubtful, in the release of a plan."""
    path: KeyPath = ("board", "release", "kind")
    rule = plan.board.release
    if not faults.is_sound(path) or rule.kind not in {Release.LADDER, Release.FREE_LADDER}:
        return
    if rule.kind is Release.FREE_LADDER:
        if not _is_mean(plan):
            text = "The free Ladder needs a metric that is a mean over rows (or its root)."
            faults.add("value:choice", path, text, hint='kind = "ladder" takes every metric.')
        faults.warn("release:free_ladder", path, _FREE_WORDS, hint='Prefer kind = "ladder".')
    if len(plan.metrics) > 1:
        text = "Before the reveal a Ladder tells the first metric alone, not the others."
        faults.warn("release:other_metrics", path, text)
    ranking = plan.metrics[0].name if plan.metrics else ""
    told = {ranking} if not plan.board.columns else _columns_of(plan, metric=ranking)
    first = plan.board.columns[0].name if plan.board.columns else ranking
    if not told.issuperset(plan.board.order or (first,)):
        text = "Under a Ladder the board can be ranked by the first metric alone."
        faults.add("value:choice", path, text, hint="Rank by it, or choose another release.")


def _columns_of(plan: ChallengePlan, *, metric: str) -> set[str]:
    return {
        column.name
        for column in plan.board.columns
        if column.kind is ColumnKind.METRIC and column.of == (metric,)
    }


def about_step(plan: ChallengePlan, *, error: float, rows: int) -> Finding | None:
    """Say when the step of the Ladder does not suit the data.

    Args:
        plan: A challenge's.
        error: Standard error of one public score of a baseline.
        rows: Public rows.

    """
    rule = plan.board.release
    if rule.kind is not Release.LADDER or rule.step is None or not error:
        return None
    low, high = 2 * error, 3 * error
    if rows < SMALL and rule.step < Decimal(low):
        return Finding(
            STEP_CODE,
            f"The step {rule.step} is less than 2 standard errors of a score, so that an attack"
            f" on the {rows:,} public rows gains from it.",
            hint=f"Take 2 to 3 standard errors: from {low:.2g} to {high:.2g}.",
        )
    if rule.step > Decimal(10 * error):
        return Finding(
            STEP_CODE,
            f"The step {rule.step} is more than 10 standard errors of a score: real progress"
            " will not show.",
            hint=f"Take 2 to 3 standard errors: from {low:.2g} to {high:.2g}.",
        )
    return None


def _is_mean(plan: ChallengePlan) -> bool:
    metric = METRICS.get(plan.metrics[0].name) if plan.metrics else None
    return plan.own_metric is None and metric is not None and metric.decomposes
