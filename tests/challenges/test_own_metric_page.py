"""The example of the page runs as it stands, and check finds in it what the page says."""

import re
import shutil
from pathlib import Path

from tests.challenges.plain_box import PlainBox

from palio.challenges import packs
from palio.challenges.check import check_pack
from palio.challenges.metric_trials import Bench
from palio.sandbox.spec import RuntimeRoot

PAGE = Path(__file__).parents[2] / "docs" / "organise" / "own-metric.md"
EXAMPLE = Path(packs.__file__).parent / "examples" / "netflix-mini"


def test_example_runs_and_its_words_reach_whom_they_should(
    tmp_path: Path, plain_box: PlainBox
) -> None:
    text = PAGE.read_text(encoding="utf-8")
    (toml, code) = (
        re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[0] for kind in ("toml", "python")
    )
    folder = Path(shutil.copytree(EXAMPLE, tmp_path / "challenge"))
    plan = (folder / "challenge.toml").read_text()
    start, end = plan.index("[[metrics]]"), plan.index("[submission]")
    (folder / "challenge.toml").write_text(f"{plan[:start]}{toml}\n{plan[end:]}")
    (folder / "metric.py").write_text(code)
    (tmp_path / "work").mkdir()
    bench = Bench(plain_box, RuntimeRoot(tmp_path), "0123abcd")
    report = check_pack(folder, workdir=tmp_path / "work", bench=lambda: bench)
    assert (report.findings, report.warnings) == ((), ())
    assert [line.label for line in report.board] == [
        "film-mean",
        "global-mean",
        "sample submission",
    ]
    assert [score.metric for score in report.board[0].public] == ["cost", "hits"]
    said = {trial.what: trial.said for trial in report.trials}
    assert said["the answers themselves"] == "0.000"
    assert said["lowest values"] == "refused: All predictions are below one star."


def test_page_names_every_code_of_the_trials() -> None:
    folder = Path(packs.__file__).parent
    source = "".join(
        (folder / name).read_text(encoding="utf-8") for name in ("check.py", "metric_trials.py")
    )
    codes = set(re.findall(r'"(metric:[a-z_]+)"', source)) - {"metric:undefined"}
    page = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(metric:[a-z_]+)` \|", page, re.MULTILINE)) == codes
