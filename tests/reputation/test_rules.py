"""Points, medals, tiers and means by their published numbers (A12)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.reputation import rules
from palio.reputation.contracts import Finish, Medal, Tier, Wanted

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def finish(medal: Medal | None = None, *, members: int = 2, rank: int = 1) -> Finish:
    return Finish("c", "c", "C", ("ratings",), NOW, rank, 100, members, medal, 1.0)


@pytest.mark.parametrize(
    ("rank", "factor"),
    [(1, 1.0), (2, 0.5946), (3, 0.4387), (10, 0.1778), (50, 0.0532), (100, 0.0316)],
)
def test_points_fall_with_the_rank_as_published(rank: int, factor: float) -> None:
    first = rules.points(rank=1, teams=1_000, members=1, days=0)
    assert rules.points(rank=rank, teams=1_000, members=1, days=0) / first == pytest.approx(
        factor, abs=5e-5
    )


def test_points_of_a_winner_among_a_thousand() -> None:
    alone = rules.points(rank=1, teams=1_000, members=1, days=0)
    assert round(alone) == 60_206
    assert rules.points(rank=1, teams=1_000, members=4, days=0) == pytest.approx(alone / 2)
    late = rules.points(rank=1, teams=1_000, members=1, days=500)
    assert late == pytest.approx(alone / 2.718281828459045)
    assert rules.points(rank=1, teams=1, members=1, days=0) == 0  # nobody to beat


@pytest.mark.parametrize(
    ("teams", "places"),
    [
        (1, (0, 0, 0)),
        (99, (9, 19, 39)),
        (100, (10, 20, 40)),
        (249, (10, 49, 99)),
        (250, (10, 50, 100)),
        (999, (11, 50, 100)),
        (1_000, (12, 50, 100)),
        (5_000, (20, 250, 500)),
        (9_066, (28, 453, 906)),
    ],
)
def test_medals_by_the_size_of_the_field(teams: int, places: tuple[int, int, int]) -> None:
    assert rules.medal_places(teams) == places


@given(teams=st.integers(1, 20_000), rank=st.integers(1, 20_000))
def test_better_place_never_has_a_worse_medal(teams: int, rank: int) -> None:
    order = [*Medal, None]
    here, behind = (rules.medal(rank=place, teams=teams) for place in (rank, rank + 1))
    assert order.index(here) <= order.index(behind)


@pytest.mark.parametrize(
    ("finishes", "tier"),
    [
        ([], Tier.NEWCOMER),
        ([finish(Medal.BRONZE)], Tier.NEWCOMER),
        ([finish(Medal.BRONZE)] * 2, Tier.EXPERT),
        ([finish(Medal.SILVER)] * 3, Tier.EXPERT),
        ([finish(Medal.GOLD), *[finish(Medal.SILVER)] * 2], Tier.MASTER),
        ([finish(Medal.GOLD)] * 5, Tier.MASTER),
        ([*[finish(Medal.GOLD)] * 4, finish(Medal.GOLD, members=1)], Tier.GRANDMASTER),
    ],
)
def test_tier_by_medals(finishes: list[Finish], tier: Tier) -> None:
    assert rules.tier(finishes) is tier


def test_mean_is_shown_from_three_ratings_and_leans_to_the_middle() -> None:
    assert rules.bayesian_mean(10, 2, prior=3.0) is None
    assert rules.bayesian_mean(15, 3, prior=3.0) == (5 * 3 + 15) / 8
    assert rules.bayesian_mean(5_000, 1_000, prior=3.0) == pytest.approx(4.99, abs=0.01)


def test_disqualification_is_forgotten_after_two_years() -> None:
    assert not rules.is_forgotten(NOW, now=NOW + timedelta(days=729))
    assert rules.is_forgotten(NOW, now=NOW + timedelta(days=730))


@pytest.mark.parametrize(
    ("wanted", "is_wanted"),
    [
        (Wanted(), True),
        (Wanted(finishes=2), True),
        (Wanted(finishes=3), False),
        (Wanted(tier=Tier.EXPERT), True),
        (Wanted(tier=Tier.MASTER), False),
        (Wanted(top_percent=5), True),
        (Wanted(top_percent=4), False),
        (Wanted(tag="ratings"), True),
        (Wanted(tag="films"), False),
    ],
)
def test_people_are_wanted_by_tier_and_past_results(wanted: Wanted, *, is_wanted: bool) -> None:
    past = [finish(Medal.BRONZE, rank=5), replace(finish(Medal.BRONZE, rank=30), tags=())]
    assert rules.is_wanted(past, wanted) is is_wanted
