"""What must hold between the prizes of a challenge.toml and the rest of it."""

from itertools import groupby

from palio.challenges.board_columns import ranking_column
from palio.challenges.board_contracts import RANK_KINDS, ColumnKind, Release
from palio.challenges.contracts import ChallengePlan
from palio.challenges.fields import Faults
from palio.challenges.prize_contracts import FIRST_TIMERS, Gate, PrizeKind, PrizePlan, TieRule
from palio.challenges.toml_lines import KeyPath


def check_prizes(plan: ChallengePlan, faults: Faults) -> None:
    """Note every prize that cannot be given as it is declared."""
    _check_ranks(plan, faults)
    has_columns = faults.is_sound(("metrics",), ("metric",), ("board",))
    for place, prize in enumerate(plan.prizes):
        path: KeyPath = ("prizes", place)
        if not faults.is_sound(path):
            continue
        if prize.improvement is not None and has_columns:
            _check_percent(plan, path, faults)
        if prize.kind is PrizeKind.THRESHOLD:
            _check_threshold(plan, prize, path, faults)
        elif prize.kind is PrizeKind.PROGRESS:
            _check_dates(plan, prize, path, faults)
        elif prize.kind is PrizeKind.DIVISION:
            _check_division(plan, prize, path, faults)
    _check_ties(plan, faults)
    if plan.tie_rule is TieRule.SECONDARY and has_columns:
        _check_secondary(plan, faults)
    _check_divisions(plan, faults)
    _check_code_gate(plan, faults)


def _check_ranks(plan: ChallengePlan, faults: Faults) -> None:
    ranked = [
        (place, prize)
        for place, prize in enumerate(plan.prizes)
        if prize.kind in (PrizeKind.RANK, PrizeKind.DIVISION)
    ]
    ranked.sort(key=lambda item: item[1].division)
    for _, group in groupby(ranked, key=lambda item: item[1].division):
        for wanted, (place, prize) in enumerate(group, start=1):
            path: KeyPath = ("prizes", place, "rank")
            if faults.is_sound(path) and prize.rank != wanted:
                text = f"The prizes must have the ranks 1, 2, 3 … in order; {wanted} comes here."
                faults.add("prize:rank", path, text)


def _check_percent(plan: ChallengePlan, path: KeyPath, faults: Faults) -> None:
    column = ranking_column(plan)
    if column.kind in RANK_KINDS:
        text = f"The board is ranked by {column.title}, of which nothing is a percentage."
        hint = "Rank by a metric, a sum or a weighted mean, or give the prize for a rank."
        faults.add("prize:ranks", (*path, "improvement"), text, hint=hint)


def _check_threshold(plan: ChallengePlan, prize: PrizePlan, path: KeyPath, faults: Faults) -> None:
    if prize.last_call_days is None:
        return
    if plan.board.release.kind is Release.HIDDEN:
        text = "A last call begins when a public score reaches the line; these are hidden."
        faults.add("prize:last_call", (*path, "last_call_days"), text)


def _check_dates(plan: ChallengePlan, prize: PrizePlan, path: KeyPath, faults: Faults) -> None:
    if not prize.dates:
        hint = "For example dates = [2027-10-02T00:00:00Z, 2028-10-02T00:00:00Z]"
        faults.add("key:missing", (*path, "dates"), "A progress prize needs `dates`.", hint=hint)
    if not plan.phases or not faults.is_sound(("phases",)):
        return
    opens_at, closes_at = plan.phases[0].opens_at, plan.phases[-1].closes_at
    if any(not opens_at < date <= closes_at for date in prize.dates):
        text = "The dates of a progress prize lie between the first opening and the last close."
        faults.add("time:order", (*path, "dates"), text)


def _check_division(plan: ChallengePlan, prize: PrizePlan, path: KeyPath, faults: Faults) -> None:
    known = (*plan.divisions, FIRST_TIMERS)
    if prize.division not in known:
        text = f'There is no division "{prize.division}".'
        hint = f'Name it in divisions = […]; "{FIRST_TIMERS}" is always there.'
        faults.add("prize:division", (*path, "division"), text, hint=hint)


def _check_ties(plan: ChallengePlan, faults: Faults) -> None:
    if not faults.is_sound(("prizes",)):
        return
    ranked = [prize for prize in plan.prizes if prize.kind is not PrizeKind.PROGRESS]
    currencies = {prize.money.currency for prize in ranked}
    if plan.tie_rule is not TieRule.SHARED:
        return
    if len(currencies) > 1:
        text = "Shared ties pool the prizes of several ranks, so all need one currency."
        faults.add("prize:currency", ("entries", "ties"), text)
    if _has_larger_lower_prize(ranked):
        text = (
            "Shared ties pool the prizes of several ranks, so no rank may have more than a better."
        )
        faults.add("prize:order", ("entries", "ties"), text)


def _check_secondary(plan: ChallengePlan, faults: Faults) -> None:
    path: KeyPath = ("entries", "ties")
    if len(plan.board.order) < 2:  # noqa: PLR2004 (the second one decides)
        text = "The board has no second column that could decide among the statistically tied."
        hint = 'Name both under [board]: order = ["rmse", "mae"]'
        faults.add("prize:ties", path, text, hint=hint)
        return
    column = ranking_column(plan)
    is_first = column.kind is ColumnKind.METRIC and column.of == (plan.metrics[0].name,)
    if plan.own_metric is not None or not is_first:
        text = (
            "Who is statistically tied is worked out only where the first of [[metrics]] ranks the"
            " board and is none of your own."
        )
        hint = 'Rank by it, or ties = "earlier" or "shared".'
        faults.add("prize:ties", path, text, hint=hint)


def _has_larger_lower_prize(prizes: list[PrizePlan]) -> bool:
    """Tell whether a place has a larger prize than a better one of the same ranking."""
    return any(
        before.division == after.division
        and before.kind is after.kind
        and before.rank < after.rank
        and before.money.minor < after.money.minor
        for before in prizes
        for after in prizes
    )


def _check_divisions(plan: ChallengePlan, faults: Faults) -> None:
    if FIRST_TIMERS in plan.divisions:
        text = f'The division "{FIRST_TIMERS}" is always there and found by itself.'
        faults.add("prize:division", ("divisions",), text, hint="Remove it from the list.")


def _check_code_gate(plan: ChallengePlan, faults: Faults) -> None:
    if Gate.CODE in plan.verification.gates and plan.models is None:
        faults.warn(
            "verification:code",
            ("verification", "gates"),
            "Winners' code is to be run again, and without [models] only you can do that.",
            hint="Add [models], or run it yourself and record the result.",
        )
