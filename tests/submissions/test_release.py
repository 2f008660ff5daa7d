"""What is told of a public score: pure steps of a fold over a team's submissions."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from palio.challenges.board_contracts import Release, ReleaseRule
from palio.scoring.traces import standard_error
from palio.submissions.release import Held, Offer, nearest_multiple, release, visible_at, words

FREE = ReleaseRule(Release.FREE_LADDER)
AT = datetime(2026, 12, 1, 22, 30, tzinfo=UTC)


def ladder(step: str) -> ReleaseRule:
    return ReleaseRule(Release.LADDER, Decimal(step))


def shown_on_ladder(
    scores: Sequence[float], *, step: str, is_negated: bool = False
) -> list[Decimal]:
    held: Held | None = None
    told = []
    for number, score in enumerate(scores):
        offer = Offer(
            submission_id=str(number),
            value=-score if is_negated else score,
            rounded=Decimal(repr(round(score, 6))),
            is_negated=is_negated,
        )
        held, shown = release(held, score=offer, error=0.0, rule=ladder(step))
        told.append(shown)
    return told


def free_ladder(truth: NDArray[np.float64], guesses: Sequence[NDArray[np.float64]]) -> list[float]:
    held: Held | None = None
    best = np.zeros(len(truth))
    told = []
    for number, guess in enumerate(guesses):
        losses = (guess != truth).astype(float)
        offer = Offer(str(number), float(losses.mean()), Decimal(f"{losses.mean():.4f}"))
        error = standard_error(losses - best, rows=len(truth)) if held else 0.0
        held, shown = release(held, score=offer, error=error, rule=FREE)
        assert held is not None
        if held.submission_id == str(number):
            best = losses
        told.append(float(shown))
    return told


def test_ladder_of_the_readme() -> None:
    """A1: Ladder.jl's README; an improvement by exactly one step must not update."""
    truth = np.array([1, 0, 1, 1, 1, 0], dtype=float)
    guesses = [np.array(list(text), dtype=float) for text in ("000000", "100000", "101000")]
    assert free_ladder(truth, guesses) == [0.6667, 0.6667, 0.3333]


def test_ladder_moves_by_more_than_a_step_and_shows_multiples_of_it() -> None:
    assert shown_on_ladder([0.4987, 0.49, 0.479, 0.5, 0.43], step="0.02") == [
        Decimal("0.50"),
        Decimal("0.50"),
        Decimal("0.48"),
        Decimal("0.48"),
        Decimal("0.44"),
    ]


def test_exact_step_is_no_improvement() -> None:
    assert shown_on_ladder([0.3, 0.2, 0.1999], step="0.1") == [
        Decimal("0.3"),
        Decimal("0.3"),
        Decimal("0.2"),
    ]


def test_ladder_where_higher_is_better() -> None:
    assert shown_on_ladder([0.0, 0.72, 0.78, 0.81], step="0.05", is_negated=True) == [
        Decimal("0.00"),
        Decimal("0.70"),
        Decimal("0.80"),
        Decimal("0.80"),
    ]
    assert not shown_on_ladder([-0.01], step="0.05", is_negated=True)[0].is_signed()


@given(
    scores=st.lists(st.floats(0, 1e6, allow_nan=False), min_size=1, max_size=30),
    step=st.sampled_from(["0.001", "0.02", "0.3", "7"]),
)
def test_shown_score_never_gets_worse_and_is_near_a_score_that_was_had(
    scores: list[float], step: str
) -> None:
    told = shown_on_ladder(scores, step=step)
    assert told == sorted(told, reverse=True)
    size = Decimal(step)
    for count, shown in enumerate(told, start=1):
        assert shown % size == 0
        best = Decimal(repr(min(scores[:count])))
        assert best - size / 2 <= shown <= best + size * Decimal("1.5")


@given(scores=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=10))
def test_other_rules_tell_every_score_as_it_is(scores: list[float]) -> None:
    for kind in (Release.ROUNDED, Release.HIDDEN, Release.DAILY):
        for score in scores:
            offer = Offer("s", score, Decimal(repr(score)))
            told = release(None, score=offer, error=0.0, rule=ReleaseRule(kind))
            assert told == (None, offer.rounded)


def test_ladder_takes_any_double() -> None:
    assert shown_on_ladder([1.7e308, 1.6e308], step="1e-15")[1] < Decimal("1.7e308")


@given(value=st.decimals(-1000, 1000, places=6), step=st.decimals("0.001", 10, places=3))
def test_nearest_multiple_is_near_and_a_multiple(value: Decimal, step: Decimal) -> None:
    found = nearest_multiple(value, step=step)
    assert found % step == 0
    assert abs(found - value) <= step / 2


@pytest.mark.parametrize(
    ("kind", "zone", "expected"),
    [
        (Release.ROUNDED, "UTC", AT),
        (Release.LADDER, "UTC", AT),
        (Release.FREE_LADDER, "UTC", AT),
        (Release.HIDDEN, "UTC", None),
        (Release.DAILY, "UTC", datetime(2026, 12, 2, tzinfo=UTC)),
        (Release.DAILY, "Europe/Rome", datetime(2026, 12, 1, 23, tzinfo=UTC)),
        (Release.DAILY, "Pacific/Auckland", datetime(2026, 12, 2, 11, tzinfo=UTC)),
    ],
)
def test_score_becomes_visible_at_its_instant(
    kind: Release, zone: str, expected: datetime | None
) -> None:
    assert visible_at(ReleaseRule(kind), scored_at=AT, zone=zone) == expected


def test_words_say_why_a_score_is_not_there() -> None:
    told_at = AT + timedelta(hours=1)
    hidden, daily = ReleaseRule(Release.HIDDEN), ReleaseRule(Release.DAILY)
    assert words(ReleaseRule(), is_told=True, told_at=None) == ""
    assert words(hidden, is_told=False, told_at=None) == "Public scores are shown at the reveal."
    assert words(daily, is_told=False, told_at=told_at) == (
        "Its score is shown 2026-12-01 23:30:00 UTC."
    )
    assert "steps of 0.02" in words(ladder("0.02"), is_told=True, told_at=AT)
