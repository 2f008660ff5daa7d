"""What the numbers beside the ranks cost: traces when scoring, bootstrap and rank sets at the end.

python benchmarks/board_statistics.py [--teams 5000] [--draws 1000] [--rows 1408789] [--runs 3]
"""

import argparse
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from palio.leaderboard.statistics import bootstrap, rank_sets, ties
from palio.scoring.form import IdKind, PredictionForm, TargetColumn
from palio.scoring.key import AnswerKey, compile_key
from palio.scoring.registry import METRICS
from palio.scoring.traces import BUCKETS, trace

RIVAL_TEAMS, RIVAL_DRAWS = 3, 5  # of the plain way, then multiplied
TOP = 200
SECRET = bytes(range(32))


def seconds(run: Callable[[], object]) -> float:
    """Time one call, wall clock."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def bucket_sums(teams: int, rows: int) -> NDArray[np.float32]:
    """Make sums of squared errors like those of a large challenge: much in common, little own."""
    rng = np.random.default_rng(1)
    size = rows / BUCKETS
    common = size * 0.73 + rng.normal(size=BUCKETS) * math.sqrt(size) * 1.2
    own = rng.normal(size=(teams, BUCKETS)) * math.sqrt(size) * 0.15
    return np.asarray(common + own + np.sort(rng.random(teams))[:, None] * 0.05 * size, np.float32)


def board(sums: NDArray[np.float32], *, rows: int, draws: int) -> None:
    """Do what a reveal does: bootstrap of all, ties with the first, rank sets of the top."""
    means = bootstrap.resampled_means(sums, rows=rows, seed=1, draws=draws)
    scores = bootstrap.resampled_scores(means, is_root=True)
    ties.bayes_factors(scores, first=0, is_lower_better=True)
    top = scores[:, :TOP]
    rank_sets.rank_sets(
        -np.sqrt(sums[:TOP].sum(axis=1, dtype=float) / rows),
        top.mean(axis=0) - top,
        errors=bootstrap.difference_errors(top),
    )


def plain(losses: NDArray[np.float64], *, draws: int) -> None:
    """Resample rows, as a notebook would: the same rows for all teams of a draw."""
    rng = np.random.default_rng(1)
    for _ in range(draws):
        rows = rng.integers(0, losses.shape[1], losses.shape[1])
        np.sqrt(losses[:, rows].mean(axis=1))


def one_trace(rows: int, runs: int) -> float:
    """Time the trace of one submission, the buckets of the challenge already dealt."""
    target = TargetColumn("y")
    form = PredictionForm("id", IdKind.INTEGER, (target,))
    rng = np.random.default_rng(2)
    with TemporaryDirectory() as name:
        folder = Path(name)
        lines = (f"{row},{value:.2f}" for row, value in enumerate(rng.normal(size=rows)))
        (folder / "solution.csv").write_text("id,y\n" + "\n".join(lines) + "\n")
        compile_key(
            solution=folder / "solution.csv",
            form=form,
            truth=(target,),
            public_share=0.5,
            seed=1,
            ids_path=folder / "ids",
            sealed_path=folder / "sealed",
        )
        key = AnswerKey.open(folder / "ids", folder / "sealed")
        column = rng.normal(size=rows)

        def run() -> None:
            trace(key=key, columns=(column,), secret=SECRET, metric=METRICS["rmse"])

        run()
        return statistics.median(seconds(run) for _ in range(runs))


def main() -> None:
    """Run the rivals in turn and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teams", type=int, default=5_000)
    parser.add_argument("--draws", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=1_408_789)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    sums = bucket_sums(given.teams, given.rows)
    losses = np.random.default_rng(3).random((RIVAL_TEAMS, given.rows))
    scale = given.teams / RIVAL_TEAMS * given.draws / RIVAL_DRAWS
    ours, theirs = [], []
    for _ in range(given.runs):
        ours.append(seconds(lambda: board(sums, rows=given.rows, draws=given.draws)))
        theirs.append(seconds(lambda: plain(losses, draws=RIVAL_DRAWS)) * scale)
    print(f"{given.teams:,} teams x {given.draws:,} draws, {given.rows:,} rows")
    print(f"bootstrap, ties, rank sets of {TOP}: {statistics.median(ours):.2f} s")
    print(f"rows resampled (extrapolated): {statistics.median(theirs):,.0f} s")
    ratios = [other / own for own, other in zip(ours, theirs, strict=True)]
    print(f"ratio, pair by pair, median: {statistics.median(ratios):,.0f}")
    print(f"trace of one submission: {one_trace(given.rows, given.runs):.3f} s")


if __name__ == "__main__":
    main()
