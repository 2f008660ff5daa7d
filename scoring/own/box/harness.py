"""Runs inside the box: calls the host's `score()` once, on one part of the answers.

``python3 harness.py INPUT METRIC OUTPUT``: INPUT as `scoring.own.exchange` wrote it, METRIC with
metric.py, OUTPUT gets ``result.json``. It needs numpy and pandas, and nothing of the server. The
contract is Kaggle's, so that metrics written for it run as they are.
"""

import importlib.util
import inspect
import json
import math
import numbers
import sys
import traceback
import types
import typing
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RESULT = "result.json"
VISIBLE = "ParticipantVisibleError"
_TEXT_MOST = 2000
_KINDS = (bool, int, float, str)
_NOT_THEIRS = (__file__, "<frozen importlib")


class MetricContractError(Exception):
    """`score()` is not what the contract asks for; only the host reads this."""


def main(source: Path, metric: Path, output: Path) -> None:
    """Score one part and write the result; an error of the metric ends the program."""
    call = json.loads((source / "call.json").read_text(encoding="utf-8"))
    solution = _frame(source, call["solution"])
    submission = _frame(source, call["submission"])
    try:
        function = _load(metric / "metric.py")
        parameters = _typed(function, call["parameters"])
        value = function(solution, submission, call["submission"][0]["name"], **parameters)
    except BaseException as error:
        if not _is_visible(error):
            raise
        result: dict[str, object] = {"visible": str(error)[:_TEXT_MOST]}
    else:
        result = {"scores": _scores(value, call["scores"])}
    (output / RESULT).write_text(json.dumps(result, allow_nan=False), encoding="utf-8")


def _frame(source: Path, columns: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame({column["name"]: _values(source, column) for column in columns})


def _values(source: Path, column: dict[str, Any]) -> Any:  # noqa: ANN401 (whatever pandas takes)
    values = np.load(source / f"{column['file']}.npy", allow_pickle=False)
    if column["as"] == "labels":
        return np.array(column["labels"], dtype=object)[values]
    if column["as"] != "texts":
        return values
    blob = bytes(np.load(source / f"{column['file']}.blob.npy", allow_pickle=False))
    edges = values.tolist()
    if blob.isascii():
        text = blob.decode()
        return [text[first:last] for first, last in pairwise(edges)]
    return [blob[first:last].decode() for first, last in pairwise(edges)]


def _load(path: Path) -> Callable[..., object]:
    sys.path[:0] = [str(path.parent), str(Path(__file__).parent)]
    spec = importlib.util.spec_from_file_location("metric", path)
    if spec is None or spec.loader is None:
        raise MetricContractError(f"{path.name} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["metric"] = module
    spec.loader.exec_module(module)
    function = getattr(module, "score", None)
    if not callable(function):
        raise MetricContractError(f"{path.name} has no function score().")
    return typing.cast("Callable[..., object]", function)


def _typed(function: Callable[..., object], given: Mapping[str, Any]) -> dict[str, Any]:
    """Fit the declared parameters to the arguments of `score()` by their annotations."""
    declared = list(inspect.signature(function).parameters.values())
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if len(declared) < 3 or any(one.kind not in plain for one in declared[:3]):  # noqa: PLR2004 (the contract)
        raise MetricContractError(
            "score() must take (solution, submission, row_id_column_name, …)."
        )
    free = {one.name: one for one in declared[3:]}
    takes_any = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in declared)
    unknown = [name for name in given if name not in free and not takes_any]
    if unknown:
        raise MetricContractError(f"score() has no parameter {', '.join(unknown)}.")
    for name, one in free.items():
        is_free = one.kind in (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        if one.default is inspect.Parameter.empty and name not in given and not is_free:
            raise MetricContractError(
                f"score() needs the parameter {name}: add it to metric.parameters."
            )
    wanted = _annotations(function)
    return {name: _as_wanted(name, value, wanted.get(name)) for name, value in given.items()}


def _annotations(function: Callable[..., object]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception:  # noqa: BLE001 (annotations may be anything at all; then nothing is said)
        return {}


def _as_wanted(name: str, value: Any, wanted: Any) -> Any:  # noqa: ANN401 (a value of JSON, an annotation)
    kinds = typing.get_args(wanted) if _is_union(wanted) else (wanted,)
    kinds = tuple(kind for kind in kinds if kind in _KINDS)
    if not kinds or type(value) in kinds:
        return value
    if float in kinds and type(value) is int:
        return float(value)
    names = " or ".join(kind.__name__ for kind in kinds)
    raise MetricContractError(f"The parameter {name} must be {names}; it is {value!r}.")


def _is_union(wanted: object) -> bool:
    return typing.get_origin(wanted) in (typing.Union, types.UnionType)


def _is_visible(error: BaseException) -> bool:
    return any(kind.__name__ == VISIBLE for kind in type(error).__mro__)


def _scores(value: object, names: list[str]) -> dict[str, float]:
    if isinstance(value, Mapping):
        if set(value) != set(names):
            told = ", ".join(sorted(map(str, value))) or "none"
            raise MetricContractError(
                f"score() gave the scores {told}; declared are {', '.join(names)}."
            )
        return {name: _finite(name, value[name]) for name in names}
    if len(names) > 1:
        raise MetricContractError(
            f"score() must return a dict with the declared scores {', '.join(names)}."
        )
    return {names[0]: _finite(names[0], value)}


def _finite(name: str, value: object) -> float:
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool | np.bool_)
    if not is_number:
        kind = type(value).__name__
        raise MetricContractError(f"The score {name} must be a float; it is a {kind}: {value!r}.")
    number = float(typing.cast("float", value))
    if not math.isfinite(number):
        raise MetricContractError(f"The score {name} must be finite; it is {number}.")
    return number


def _only_theirs(error: BaseException) -> BaseException:
    """Leave out what stands in this file, or is Python's own way of loading another."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_NOT_THEIRS):
        frames = frames.tb_next
    return error.with_traceback(frames)


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:4]))
    except MetricContractError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 (whatever the host's code raises)
        traceback.print_exception(_only_theirs(error))
        sys.exit(1)
