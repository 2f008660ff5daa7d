"""The program in the box keeps Kaggle's contract; here it runs as a plain process on our code."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from palio.scoring.form import TargetColumn, TargetKind
from palio.scoring.own import exchange
from palio.scoring.own.box import harness, kaggle_metric_utilities
from palio.scoring.own.exchange import BadResultError, Part, Refusal, read_result, read_scores

Y = TargetColumn("y")
PART = Part(
    id_column="id",
    ids=np.array([7, 5, 9], dtype=np.int64),
    truth_columns=(Y,),
    truth=(np.array([1.0, 2.0, 3.0]),),
    targets=(Y,),
    predictions=(np.array([1.0, 2.0, 5.0]),),
)
KINDS = (
    TargetColumn("real"),
    TargetColumn("whole", TargetKind.INTEGER),
    TargetColumn("class", TargetKind.LABEL, labels=("7", "naïve")),
    TargetColumn("list", TargetKind.ITEMS),
)
MIXED = Part(
    id_column="row",
    ids=["b", "ä", "c,d"],
    truth_columns=KINDS,
    truth=(
        np.array([0.1, -1e300, 5e-324]),
        np.array([3.0, -4.0, 0.0]),
        np.array([1, 0, 1], dtype=np.int32),
        [("x", "ü"), (), ("z",)],
    ),
    targets=(Y,),
    predictions=(np.array([0.1 + 0.2, 1.0, 2.0]),),
)
HEAD = "import numpy as np, pandas as pd\n"
SIGNATURE = "def score(solution, submission, row_id_column_name):\n    "


@dataclass(frozen=True)
class Ran:
    exit_code: int
    log: str
    output: Path

    def result(self, *scores: str) -> Any:
        assert self.exit_code == 0, self.log
        return read_result(self.output / exchange.RESULT, scores=scores or ("score",))


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def run(
        code: str, *, part: Part = PART, scores: tuple[str, ...] = ("score",), **given: Any
    ) -> Ran:
        folders = [tmp_path / name for name in ("input", "metric", "output")]
        for folder in folders:
            folder.mkdir()
        (folders[1] / "metric.py").write_text(HEAD + code, encoding="utf-8")
        exchange.write_call(folders[0], part, parameters=tuple(given.items()), scores=scores)
        harness = str(exchange.HARNESS / "harness.py")
        argv = [sys.executable, "-P", "-s", harness, *map(str, folders)]
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60
        )
        return Ran(done.returncode, done.stdout.decode(), folders[2])

    return run


def test_score_is_what_the_function_returns(run: Any) -> None:
    code = SIGNATURE + "return ((solution.y - submission.y) ** 2).mean() ** 0.5"
    assert run(code).result() == {"score": (4 / 3) ** 0.5}


def test_frames_are_as_the_contract_says(run: Any) -> None:
    code = """
def score(solution: pd.DataFrame, submission: pd.DataFrame, row_id_column_name: str) -> float:
    print(list(solution.columns), list(submission.columns), row_id_column_name)
    print(list(solution.index), list(submission.index))
    print(solution["row"].tolist() == submission["row"].tolist() == ["b", "ä", "c,d"])
    print([pd.api.types.infer_dtype(solution[c]) for c in solution], solution.dtypes["whole"])
    print(solution["real"].tolist(), solution["whole"].tolist())
    print(solution["class"].tolist(), solution["list"].tolist(), submission["y"].tolist())
    del solution["row"], submission["row"]
    solution["real"] = 0.0
    return 1
"""
    ran = run(code, part=MIXED)
    assert ran.result() == {"score": 1.0}
    assert ran.log.splitlines() == [
        "['row', 'real', 'whole', 'class', 'list'] ['row', 'y'] row",
        "[0, 1, 2] [0, 1, 2]",
        "True",
        "['string', 'floating', 'integer', 'string', 'string'] int64",
        "[0.1, -1e+300, 5e-324] [3, -4, 0]",
        "['naïve', '7', 'naïve'] ['x ü', '', 'z'] [0.30000000000000004, 1.0, 2.0]",
    ]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(3, 3.0), (2.5, 2.5), (np.float32(0.5), 0.5), (np.int64(-4), -4.0), ({"a": 1e-9}, 1e-9)],
)
def test_finite_numbers_are_scores(value: object, wanted: float) -> None:
    assert harness._scores(value, ["a"]) == {"a": wanted}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (float("nan"), "must be finite"),
        (np.inf, "must be finite"),
        (None, "must be a float; it is a NoneType"),
        (True, "must be a float; it is a bool"),
        (np.True_, "must be a float; it is a bool"),
        ("0.5", "must be a float; it is a str"),
        (np.array(1.0), "must be a float; it is a ndarray"),
        (1j, "must be a float; it is a complex"),
        ({}, "gave the scores none; declared are a"),
        ({"a": 1, "b": 2}, "gave the scores a, b; declared are a"),
        ({"a": None}, "must be a float"),
    ],
)
def test_other_values_are_the_hosts_fault(value: object, words: str) -> None:
    with pytest.raises(harness.MetricContractError, match=words):
        harness._scores(value, ["a"])


def test_several_scores_need_a_dict_of_the_declared_names() -> None:
    assert harness._scores({"b": 2, "a": 1}, ["a", "b"]) == {"a": 1.0, "b": 2.0}
    with pytest.raises(harness.MetricContractError, match="must return a dict"):
        harness._scores(1.0, ["a", "b"])


def test_score_that_is_not_finite_leaves_no_result(run: Any) -> None:
    ran = run(SIGNATURE + "return np.nan")
    assert (ran.exit_code, "must be finite" in ran.log, list(ran.output.iterdir())) == (1, True, [])


@pytest.mark.parametrize(
    "kind", ["ValueError", "BaseException", "kaggle_metric_utilities.HostVisibleError"]
)
def test_class_named_so_reaches_the_participant_whatever_its_parent(run: Any, kind: str) -> None:
    code = f"""
import kaggle_metric_utilities
class ParticipantVisibleError({kind}): pass
class Deeper(ParticipantVisibleError): pass
{SIGNATURE}raise Deeper("ids must be\\x1b[2J sorted" + "!" * 9000)
"""
    result = run(code).result()
    assert isinstance(result, Refusal)
    assert result.text.startswith("ids must be\x1b[2J sorted!")
    assert len(result.text) == 2000


@pytest.mark.parametrize("kind", ["ValueError", "kaggle_metric_utilities.HostVisibleError"])
def test_every_other_error_stays_with_the_host(run: Any, kind: str) -> None:
    code = f"import kaggle_metric_utilities\n{SIGNATURE}raise {kind}(f'the answer is {{solution}}')"
    ran = run(code)
    assert (ran.exit_code, "the answer is" in ran.log, list(ran.output.iterdir())) == (1, True, [])


def test_error_while_loading_and_missing_function_are_the_hosts(run: Any) -> None:
    ran = run("x = 1")
    assert (ran.exit_code, "has no function score()" in ran.log) == (1, True)


def test_ending_early_leaves_no_result(run: Any) -> None:
    ran = run(SIGNATURE + "raise SystemExit(0)")
    assert (ran.exit_code, list(ran.output.iterdir())) == (0, [])


def typed(  # noqa: PLR0917 (a metric may have many)
    solution: object,
    submission: object,
    row_id_column_name: str,
    beta: float,
    k: int = 3,
    average: str = "micro",
    strict: bool = False,  # noqa: FBT001, FBT002 (as metrics are written)
    top: Optional[float] = None,  # noqa: UP045 (as metrics are written)
    other: "float | None" = None,
    free: Any = 0,
) -> None:
    """Stand for a metric with parameters of every kind."""


def test_parameters_get_the_types_of_the_annotations() -> None:
    given = {"beta": 2, "average": "macro", "strict": True, "top": 1, "other": 2, "free": 1}
    assert repr(harness._typed(typed, given)) == (
        "{'beta': 2.0, 'average': 'macro', 'strict': True, 'top': 1.0, 'other': 2.0, 'free': 1}"
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs the parameter beta"),
        ({"beta": 1.0, "gamma": 2}, "has no parameter gamma"),
        ({"beta": "1"}, "The parameter beta must be float"),
        ({"beta": True}, "The parameter beta must be float"),
        ({"beta": 1.0, "k": 1.5}, "The parameter k must be int"),
        ({"beta": 1.0, "average": 1}, "The parameter average must be str"),
    ],
)
def test_parameters_that_do_not_fit_are_told(given: dict[str, Any], words: str) -> None:
    with pytest.raises(harness.MetricContractError, match=words):
        harness._typed(typed, given)


def test_function_of_another_shape_is_told() -> None:
    with pytest.raises(harness.MetricContractError, match="must take"):
        harness._typed(lambda _one, _two: 0.0, {})
    assert harness._typed(lambda _a, _b, _c, **_rest: 0.0, {"beta": 1}) == {"beta": 1}


def test_metric_written_for_kaggle_runs_as_it_is(run: Any) -> None:
    code = """
import pandas.api.types
import kaggle_metric_utilities
import sklearn.metrics

class ParticipantVisibleError(Exception):
    pass

def score(solution: pd.DataFrame, submission: pd.DataFrame, row_id_column_name: str,
          squared: bool = True) -> float:
    del solution[row_id_column_name]
    del submission[row_id_column_name]
    if not pandas.api.types.is_numeric_dtype(submission.values):
        raise ParticipantVisibleError("numbers, please")
    kaggle_metric_utilities.verify_valid_probabilities(submission / submission, "submission")
    return kaggle_metric_utilities.safe_call_score(
        sklearn.metrics.mean_squared_error, solution.values, submission.values)
"""
    assert run(code, squared=True).result() == {"score": 4 / 3}


@pytest.mark.parametrize(
    ("text", "answers", "kind"),
    [
        ("Only one class present", [1, 2], "ParticipantVisibleError"),
        ("bad value 3", [1, 2], "HostVisibleError"),
        ("bad value ³", [1, 2], "HostVisibleError"),
        ("input holds NaN", [1.0, 2], "HostVisibleError"),
        ("Only one class present", ["a", "b"], "HostVisibleError"),
        ("it is True", [True, False], "HostVisibleError"),
    ],
)
def test_errors_of_libraries_are_shown_only_where_they_cannot_quote_answers(
    text: str, answers: list[Any], kind: str
) -> None:
    def fail(_solution: object, _submission: object) -> None:
        raise ValueError(text)

    with pytest.raises(Exception, match=text) as caught:
        kaggle_metric_utilities.safe_call_score(fail, pd.DataFrame({"y": answers}), 0)
    assert type(caught.value).__name__ == kind


@pytest.mark.parametrize("rows", [[0.5, 0.6], [1.5, -0.5], [float("nan"), 1], ["a", "b"]])
def test_rows_that_are_no_probabilities_are_refused_without_a_digit(rows: list[Any]) -> None:
    frame = pd.DataFrame([[0.3, 0.7], rows])
    with pytest.raises(kaggle_metric_utilities.ParticipantVisibleError) as caught:
        kaggle_metric_utilities.verify_valid_probabilities(frame, "submission")
    assert not any(character.isdigit() for character in str(caught.value))
    kaggle_metric_utilities.verify_valid_probabilities(frame[:1].astype(float), "submission")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 50_000, "is not JSON"),
        (b'{"a": NaN}', "is not JSON: NaN"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[1]", "one object"),
        (b'{"a": "1"}', "must be a finite number"),
        (b'{"a": true}', "must be a finite number"),
        (b'{"a": 1e999}', "must be a finite number"),
        (b'{"a": 1' + b"0" * 400 + b"}", "must be a finite number"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "is not JSON"),
        (b'{"b": 1}', "The scores given are b; declared are a."),
        (b"{}", "The scores given are none; declared are a."),
        (b'{"a": 1}' + b" " * 70_000, "has more than"),
    ],
)
def test_scores_of_a_program_are_read_strictly(tmp_path: Path, raw: bytes, words: str) -> None:
    (tmp_path / "scores.json").write_bytes(raw)
    with pytest.raises(BadResultError, match=words):
        read_scores(tmp_path / "scores.json", scores=("a",))


@pytest.mark.parametrize(
    "document", [{"visible": 3}, {"scores": [1]}, {"scores": {}, "visible": "a"}, {"other": 1}]
)
def test_result_that_the_harness_would_not_write_is_refused(
    tmp_path: Path, document: dict[str, Any]
) -> None:
    (tmp_path / "result.json").write_text(json.dumps(document))
    with pytest.raises(BadResultError):
        read_result(tmp_path / "result.json", scores=("a",))


@given(number=st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=50)
def test_scores_and_cells_keep_every_bit(
    number: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("files")
    (folder / "scores.json").write_text(json.dumps({"a": number}))
    assert read_scores(folder / "scores.json", scores=("a",)) == {"a": number}
    part = Part("id", [","], (Y,), (np.array([number]),), (Y,), (np.array([number]),))
    exchange.write_files(folder, part, parameters=())
    assert (folder / "ref/solution.csv").read_text() == f'id,y\n",",{number!r}\n'


def test_program_gets_two_tables_and_its_parameters(tmp_path: Path) -> None:
    exchange.write_files(tmp_path, MIXED, parameters=(("beta", 2.0), ("ok", True)))
    assert (tmp_path / "ref/solution.csv").read_text(encoding="utf-8") == (
        'row,real,whole,class,list\nb,0.1,3,naïve,x ü\nä,-1e+300,-4,7,\n"c,d",5e-324,0,naïve,z\n'
    )
    assert (tmp_path / "res/predictions.csv").read_text(encoding="utf-8") == (
        'row,y\nb,0.30000000000000004\nä,1.0\n"c,d",2.0\n'
    )
    assert json.loads((tmp_path / "parameters.json").read_text()) == {"beta": 2.0, "ok": True}
