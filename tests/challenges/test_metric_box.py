"""A host's metric runs once for each part, apart, and its failures reach whom they concern."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tests.challenges.plain_box import PlainBox
from tests.challenges.plans import PLAN, RATING

from palio.challenges.contracts import ChallengePlan, OwnMetric, OwnScore
from palio.challenges.errors import MetricFaultError, MetricRefusalError
from palio.challenges.metric_box import MetricResult, score_in_box
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RunName, RuntimeRoot, SandboxError
from palio.scoring.card import MetricChoice, Score
from palio.scoring.columns import Predictions
from palio.scoring.key import AnswerKey, compile_key
from palio.scoring.read import read_predictions

NAME = RunName("0123abcd", "7f", 3, "metric")
OWN = OwnMetric(
    program=(),
    parameters=(),
    scores=(OwnScore("score", is_lower_better=True),),
    seconds=60,
    memory_bytes=2**30,
)
ROWS = [(1, 1.0, "Public"), (2, 2.5, "Private"), (3, 3.5, "Public"), (4, 4.5, "Ignored")]
SCORE = "def score(solution, submission, row_id_column_name):\n    "
SUM = SCORE + "return float((submission.rating * [10, 1][: len(submission)]).sum())"


def plan(own: OwnMetric = OWN, **changes: object) -> ChallengePlan:
    metrics = tuple(MetricChoice(name=score.name, digits=2) for score in own.scores)
    return replace(PLAN, own_metric=own, metrics=metrics, **changes)  # type: ignore[arg-type]  # free changes


@pytest.fixture
def key(tmp_path: Path) -> AnswerKey:
    lines = ["id,rating,Usage", *(f"{n},{value},{part}" for n, value, part in ROWS), ""]
    (tmp_path / "solution.csv").write_text("\n".join(lines))
    compile_key(
        solution=tmp_path / "solution.csv",
        form=PLAN.form,
        truth=(RATING,),
        public_share=None,
        seed=None,
        ids_path=tmp_path / "ids",
        sealed_path=tmp_path / "sealed",
    )
    return AnswerKey.open(tmp_path / "ids", tmp_path / "sealed")


class Table:
    """One metric, one answer key."""

    def __init__(self, folder: Path, key: AnswerKey, box: PlainBox) -> None:
        self.folder, self.key, self.box = folder, key, box
        self.metric = folder / "metric"
        self.metric.mkdir()

    def write(self, code: str, *, name: str = "metric.py") -> None:
        (self.metric / name).write_text(code, encoding="utf-8")

    def score(
        self, *, own: OwnMetric = OWN, predictions: Predictions | None = None
    ) -> MetricResult:
        workdir = self.folder / f"work{len(list(self.folder.iterdir()))}"
        workdir.mkdir()
        return score_in_box(
            self.box,
            plan=plan(own),
            key=self.key,
            predictions=predictions or self.read(),
            metric_folder=self.metric,
            runtime=RuntimeRoot(self.folder),
            name=NAME,
            workdir=workdir,
        )

    def read(self, *, in_slots: bool = True) -> Predictions:
        path = self.folder / "p.csv"
        path.write_text("id,rating\n4,1.5\n3,2\n2,3\n1,4.25\n")
        placement = self.key.placement if in_slots else None
        return read_predictions(path, form=PLAN.form, ids=self.key.ids, placement=placement)


@pytest.fixture
def table(tmp_path: Path, key: AnswerKey, plain_box: PlainBox) -> Table:
    return Table(tmp_path, key, plain_box)


def test_each_part_is_scored_in_a_box_of_its_own(table: Table) -> None:
    table.write(SUM)
    result = table.score()
    assert result.card.public == (Score("score", 44.5, Decimal("44.50")),)
    assert result.card.private == (Score("score", 30.0, Decimal("30.00")),)
    assert result.for_host == ""
    names = {str(spec.name) for spec in table.box.specs.values()}
    assert names == {
        "palio-0123abcd-7f-3-metric-public",
        "palio-0123abcd-7f-3-metric-private",
    }


def test_predictions_in_the_order_of_ids_meet_their_answers(table: Table) -> None:
    table.write(SCORE + "return float((submission.rating - solution.rating).abs().sum())")
    result = table.score(predictions=table.read(in_slots=False))
    assert (result.card.public[0].exact, result.card.private[0].exact) == (3.25 + 1.5, 0.5)


def test_public_box_sees_nothing_that_depends_on_private_answers(
    table: Table, key: AnswerKey
) -> None:
    table.write(SUM)
    table.score()
    first = dict(table.box.seen)
    (truth,) = key.truth
    assert isinstance(truth, np.ndarray)
    other = truth.copy()
    other[key.public_rows :] = 0.5
    table.key = replace(key, truth=(other,))
    table.score()
    assert table.box.seen["metric-public"] == first["metric-public"]
    assert table.box.seen["metric-private"] != first["metric-private"]


def test_box_has_no_network_environment_and_the_declared_limits(table: Table) -> None:
    table.write(SUM)
    table.score(own=replace(OWN, seconds=55, memory_bytes=2**28))
    spec = table.box.specs["metric-public"]
    assert (spec.limits.seconds, spec.limits.memory_bytes) == (55, 2**28)
    assert {mount.target for mount in spec.mounts} == {"/input", "/metric", "/palio"}
    assert all(name.isupper() and value.isdecimal() for name, value in spec.env.items())


def test_words_of_the_metric_reach_the_participant_bounded_and_harmless(table: Table) -> None:
    table.write(
        "class ParticipantVisibleError(Exception): pass\n"
        + SCORE
        + "raise ParticipantVisibleError('no\\x1b[2J\\n\\u202e good ' + 'x' * 9000)"
    )
    with pytest.raises(MetricRefusalError) as caught:
        table.score()
    assert caught.value.detail.startswith("no\\x1b[2J \\u202e good xxx")
    assert len(caught.value.detail) == 500


def test_words_from_the_private_part_reach_the_host_alone(table: Table) -> None:
    table.write(
        "class ParticipantVisibleError(Exception): pass\n"
        + SCORE
        + "if len(solution) == 2: return 1.0\n    "
        + "raise ParticipantVisibleError(f'secret {solution.rating[0]}')"
    )
    result = table.score()
    assert result.card.public[0].exact == 1.0
    assert result.card.private == ()
    assert "secret 2.5" in result.for_host


def test_failure_on_the_private_part_leaves_the_public_score(table: Table) -> None:
    table.write(SCORE + "return 1.0 / (len(solution) - 1)")
    result = table.score()
    assert (result.card.public[0].exact, result.card.private) == (1.0, ())
    assert result.for_host.startswith(
        "There is no private score, because on the private part the metric ended with an error"
    )
    assert result.for_host.endswith("ZeroDivisionError: float division by zero")


def test_failure_on_the_public_part_tells_the_participant_nothing_of_it(table: Table) -> None:
    table.write(SCORE + "raise ValueError(f'cannot take {solution.rating.tolist()}')")
    with pytest.raises(MetricFaultError) as caught:
        table.score()
    error = caught.value
    assert (error.outcome, "cannot take [1.0, 3.5]" in error.for_host) == (
        Outcome.PROGRAM_ERROR,
        True,
    )
    assert "cannot take" not in error.detail
    assert str(error) == error.detail


def test_end_of_time_is_told_with_the_limit(table: Table) -> None:
    table.write("import time\n" + SCORE + "time.sleep(600)")
    with pytest.raises(MetricFaultError) as caught:
        table.score(own=replace(OWN, seconds=1))
    assert caught.value.outcome is Outcome.TIMED_OUT
    assert "was stopped at the end of its time (1 s)" in caught.value.for_host


def test_result_of_another_making_is_a_fault(table: Table) -> None:
    table.write(
        "import sys, pathlib, os\n"
        + SCORE
        + "pathlib.Path(sys.argv[3], 'result.json').write_text('{\"scores\": {\"{x}\": 1}}')"
        + "; os._exit(0)"
    )
    with pytest.raises(MetricFaultError, match="could not score") as caught:
        table.score()
    assert "The scores given are {x}; declared are score." in caught.value.for_host


@pytest.mark.parametrize("broken", ["metric-public", "metric-private"])
def test_box_that_cannot_be_made_is_the_platforms(table: Table, broken: str) -> None:
    table.write(SUM)
    table.box.breaks = frozenset({broken})
    with pytest.raises(SandboxError):
        table.score()


PROGRAM = """
import csv, json, sys
source, output = sys.argv[1:]
with open(f"{source}/ref/solution.csv") as file:
    truth = list(csv.DictReader(file))
with open(f"{source}/res/predictions.csv") as file:
    guesses = list(csv.DictReader(file))
assert [row["id"] for row in truth] == [row["id"] for row in guesses]
assert set(truth[0]) == {"id", "rating"}
with open(f"{source}/parameters.json") as file:
    factor = json.load(file)["factor"]
total = sum(abs(float(a["rating"]) - float(b["rating"])) for a, b in zip(truth, guesses))
with open(f"{output}/scores.json", "w") as file:
    json.dump({"rows": len(truth), "total": factor * total}, file)
"""


def test_program_of_the_host_gives_several_scores(table: Table) -> None:
    table.write(PROGRAM, name="run.py")
    own = replace(
        OWN,
        program=("python", "run.py", "/input", "/output"),
        parameters=(("factor", 2.0),),
        scores=(OwnScore("total", is_lower_better=True), OwnScore("rows", is_lower_better=False)),
    )
    card = table.score(own=own).card
    assert [(score.metric, str(score.rounded)) for score in card.public] == [
        ("total", "9.50"),
        ("rows", "2.00"),
    ]
    assert [(score.metric, str(score.rounded)) for score in card.private] == [
        ("total", "1.00"),
        ("rows", "1.00"),
    ]
