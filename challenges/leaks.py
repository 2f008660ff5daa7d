"""Finds hidden answers that lie among the files everybody may download."""

import csv
import hashlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from palio.challenges.contracts import ChallengePlan
from palio.core.errors import Finding

MOST_ROWS = 1_000_000  # of each file; whoever publishes answers publishes them from the top
_LEAST_SHARED = 3  # fewer rows agree by chance
_PLAIN_SHARE = 0.9

Row = tuple[str, ...]


def find(
    solution: Path, data_folder: Path, files: tuple[str, ...], plan: ChallengePlan
) -> list[Finding]:
    """Compare the answers with every data file: whole, by id and answer column, line by line.

    A file that names ids of the answers beside a column of theirs leaks when every value agrees
    and the values are not all the same: a sample submission agrees here and there, never always.
    """
    digest = _sha256(solution)
    answers = _Answers(solution, plan)
    return [
        Finding(
            code="leak:answers",
            text=f"data/{name} {what}; everybody could download the hidden answers.",
            file=f"data/{name}",
            hint="Take them out of data/. Answers belong into solution.csv alone.",
        )
        for name in files
        if (what := _leak(data_folder / name, digest, answers))
    ]


class _Answers:
    def __init__(self, solution: Path, plan: ChallengePlan) -> None:
        self.id_column = plan.form.id_column
        self.columns = tuple(column.name for column in plan.truth)
        self.lines: set[str] = set()
        self.by_id: dict[str, dict[str, str]] = {}
        for header, row in _rows(solution):
            self.lines.add(",".join(row))
            fields = dict(zip(header, row, strict=False))
            self.by_id[fields.get(self.id_column, "")] = {
                name: fields.get(name, "") for name in self.columns
            }


def _leak(path: Path, digest: str, answers: _Answers) -> str:
    """Return what the file has of the answers, empty when nothing."""
    if _sha256(path) == digest:
        return "is a copy of solution.csv"
    shared: dict[str, list[bool]] = {name: [] for name in answers.columns}
    values: dict[str, set[str]] = {name: set() for name in answers.columns}
    lines = 0
    for header, row in _rows(path):
        lines += ",".join(row) in answers.lines
        fields = dict(zip(header, row, strict=False))
        truth = answers.by_id.get(fields.get(answers.id_column, ""), {})
        for name in truth.keys() & fields.keys():
            shared[name].append(_is_same(truth[name], fields[name]))
            values[name].add(fields[name])
    for name in answers.columns:
        if len(shared[name]) >= _LEAST_SHARED and all(shared[name]) and len(values[name]) > 1:
            return f'has the answers of column "{name}" for {len(shared[name]):,} rows'
    is_plain = not any(shared.values()) and lines >= _LEAST_SHARED
    if is_plain and lines >= _PLAIN_SHARE * len(answers.lines):
        return "has the lines of solution.csv"
    return ""


def _is_same(one: str, other: str) -> bool:
    if one == other:
        return True
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _rows(path: Path) -> Iterator[tuple[Row, Row]]:
    """Give header and row of each line of a CSV; what is no CSV ends quietly."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(file)
        try:
            header = tuple(next(reader, ()))
            for row in islice(reader, MOST_ROWS):
                yield header, tuple(row)
        except csv.Error:
            return


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
