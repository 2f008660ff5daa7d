"""Finds hidden answers that lie among files for participants or their programs."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from palio.challenges.contracts import ChallengePlan
from palio.core.errors import Finding

HIDDEN_INPUT = "models/input"
MOST_ROWS = 1_000_000  # of each file; whoever publishes answers publishes them from the top
_LEAST_SHARED = 3  # fewer rows agree by chance
_PLAIN_SHARE = 0.9

Row = tuple[str, ...]


def find(
    solution: Path, folder: Path, files: Mapping[str, tuple[str, ...]], plan: ChallengePlan
) -> list[Finding]:
    """Compare the answers with every file: whole, by id and answer column, line by line.

    A file that names ids of the answers beside a column of theirs leaks when every value agrees
    and the values are not all the same: a sample submission agrees here and there, never always.

    Args:
        solution: The answers.
        folder: The challenge folder.
        files: Names of files by the folder in it where they lie, such as ``data``.
        plan: Names id and answers.

    """
    digest = _sha256(solution)
    answers = _Answers(solution, plan)
    return [
        Finding(
            code="leak:answers",
            text=f"{part}/{name} {what}; {_so(part)}.",
            file=f"{part}/{name}",
            hint=f"Take them out of {part}/. Answers belong into solution.csv alone.",
        )
        for part, names in files.items()
        for name in names
        if (what := _leak(folder / part / name, digest, answers))
    ]


def _so(part: str) -> str:
    if part == HIDDEN_INPUT:
        return "any program could copy the hidden answers into its predictions"
    return "everybody could download the hidden answers"


class _Answers:
    def __init__(self, solution: Path, plan: ChallengePlan) -> None:
        rows = _rows(solution)
        header = next(rows, ())
        self.id_column = plan.form.id_column
        known = () if plan.own_metric is None else plan.own_metric.public_columns
        names = [column.name for column in plan.truth if column.name not in known]
        self.columns = tuple(name for name in names if name in header)
        self.lines: set[str] = set()
        self.by_id: dict[str, Row] = {}
        id_at = _place(header, self.id_column)
        places = [header.index(name) for name in self.columns]
        for row in rows:
            self.lines.add(",".join(row))
            if id_at is not None and len(row) == len(header):
                self.by_id[row[id_at]] = tuple(row[place] for place in places)


def _leak(path: Path, digest: str, answers: _Answers) -> str:
    """Return what the file has of the answers, empty when nothing."""
    if _sha256(path) == digest:
        return "is a copy of solution.csv"
    header = next(_rows(path), ())
    id_at = _place(header, answers.id_column)
    named = [(which, _place(header, name)) for which, name in enumerate(answers.columns)]
    places = [(which, place) for which, place in named if place is not None]
    if id_at is not None and places:
        told = (_agreement(path, answers, which, (id_at, place)) for which, place in places)
        return next(filter(None, told), "")
    lines = sum(",".join(row) in answers.lines for row in _rows(path))
    if lines >= max(_LEAST_SHARED, _PLAIN_SHARE * len(answers.lines)):
        return "has the lines of solution.csv"
    return ""


def _agreement(path: Path, answers: _Answers, which: int, places: tuple[int, int]) -> str:
    """Compare one column with the answers of the same ids."""
    shared = 0
    values = set()
    id_at, value_at = places
    for row in islice(_rows(path), 1, None):
        truth = answers.by_id.get(row[id_at]) if len(row) > max(id_at, value_at) else None
        if truth is None:
            continue
        if not _is_same(truth[which], row[value_at]):
            return ""
        shared += 1
        values.add(row[value_at])
    if shared < _LEAST_SHARED or len(values) == 1:
        return ""
    return f'has the answers of column "{answers.columns[which]}" for {shared:,} rows'


def _place(header: Row, name: str) -> int | None:
    return header.index(name) if name in header else None


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _rows(path: Path) -> Iterator[Row]:
    """Give header and rows of a CSV; what is no CSV ends quietly."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            yield from map(tuple, islice(csv.reader(file), MOST_ROWS + 1))
        except csv.Error:
            return


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
