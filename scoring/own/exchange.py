"""Writes what the box of a host's own metric reads, and reads what it gives back: plain data."""

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from palio.scoring.columns import Predictions
from palio.scoring.form import IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.key import AnswerKey
from palio.scoring.metrics.base import Column
from palio.scoring.rows import RowIds

HARNESS = Path(__file__).parent / "box"
RESULT, SCORES = "result.json", "scores.json"
RESULT_BYTES_MOST = 64 * 2**10

Parameters = Sequence[tuple[str, bool | int | float | str]]

_EXACT = 2.0**53  # whole floats up to here are whole numbers without a doubt
_BATCH = 65_536


class BadResultError(Exception):
    """What a metric gave back is not what was asked for; the text is for the host alone."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The metric refuses the predictions with words meant for participants, as it wrote them."""

    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one part of the answers: ids, answers and predictions in the same order.

    Attributes:
        ids: int64 (n,), or n texts.
        truth, predictions: The columns of `truth_columns` and `targets`, n rows each.

    """

    id_column: str
    ids: NDArray[np.int64] | list[str]
    truth_columns: tuple[TargetColumn, ...]
    truth: tuple[Column, ...]
    targets: tuple[TargetColumn, ...]
    predictions: tuple[Column, ...]


def cut(key: AnswerKey, predictions: Predictions, form: PredictionForm, rows: slice) -> Part:
    """Take the rows of some slots of the answers, in the order of solution.csv.

    Args:
        key: The answers.
        predictions: In slot order, or in the order of the ids.
        form: What the predictions are.
        rows: Slots, such as those of the public part.

    """
    row_of_slot = np.empty(len(key.placement), dtype=np.int64)
    row_of_slot[key.placement] = np.arange(len(key.placement))
    places = row_of_slot[rows]
    is_integer = key.ids.kind is IdKind.INTEGER
    columns = predictions.columns
    if predictions.in_slots:
        taken = tuple(column[rows] for column in columns)
    else:
        taken = tuple(_take(column, places) for column in columns)
    return Part(
        id_column=form.id_column,
        ids=key.ids.integers[places] if is_integer else _texts(key.ids, places),
        truth_columns=key.columns,
        truth=tuple(column[rows] for column in key.truth),
        targets=form.targets,
        predictions=taken,
    )


def _texts(ids: RowIds, places: NDArray[np.int64]) -> list[str]:
    every = ids.texts(0, ids.count)  # all at once is faster than one by one
    return [every[place] for place in places.tolist()]


def _take(column: Column, places: NDArray[np.int64]) -> Column:
    if isinstance(column, Sequence):
        return [column[place] for place in places.tolist()]
    taken: Column = column[places]
    return taken


def write_call(folder: Path, part: Part, *, parameters: Parameters, scores: Sequence[str]) -> None:
    """Write what `box.harness` reads: call.json, and every column as .npy without pickles.

    Ids are int64 or texts, REAL float64, INTEGER int64 (float64 where a value is beyond 2^53),
    LABEL codes with their names in call.json, ITEMS texts with single spaces.
    """
    solution = [
        _write_ids(folder, part),
        *_write_columns(folder, "truth", part.truth_columns, part.truth),
    ]
    submission = [
        solution[0],
        *_write_columns(folder, "prediction", part.targets, part.predictions),
    ]
    call = {
        "solution": solution,
        "submission": submission,
        "parameters": dict(parameters),
        "scores": list(scores),
    }
    (folder / "call.json").write_text(json.dumps(call), encoding="utf-8")


def _write_ids(folder: Path, part: Part) -> dict[str, Any]:
    if isinstance(part.ids, list):
        return _write_texts(folder, part.id_column, "id", part.ids)
    np.save(folder / "id.npy", part.ids, allow_pickle=False)
    return {"name": part.id_column, "file": "id", "as": "numbers"}


def _write_columns(
    folder: Path, kind: str, columns: Sequence[TargetColumn], values: Sequence[Column]
) -> Iterator[dict[str, Any]]:
    for place, (column, held) in enumerate(zip(columns, values, strict=True)):
        file = f"{kind}{place}"
        if isinstance(held, Sequence):
            yield _write_texts(folder, column.name, file, [" ".join(items) for items in held])
            continue
        is_label = column.kind is TargetKind.LABEL
        np.save(folder / f"{file}.npy", _numbers(column, held), allow_pickle=False)
        labels = {"labels": list(column.labels)} if is_label else {}
        yield {
            "name": column.name,
            "file": file,
            "as": "labels" if is_label else "numbers",
            **labels,
        }


def _write_texts(folder: Path, name: str, file: str, texts: list[str]) -> dict[str, Any]:
    raw = [text.encode() for text in texts]
    edges = np.cumsum([0, *map(len, raw)], dtype=np.int64)
    np.save(folder / f"{file}.npy", edges, allow_pickle=False)
    blob = np.frombuffer(b"".join(raw), dtype=np.uint8)
    np.save(folder / f"{file}.blob.npy", blob, allow_pickle=False)
    return {"name": name, "file": file, "as": "texts"}


def _numbers(column: TargetColumn, values: NDArray[Any]) -> NDArray[Any]:
    if column.kind is not TargetKind.INTEGER or np.abs(values).max(initial=0.0) > _EXACT:
        return values
    whole: NDArray[np.int64] = values.astype(np.int64)
    return whole


def write_files(folder: Path, part: Part, *, parameters: Parameters) -> None:
    """Write what a program reads: ref/solution.csv, res/predictions.csv and parameters.json.

    Both tables have the same ids in the same order. Numbers read back as the same doubles.
    """
    ids = part.ids if isinstance(part.ids, list) else part.ids.tolist()
    for name, columns, values in (
        ("ref/solution.csv", part.truth_columns, part.truth),
        ("res/predictions.csv", part.targets, part.predictions),
    ):
        (folder / name).parent.mkdir()
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([part.id_column, *(column.name for column in columns)])
            readers = [_as_text(*pair) for pair in zip(columns, values, strict=True)]
            for first in range(0, len(ids), _BATCH):
                rows = slice(first, first + _BATCH)
                writer.writerows(zip(ids[rows], *(read(rows) for read in readers), strict=True))
    (folder / "parameters.json").write_text(json.dumps(dict(parameters)), encoding="utf-8")


def _as_text(column: TargetColumn, values: Column) -> Callable[[slice], Iterable[object]]:
    if isinstance(values, Sequence):
        return lambda rows: map(" ".join, values[rows])
    numbers = _numbers(column, values)
    if column.kind is TargetKind.LABEL:
        return lambda rows: map(column.labels.__getitem__, numbers[rows].tolist())
    return lambda rows: map(repr, numbers[rows].tolist())


def read_result(path: Path, *, scores: Sequence[str]) -> dict[str, float] | Refusal:
    """Read what the harness wrote.

    Raises:
        BadResultError: It is not that.

    """
    document = _document(path)
    if set(document) == {"visible"} and isinstance(document["visible"], str):
        return Refusal(document["visible"])
    if set(document) != {"scores"} or not isinstance(document["scores"], dict):
        raise BadResultError("The metric wrote a result of its own making.")
    return _checked(document["scores"], scores)


def read_scores(path: Path, *, scores: Sequence[str]) -> dict[str, float]:
    """Read the scores.json of a program: one finite number for each declared score.

    Raises:
        BadResultError: It is not that.

    """
    return _checked(_document(path), scores)


def _document(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        raw = file.read(RESULT_BYTES_MOST + 1)
    if len(raw) > RESULT_BYTES_MOST:
        raise BadResultError(f"{path.name} has more than {RESULT_BYTES_MOST:,} bytes.")
    try:
        document = json.loads(
            raw.decode("utf-8"), parse_constant=_refuse_constant, object_pairs_hook=_once
        )
    except (ValueError, RecursionError) as error:
        raise BadResultError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadResultError(f"{path.name} must hold one object: names and numbers.")
    return document


def _refuse_constant(text: str) -> float:
    raise ValueError(f"{text} is no finite number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name is there twice")
    return document


def _checked(found: Mapping[str, Any], scores: Sequence[str]) -> dict[str, float]:
    if set(found) != set(scores):
        told = ", ".join(sorted(found)) or "none"
        raise BadResultError(f"The scores given are {told}; declared are {', '.join(scores)}.")
    return {name: _finite(name, found[name]) for name in scores}


def _finite(name: str, value: object) -> float:
    number = math.nan
    if isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
    if not math.isfinite(number):
        raise BadResultError(f"The score {name} must be a finite number.")
    return number
