"""Attacks on a public board of 4,000 rows by votes: what leaks under each release rule.

Figures: integrity.md §2.3. A vote that learnt nothing scores 0.5; the best of 400 random ones
0.4765.
"""

import numpy as np
import pytest
from tests.red_team.board import (
    FREE,
    Board,
    block_flipped,
    boosted,
    coins,
    ladder,
    mean_of,
)

from palio.challenges.board_contracts import ReleaseRule

SEED = 20150216
BLOCKS = (1, 10, 40, 100, 400, 1000)


def new(
    seed: int, rule: ReleaseRule | None = None, *, digits: int = 5
) -> tuple[Board, np.random.Generator]:
    rng = np.random.default_rng((SEED, seed))
    return Board(coins(rng), rule or ReleaseRule(), digits), rng


@pytest.mark.parametrize(("tries", "low", "high"), [(100, 0.455, 0.474), (400, 0.420, 0.440)])
def test_majority_vote_beats_rounding_to_five_decimals(tries: int, low: float, high: float) -> None:
    """A2: the paper has .4669 and .4274, theory .4645 and .4292."""
    assert low < mean_of(lambda seed: boosted(*new(seed), tries=tries), times=5) < high


def test_weighted_vote_is_stronger() -> None:
    """Theory: Phi(-sqrt(k / n)) = .3759."""
    found = mean_of(lambda seed: boosted(*new(seed), tries=400, is_weighted=True), times=3)
    assert found == pytest.approx(0.376, abs=0.012)


def test_two_decimals_protect_little() -> None:
    found = mean_of(lambda seed: boosted(*new(seed, digits=2), tries=400), times=3)
    assert found == pytest.approx(0.4525, abs=0.012)


@pytest.mark.parametrize("rule", [ladder("0.01"), ladder("0.02"), FREE])
def test_majority_vote_gains_nothing_from_a_ladder(rule: ReleaseRule) -> None:
    """A3: the paper has .4843 and .4878."""
    found = mean_of(lambda seed: boosted(*new(seed, rule), tries=400), times=3)
    assert 0.475 <= found <= 0.500


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_gain_nothing_from_steps_of_two_and_a_half_errors(block: int) -> None:
    """A4: the standard error of a score is 0.0079, the step 0.02."""
    rule = ladder("0.02")
    found = mean_of(lambda seed: block_flipped(*new(seed, rule), tries=400, block=block), times=2)
    assert found >= 0.475


def test_small_blocks_beat_the_free_ladder() -> None:
    """A4: its known weakness, the reason for the warning of the challenge file."""
    found = mean_of(lambda seed: block_flipped(*new(seed, FREE), tries=400, block=10), times=3)
    assert found == pytest.approx(0.44, abs=0.012)


def test_blocks_beat_exact_scores_best() -> None:
    found = mean_of(lambda seed: block_flipped(*new(seed), tries=400, block=40), times=3)
    assert found == pytest.approx(0.408, abs=0.012)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tries", "expected"),
    [(10, 0.4887), (50, 0.4749), (100, 0.4645), (200, 0.4498), (300, 0.4386), (400, 0.4292)],
)
def test_whole_curve_of_the_majority_vote(tries: int, expected: float) -> None:
    """Theory: Phi(-sqrt(k / (pi n)))."""
    found = mean_of(lambda seed: boosted(*new(seed), tries=tries), times=20)
    assert found == pytest.approx(expected, abs=0.006)


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_under_every_ladder(block: int) -> None:
    def reached(rule: ReleaseRule) -> float:
        return mean_of(
            lambda seed: block_flipped(*new(seed, rule), tries=400, block=block), times=10
        )

    assert reached(ladder("0.02")) >= 0.475
    assert reached(ladder("0.01")) >= 0.465
    assert reached(FREE) >= 0.43
