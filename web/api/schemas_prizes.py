"""Shape of a declared prize, as the challenge and the page of prizes show it."""

from datetime import datetime
from typing import Any

from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.web.api.schemas import MONEY, MoneyView, View, example, money_view

PRIZE: dict[str, Any] = {
    "rank": 1,
    "title": "First prize",
    "money": MONEY,
    "kind": "rank",
    "improvement": None,
    "last_call_days": None,
    "dates": [],
    "division": "",
}


class PrizeView(View):
    """A prize: for a final rank, a threshold, progress at dates, or a place in a division.

    `improvement` is in percent; `last_call_days` from the public score that reaches the line to
    the close.
    """

    model_config = example(PRIZE)

    rank: int
    title: str
    money: MoneyView
    kind: PrizeKind
    improvement: str | None
    last_call_days: int | None
    dates: tuple[datetime, ...]
    division: str


def prize_view(prize: PrizePlan) -> PrizeView:
    """Show one prize."""
    return PrizeView(
        rank=prize.rank,
        title=prize.title,
        money=money_view(prize.money),
        kind=prize.kind,
        improvement=None if prize.improvement is None else str(prize.improvement),
        last_call_days=prize.last_call_days,
        dates=prize.dates,
        division=prize.division,
    )
