"""One submission read, checked, aligned and scored: the pandas way, bare pyarrow and Palio.

    python benchmarks/scoring.py [--rows N] [--runs K] [--cases ints-in-order,...]

Each way is a resident process that has done its imports, its caches and one warm-up run. The ways
take turns; CPU seconds are those of the whole process, the best of K runs counts, and ratios are
taken to the pandas way of the same case. Every public and private RMSE is compared with
scikit-learn's. Peak RSS is the process's high-water mark over its life, imports included.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from palio.scoring.form import IdKind, PredictionForm, TargetColumn
from palio.scoring.key import compile_key

CASES = ("ints-in-order", "ints-shuffled", "text-in-order", "text-shuffled")
WAYS = ("pandas", "pyarrow", "palio")
TITLES = {
    "pandas": "pandas: read_csv + merge + scikit-learn",
    "pyarrow": "bare pyarrow.csv (reads only)",
    "palio": "Palio, every check on",
}
GOALS = {
    "ints-in-order": 12,
    "ints-shuffled": 8,
    "text-in-order": 60,
    "text-shuffled": 15,
}
HUGE_ROWS = 10_000_000
SMALL_ROWS = 10_000
SMALL_RUNS = 100
TOLERANCE = 1e-12


def generate(folder: Path, case: str, rows: int) -> None:
    """Write the solution, the predictions and the compiled key of one case."""
    rng = np.random.default_rng(20090921)
    numbers = np.cumsum(rng.integers(1, 2000, rows))  # sparse: no lookup by plain index
    truth = rng.integers(1, 6, rows)
    usage = rng.integers(0, 2, rows) > 0
    order = np.arange(rows) if case.endswith("in-order") else rng.permutation(rows)
    ratings = np.clip(truth + rng.normal(0, 0.9, rows), 1, 5)
    is_text = case.startswith("text")
    with (folder / "solution.csv").open("w") as file:
        file.write("id,y,Usage\n")
        for row in range(rows):
            part = "Public" if usage[row] else "Private"
            file.write(f"{written(numbers[row], is_text=is_text)},{truth[row]},{part}\n")
    with (folder / "predictions.csv").open("w") as file:
        file.write("id,y\n")
        for row in order:
            file.write(f"{written(numbers[row], is_text=is_text)},{ratings[row]:.4f}\n")
    compile_key(
        solution=folder / "solution.csv",
        form=form_of(case),
        truth=(TargetColumn("y"),),
        public_share=None,
        seed=None,
        ids_path=folder / "ids",
        sealed_path=folder / "sealed",
    )


def written(number: int, *, is_text: bool) -> str:
    """Give one id as it is written."""
    return f"u{number % 480_189:06d}_m{number}" if is_text else f"{number}"


def form_of(case: str) -> PredictionForm:
    """Give the form of a case's predictions."""
    kind = IdKind.TEXT if case.startswith("text") else IdKind.INTEGER
    target = TargetColumn("y", minimum=1, maximum=5)
    return PredictionForm("id", kind, (target,), max_bytes=2**32)


def pandas_way(folder: Path, case: str) -> Callable[[], tuple[float, float]]:
    """Prepare the common way: read, check, merge, scikit-learn."""
    import pandas as pd  # noqa: PLC0415 (slow import)
    from sklearn.metrics import mean_squared_error  # noqa: PLC0415 (slow import)

    kinds = {"id": "str"} if case.startswith("text") else {}
    solution = pd.read_csv(folder / "solution.csv", dtype=kinds)

    def run() -> tuple[float, float]:
        given = pd.read_csv(folder / "predictions.csv", dtype=kinds)
        if list(given.columns) != ["id", "y"] or given["id"].duplicated().any():
            raise ValueError("columns or duplicates")
        if given["y"].isna().any() or not given["y"].between(1, 5).all():
            raise ValueError("values")
        if len(given) != len(solution) or not given["id"].isin(solution["id"]).all():
            raise ValueError("unknown or missing ids")
        both = solution.merge(given, on="id", suffixes=("_true", "_given"))
        parts = [both[both["Usage"] == part] for part in ("Public", "Private")]
        public, private = (mean_squared_error(p["y_true"], p["y_given"]) ** 0.5 for p in parts)
        return public, private

    return run


def pyarrow_way(folder: Path, case: str) -> Callable[[], tuple[float, float]]:
    """Prepare bare reading with pyarrow on one thread: no check, no score."""
    from pyarrow import csv, string  # noqa: PLC0415 (slow import)

    kinds = {"id": string()} if case.startswith("text") else {}
    options = csv.ConvertOptions(column_types=kinds)
    threads = csv.ReadOptions(use_threads=False)

    def run() -> tuple[float, float]:
        csv.read_csv(folder / "predictions.csv", read_options=threads, convert_options=options)
        return 0.0, 0.0

    return run


def palio_way(folder: Path, case: str) -> Callable[[], tuple[float, float]]:
    """Prepare Palio: the key opened, the fast way loaded."""
    from palio.scoring.card import MetricChoice  # noqa: PLC0415 (slow import)
    from palio.scoring.engine import score_file  # noqa: PLC0415 (slow import)
    from palio.scoring.key import AnswerKey  # noqa: PLC0415 (slow import)
    from palio.scoring.read import warm_up  # noqa: PLC0415 (slow import)

    warm_up()
    key = AnswerKey.open(folder / "ids", folder / "sealed")
    metrics = (MetricChoice("rmse"),)

    def run() -> tuple[float, float]:
        card = score_file(folder / "predictions.csv", form=form_of(case), key=key, metrics=metrics)
        return card.public[0].exact, card.private[0].exact

    return run


def serve(way: str, folder: Path, case: str) -> None:
    """Be one resident way: a line in, one run, its figures out."""
    run = {"pandas": pandas_way, "pyarrow": pyarrow_way, "palio": palio_way}[way](folder, case)
    for line in sys.stdin:
        start, wall = time.process_time(), time.perf_counter()
        for _ in range(int(line)):
            scores = run()
        figures = {
            "cpu": (time.process_time() - start) / int(line),
            "wall": (time.perf_counter() - wall) / int(line),
            "scores": scores,
            "rss_mb": peak_rss_mb(),
        }
        print(json.dumps(figures), flush=True)


def peak_rss_mb() -> float:
    """Give this process's own high-water mark (getrusage would count its parent's as well)."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


class Way:
    """A resident process of one way.

    Args:
        name: Which way.
        folder: The case's files.
        case: Which case.

    """

    def __init__(self, name: str, folder: Path, case: str) -> None:
        command = [sys.executable, "-P", __file__, "--serve", name, str(folder), case]
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.best: dict[str, Any] = {"cpu": float("inf")}

    def run(self, times: int = 1) -> dict[str, Any]:
        """Do `times` runs in a row and keep the best figures so far."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the process has no pipes")
        self.process.stdin.write(f"{times}\n")
        self.process.stdin.flush()
        figures: dict[str, Any] = json.loads(self.process.stdout.readline())
        if figures["cpu"] < self.best["cpu"]:
            self.best = figures
        return figures

    def stop(self) -> None:
        """End the process."""
        self.process.communicate()


def compare(case: str, rows: int, runs: int) -> None:
    """Run one case every way in turns and print its lines of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder, case, rows)
        ways = [Way(way, folder, case) for way in WAYS]
        times = SMALL_RUNS if rows <= SMALL_ROWS else 1
        first = {way.name: way.run()["cpu"] for way in ways}  # the warm-up
        for way in ways:
            way.best = {"cpu": float("inf")}
        for _ in range(runs):
            for way in ways:
                way.run(times)
        for way in ways:
            way.stop()
    report(case, rows, ways, first)


def report(case: str, rows: int, ways: list[Way], first: dict[str, float]) -> None:
    """Print one case, and fail when a score is not scikit-learn's."""
    best = {way.name: way.best for way in ways}
    for way in ways:
        cpu, rss = way.best["cpu"], way.best["rss_mb"]
        ratio = best["pandas"]["cpu"] / cpu
        line = f"{case:15} {rows:>10,}  {TITLES[way.name]:42} {cpu:9.4f} {ratio:7.1f} {rss:8.0f}"
        print(f"{line} {first[way.name]:9.3f}", flush=True)
    pairs = zip(best["palio"]["scores"], best["pandas"]["scores"], strict=True)
    if any(abs(ours - theirs) > TOLERANCE for ours, theirs in pairs):
        raise SystemExit(f"{case}: the scores differ from scikit-learn's")
    goal = GOALS.get(case)
    if rows <= SMALL_ROWS:
        print(f"{'':28} {2 / best['palio']['cpu']:,.0f} files a second on two cores (goal 60)")
    elif goal:
        ratio = best["pandas"]["cpu"] / best["palio"]["cpu"]
        print(f"{'':28} goal {goal}: {'holds' if ratio >= goal else 'MISSED'} ({ratio:.1f})")


def main() -> None:
    """Compare the ways over the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=2_817_131, help="default: Netflix's set")
    parser.add_argument("--runs", type=int, default=5, help="runs of each way")
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve[0], Path(asked.serve[1]), asked.serve[2])
        return
    head = f"{'case':15} {'rows':>10}  {'way':42} {'CPU s':>9} {'ratio':>7} {'RSS MB':>8}"
    print(f"{head} {'first run':>9}")
    for case in asked.cases.split(","):
        compare(case, asked.rows, asked.runs)


if __name__ == "__main__":
    main()
