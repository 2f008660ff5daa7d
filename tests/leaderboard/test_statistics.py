"""What chance could have done to a board, against published examples and against other ways."""

import csv
import math
import time
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from palio.leaderboard.statistics import bootstrap, rank_sets, ties
from palio.scoring.traces import bucket_sums, standard_error

Reals = NDArray[np.float64]
# OECD, PISA 2018 results, volume I, annex B1: mean scores in mathematics with standard errors,
# OECD countries; decimals as Mogstad et al. print them.
PISA = Path(__file__).parent / "pisa_2018_mathematics.csv"
SECRET = bytes(range(32))


def pisa() -> tuple[list[str], Reals, Reals, Reals]:
    with PISA.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    means = np.array([float(row["mean"]) for row in rows])
    errors = np.array([float(row["error"]) for row in rows])
    noise = np.random.default_rng(2018).normal(size=(10_000, len(rows))) * errors
    return [row["country"] for row in rows], means, noise, np.hypot(errors[:, None], errors)


def best_five(level: float) -> set[str]:
    names, means, noise, errors = pisa()
    sets = rank_sets.rank_sets(means, noise, errors=errors, level=level)
    return {name for name, low in zip(names, sets.low, strict=True) if low <= 5}


def test_countries_that_could_be_among_the_five_best() -> None:
    """A13: 12 countries at 95 %, and Sweden is the one that 90 % drops."""
    wide, narrow = best_five(0.95), best_five(0.90)
    assert len(wide) == 12
    assert wide - narrow == {"Sweden"}


def test_ranks_the_united_kingdom_could_have() -> None:
    """A13: rank 13; published 7 to 23, the lower end on a boundary of chance."""
    names, means, noise, errors = pisa()
    place = names.index("United Kingdom")
    assert 1 + int((means > means[place]).sum()) == 13
    others = np.delete(np.arange(len(means)), place)
    same = np.full(len(others), place)  # its own comparisons alone: a marginal set
    pairs = (np.concatenate([same, others]), np.concatenate([others, same]))
    found = rank_sets.sets_of(
        rank_sets.significant_pairs(means, noise, errors=errors, pairs=pairs, level=0.95)
    )
    low, high = found.low[place], found.high[place]
    assert low in (7, 8)
    assert high == 23
    of_all = rank_sets.rank_sets(means, noise, errors=errors)
    assert of_all.low[place] <= low
    assert high <= of_all.high[place]


def test_everybodys_rank_lies_in_its_set() -> None:
    _, means, noise, errors = pisa()
    sets = rank_sets.rank_sets(means, noise, errors=errors)
    ranks = 1 + (means[:, None] < means[None, :]).sum(axis=1)
    assert ((sets.low <= ranks) & (ranks <= sets.high)).all()


def test_sets_hold_the_true_ranks_as_often_as_promised() -> None:
    rng = np.random.default_rng(3)
    truth = np.repeat([0.0, 1.0, 2.0, 2.5], 3) + np.arange(12) * 1e-9
    true_ranks = 1 + (truth[:, None] < truth[None, :]).sum(axis=1)
    errors = np.full((12, 12), math.sqrt(2) * 0.3)
    noise = rng.normal(size=(400, 12)) * 0.3
    held = 0
    for _ in range(200):
        estimates = truth + rng.normal(size=12) * 0.3
        sets = rank_sets.rank_sets(estimates, noise, errors=errors, level=0.9)
        held += bool(((sets.low <= true_ranks) & (true_ranks <= sets.high)).all())
    assert held >= 0.85 * 200


def test_equal_submissions_share_their_ranks() -> None:
    estimates = np.array([0.0, 0.0, -5.0])
    noise = np.random.default_rng(1).normal(size=(500, 3)) * 0.1
    noise[:, 1] = noise[:, 0]
    errors = bootstrap.difference_errors(noise)
    sets = rank_sets.rank_sets(estimates, noise, errors=errors)
    assert (sets.low.tolist(), sets.high.tolist()) == ([1, 1, 3], [2, 2, 3])


def test_netflix_final_was_a_statistical_tie() -> None:
    """A11: 0.856714 and 0.856704, their blend 0.855476, 1,408,789 rows (integrity.md §1.7)."""
    first, second, blend, rows = 0.856704, 0.856714, 0.855476, 1_408_789
    distance = 2 * math.sqrt((first**2 + second**2) / 2 - blend**2)
    assert distance == pytest.approx(0.0919, abs=5e-5)
    # The two errors differ by `distance` in the root mean square; the RMSE is half its slope.
    rng = np.random.default_rng(2009)
    sample = 200_000
    error = rng.normal(size=sample) * first
    other = error + rng.normal(size=sample) * distance
    change = error**2 - (other * math.sqrt((error**2).mean() / (other**2).mean())) ** 2
    sums = bucket_sums(lambda block: change[block], rows=sample, key=SECRET)
    of_difference = standard_error(sums, rows=sample) / (2 * first) * math.sqrt(sample / rows)
    assert of_difference == pytest.approx(7.73e-5, rel=0.03)
    assert (second - first) / of_difference == pytest.approx(0.129, abs=0.005)


def test_error_of_the_bootstrap_is_that_of_the_rows() -> None:
    """A14: bucket bootstrap and row-level error of a difference of RMSEs within 3 %."""
    rng = np.random.default_rng(14)
    rows = 100_000
    shared = rng.normal(size=rows)
    squares = np.stack([(shared + rng.normal(size=rows) * 0.3) ** 2 for _ in range(2)])
    sums = np.stack(
        [
            bucket_sums(lambda block, each=each: each[block], rows=rows, key=SECRET)
            for each in squares
        ]
    ).astype(np.float32)
    means = bootstrap.resampled_means(sums, rows=rows, seed=1, draws=5_000)
    scores = bootstrap.resampled_scores(means, is_root=True)
    slopes = 1 / (2 * np.sqrt(squares.mean(axis=1)))
    change = squares[0] * slopes[0] - squares[1] * slopes[1]
    of_rows = float(change.std(ddof=1)) / math.sqrt(rows)
    assert bootstrap.difference_errors(scores)[0, 1] == pytest.approx(of_rows, rel=0.03)
    row_errors = squares.std(axis=1, ddof=1) * slopes / math.sqrt(rows)
    assert scores.std(axis=0, ddof=1) == pytest.approx(row_errors, rel=0.03)


def test_paired_bootstrap_is_that_of_the_rows_where_buckets_are_rows() -> None:
    """A15, small: every draw equals a plain resampling of rows by the same weights."""
    rng = np.random.default_rng(15)
    losses = rng.random((5, 300)).astype(np.float32)
    found = bootstrap.resampled_means(losses, rows=300, seed=7, draws=50)
    weights = np.random.default_rng(7).multinomial(300, np.full(300, 1 / 300), size=50)
    for draw, counts in enumerate(weights):
        rows = np.repeat(np.arange(300), counts)
        plain = [float(losses[team, rows].mean(dtype=float)) for team in range(5)]
        assert found[draw] == pytest.approx(plain, rel=1e-6)


def test_small_differences_survive_large_common_sums() -> None:
    rng = np.random.default_rng(8)
    common = 500 + rng.normal(size=2000) * 30
    sums = (common + rng.normal(size=(2, 2000)) * 1e-3).astype(np.float64)
    means = bootstrap.resampled_means(sums, rows=1_400_000, seed=1, draws=500)
    exact = (sums[0] - sums[1]) / 1
    of_buckets = float(exact.std(ddof=1)) * math.sqrt(2000) / 1_400_000
    assert (means[:, 0] - means[:, 1]).std(ddof=1) == pytest.approx(of_buckets, rel=0.1)


@pytest.mark.parametrize("is_lower_better", [True, False])
def test_bayes_factor_counts_the_draws_the_first_wins(*, is_lower_better: bool) -> None:
    sign = 1.0 if is_lower_better else -1.0
    first = np.zeros(100)
    near = np.concatenate([np.full(75, 1.0), np.full(25, -1.0)])
    far = np.concatenate([np.full(76, 1.0), np.full(24, 0.0)])  # a draw both share is no win
    scores = sign * np.stack([first, near, far, np.ones(100)], axis=1)
    factors = ties.bayes_factors(scores, first=0, is_lower_better=is_lower_better)
    assert factors.tolist() == [0.0, 3.0, 76 / 24, math.inf]
    assert ties.are_tied(factors).tolist() == [True, True, False, False]


@pytest.mark.slow
def test_five_thousand_teams_on_a_thousand_resamples_take_ten_seconds_on_two_cores() -> None:
    """A15, whole: bootstrap, ties with the first, rank sets of the first 200."""
    rng = np.random.default_rng(15)
    teams, buckets, rows = 5_000, 2_000, 1_408_789
    size = rows / buckets
    common = size * 0.73 + rng.normal(size=buckets) * math.sqrt(size) * 1.2
    own = rng.normal(size=(teams, buckets)) * math.sqrt(size) * 0.15
    apart = np.sort(rng.random(teams))[:, None] * 0.05 * size
    sums = np.asarray(common + own + apart, np.float32)
    began = time.process_time()
    means = bootstrap.resampled_means(sums, rows=rows, seed=1)
    scores = bootstrap.resampled_scores(means, is_root=True)
    tied = ties.are_tied(ties.bayes_factors(scores, first=0, is_lower_better=True))
    top = scores[:, :200]
    sets = rank_sets.rank_sets(
        -np.sqrt(sums[:200].sum(axis=1, dtype=float) / rows),
        top.mean(axis=0) - top,
        errors=bootstrap.difference_errors(top),
    )
    assert time.process_time() - began < 2 * 10  # both cores, whatever else runs beside
    assert scores.shape == (bootstrap.DRAWS, teams)
    assert tied[0]
    assert not tied[-1]
    assert sets.low[0] == 1
