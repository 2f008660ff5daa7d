"""From `submit` to the score on the board, one at a time, on the embedded default.

    python benchmarks/latency.py [--rows 100000] [--runs 15]

Starts `palio serve` in a temporary folder. Each run sends one file with the public client, and
waits until the board shows its score. Beyond the transfer = from the receipt to the board.
The rival, in the same interleaved runs, is the usual way to score one submission: a new process
that imports pandas and scikit-learn, reads, merges and scores the same file.
"""

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import burst
import numpy as np

from palio.cli.client.api import Api
from palio.core.settings import Settings
from palio.pipeline import supervise

RIVAL = """
import sys
import pandas as pd
from sklearn.metrics import mean_squared_error
sent, known = (pd.read_csv(path) for path in sys.argv[1:])
both = known.merge(sent, on="id", suffixes=("_known", "_sent"), validate="one_to_one")
assert len(both) == len(known) and both.notna().all().all()
print(mean_squared_error(both["rating_known"], both["rating_sent"]) ** 0.5)
"""
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds of one run."""

    transfer: float
    beyond: float
    rival: float


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    load = burst.Load(submissions=options.runs, rows=options.rows, seconds=0, teams=1)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_folder=Path(folder) / "data", port=burst.free_port())
        token = burst.prepare(settings, load, Path(folder) / "pack")[0]
        server = multiprocessing.get_context("spawn").Process(
            target=supervise.serve, args=(settings,)
        )
        server.start()
        try:
            burst.wait_for_workers(settings)
            with Api(settings.url, token) as api:
                once(api, Path(folder), rows=options.rows, seed=0)  # the first one warms both
                runs = [
                    once(api, Path(folder), rows=options.rows, seed=seed)
                    for seed in range(1, options.runs + 1)
                ]
        finally:
            server.terminate()
            server.join(60)
    report(runs, rows=options.rows)


def once(api: Api, folder: Path, *, rows: int, seed: int) -> Run:
    """Submit one file, wait for its score on the board, and let the rival score it too."""
    path = folder / "sent.csv"
    values = np.random.default_rng(seed).uniform(1, 5, rows)
    lines = (f"{number},{value:.4f}" for number, value in enumerate(values, start=1))
    path.write_text("id,rating\n" + "\n".join(lines) + "\n", encoding="utf-8")
    started = time.perf_counter()
    receipt = api.submit(burst.SLUG, path)
    received = time.perf_counter()
    ends_at = received + PATIENCE_SECONDS
    scored = 0
    while scored <= seed:
        if time.perf_counter() > ends_at:
            sys.exit(f"not on the board: {api.submission(receipt['submission_id'])}")
        time.sleep(LOOK_SECONDS)
        scored = sum(int(str(row.get("entries") or 0)) for row in _board(api))
    shown = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", RIVAL, str(path), str(folder / "pack" / "solution.csv")],
        check=True,
        capture_output=True,
    )
    return Run(
        transfer=received - started,
        beyond=shown - received,
        rival=time.perf_counter() - shown,
    )


def _board(api: Api) -> list[dict[str, object]]:
    return [dict(row) for row in api.leaderboard(burst.SLUG)["items"]]


def report(runs: list[Run], *, rows: int) -> None:
    """Print medians and the ratio pair by pair."""
    print(f"{len(runs)} runs, {rows:,} rows; seconds, median (slowest)")
    for name in ("transfer", "beyond", "rival"):
        values = [getattr(run, name) for run in runs]
        print(f"  {name:<10}{median(values):7.3f}  ({max(values):.3f})")
    ratio = median(run.rival / run.beyond for run in runs)
    print(f"  a process with pandas for each submission / Palio beyond the transfer: {ratio:.1f}")


if __name__ == "__main__":
    main()
