"""A host's metric in a real box: the paths of the contract, and nothing else to be had."""

import shutil
from pathlib import Path

import pytest

from palio.challenges import packs
from palio.challenges.check import PackReport, check_pack
from palio.challenges.metric_trials import Bench
from palio.sandbox.bubblewrap.backend import BubblewrapSandbox
from palio.sandbox.runtime import build
from palio.sandbox.spec import Level, Sandbox

EXAMPLE = Path(packs.__file__).parent / "examples" / "netflix-mini"
SCORES = '[[metric.scores]]\nname = "cost"\nbetter = "lower"\ndigits = 3\n\n'
SITE = "0e7a1c55"
PROGRAM = """
import csv, json, os, socket

def rows(path):
    with open(path) as file:
        return list(csv.DictReader(file))

truth, guesses = rows("/input/ref/solution.csv"), rows("/input/res/predictions.csv")
assert [row["id"] for row in truth] == [row["id"] for row in guesses]
assert os.getcwd() == "/metric" and "Usage" not in truth[0] and os.getuid() != 0

def refuses(attempt):
    try:
        attempt()
    except OSError:
        return True
    return False

with socket.socket() as one:
    one.settimeout(5)
    assert refuses(lambda: one.connect(("192.0.2.1", 80)))
for name in ("/input/ref/solution.csv", "/metric/run.py", "/usr/new", "/etc/passwd"):
    assert refuses(lambda: open(name, "a")), name
assert refuses(lambda: os.listdir("/root"))
misses = [abs(float(a["rating"]) - float(b["rating"])) for a, b in zip(truth, guesses)]
with open("/output/scores.json", "w") as file:
    json.dump({"cost": sum(misses) / len(misses)}, file)
"""
FUNCTION = """
import pandas as pd
from sklearn.metrics import mean_absolute_error

def score(solution: pd.DataFrame, submission: pd.DataFrame, row_id_column_name: str) -> float:
    return mean_absolute_error(solution["rating"], submission["rating"])
"""


@pytest.fixture(scope="module")
def state(request: pytest.FixtureRequest) -> Path:
    """Where runtimes are kept between sessions, with those of the conformance suite."""
    assert request.config.cache is not None
    return request.config.cache.mkdir("conformance")


@pytest.fixture(scope="module")
def sandbox(state: Path) -> Sandbox:
    """Bubblewrap, which other tests make sure is there in CI."""
    made = BubblewrapSandbox(state, site=SITE)
    probe = made.probe()
    if probe.level is Level.NONE:
        pytest.skip(f"no bubblewrap box on this machine: {' '.join(probe.missing)}")
    return made


def challenge(folder: Path, metric: str) -> Path:
    shutil.copytree(EXAMPLE, folder)
    toml = folder / "challenge.toml"
    text = toml.read_text()
    start, end = text.index("[[metrics]]"), text.index("[submission]")
    toml.write_text(f"{text[:start]}{metric}{text[end:]}")
    return folder


def check(folder: Path, bench: Bench) -> PackReport:
    workdir = folder.parent / "work"
    workdir.mkdir()
    return check_pack(folder, workdir=workdir, bench=lambda: bench)


def test_program_finds_its_tables_and_no_way_out(
    sandbox: Sandbox, state: Path, tmp_path: Path
) -> None:
    metric = f'[metric]\nprogram = ["python", "run.py"]\n{SCORES}'
    folder = challenge(tmp_path / "challenge", metric)
    (folder / "metric").mkdir()
    (folder / "metric" / "run.py").write_text(PROGRAM)
    report = check(folder, Bench(sandbox, build.ensure(state, packages=False), SITE))
    assert (report.findings, report.warnings) == ((), ())
    assert [str(line.public[0].rounded) for line in report.board] == ["0.524", "0.673", "1.033"]


@pytest.mark.slow
def test_function_has_the_packages_of_the_runtime(
    sandbox: Sandbox, state: Path, tmp_path: Path
) -> None:
    folder = challenge(tmp_path / "challenge", f"[metric]\n{SCORES}")
    (folder / "metric.py").write_text(FUNCTION)
    report = check(folder, Bench(sandbox, build.ensure(state), SITE))
    assert (report.findings, report.warnings) == ((), ())
    assert [str(line.public[0].rounded) for line in report.board] == ["0.524", "0.673", "1.033"]
