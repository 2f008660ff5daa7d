"""Reads an answer file (solution.csv) and tells its host all that is wrong with it at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from palio.core.errors import Finding
from palio.scoring import general, sniff
from palio.scoring.columns import ValueReader
from palio.scoring.faults import Faults, TooManyFaultsError
from palio.scoring.form import IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.header import ID_ROLE, parse_header
from palio.scoring.lines import Line, read_lines, split_fields
from palio.scoring.refusal import PredictionsRefusedError, SolutionRefusedError, shown
from palio.scoring.rows import INTEGER_ID, LARGEST_ID, RowIds
from palio.scoring.values import ValueFaultError

MOST_SOLUTION_FINDINGS = 50
PUBLIC, PRIVATE, IGNORED = range(3)
_PARTS = {"Public": PUBLIC, "Private": PRIVATE, "Ignored": IGNORED}


@dataclass(frozen=True, eq=False, slots=True)
class Solution:
    """An answer file that passed every check, in its own order.

    Attributes:
        ids: Row ids.
        columns: float64, int32 codes, or a list of item tuples, one for each truth column.
        usage: int8 part of each row, or None where there is no Usage column.

    """

    ids: RowIds
    columns: tuple[Any, ...]
    usage: NDArray[np.int8] | None

    def parts(self, *, public_share: float | None, seed: int | None) -> NDArray[np.int8]:
        """Give the part of each row, drawn by `seed` where no Usage column says it.

        Raises:
            SolutionRefusedError: Nothing says how to split.

        """
        if self.usage is not None:
            return self.usage
        if public_share is None or seed is None or not 0 <= public_share <= 1:
            text = "There is no Usage column, and no public share (0 to 1) with a seed to split by."
            raise SolutionRefusedError((Finding(code="usage:missing", text=text),))
        parts = np.full(self.ids.count, PRIVATE, dtype=np.int8)
        order = np.random.default_rng(seed).permutation(self.ids.count)
        parts[order[: round(public_share * self.ids.count)]] = PUBLIC
        return parts


def read_solution(
    path: Path, *, form: PredictionForm, truth: tuple[TargetColumn, ...], usage_column: str
) -> Solution:
    """Read an answer file.

    Raises:
        SolutionRefusedError: With all faults found, up to 50, by line.

    """
    with path.open("rb") as file:
        fault = sniff.unreadable(file.read(512))
        if fault is not None:
            raise SolutionRefusedError(fault.findings)
        file.seek(0)
        done = read_solution_columns(file, form=form, truth=truth, usage_column=usage_column)
        if done is not None:
            return done
        file.seek(0)
        return _Reader(form, truth, usage_column).read(file)


def read_solution_columns(
    file: BinaryIO, *, form: PredictionForm, truth: tuple[TargetColumn, ...], usage_column: str
) -> Solution | None:
    """Read an answer file whole columns at a time; None when there is any doubt about it."""
    if any(column.kind is TargetKind.ITEMS for column in truth):
        return None
    head = file.readline(form.max_line_bytes).decode(errors="replace")
    has_usage = usage_column in head
    usage = TargetColumn(usage_column, TargetKind.LABEL, labels=tuple(_PARTS))
    wanted = replace(form, targets=(*truth, usage) if has_usage else truth)
    texts = general.read_texts(file, form=wanted)
    ids = None if texts is None else _ids_of(texts[ID_ROLE], form.id_kind)
    if texts is None or ids is None:
        return None
    columns: list[Any] = [
        general.values_of(texts[role], target, form.max_value_chars)
        for role, target in enumerate(wanted.targets)
    ]
    if any(column is None for column in columns):
        return None
    parts = columns.pop().astype(np.int8) if has_usage else None
    return Solution(ids, tuple(columns), parts)


def _ids_of(texts: Any, kind: IdKind) -> RowIds | None:  # noqa: ANN401 - pyarrow has no types
    if not len(texts):
        return None
    if kind is IdKind.INTEGER:
        numbers = general.integer_ids(texts)
        if numbers is None or pc.count_distinct(numbers).as_py() < len(texts):
            return None
        return RowIds(kind, len(texts), integers=numbers.to_numpy())
    whole = pc.equal(texts, pc.utf8_trim_whitespace(texts))
    shortest = pc.min(pc.binary_length(texts)).as_py()
    if not shortest or not pc.all(whole).as_py() or pc.count_distinct(texts).as_py() < len(texts):
        return None
    joined = pa.concat_arrays(texts.chunks)
    _, offsets, blob = joined.buffers()
    edges = np.frombuffer(offsets, dtype=np.int64, count=len(joined) + 1)
    letters = np.frombuffer(blob, dtype=np.uint8, count=int(edges[-1]))
    return RowIds(kind, len(joined), offsets=edges, blob=letters)


class _Reader:
    def __init__(
        self, form: PredictionForm, truth: tuple[TargetColumn, ...], usage_column: str
    ) -> None:
        self.form = form
        self.truth = truth
        self.usage_column = usage_column
        self.faults = Faults(most=MOST_SOLUTION_FINDINGS)
        self.lines_by_id: dict[str, int] = {}
        self.columns: list[list[Any]] = [[] for _ in truth]
        self.usage: list[int] = []
        self.readers = [ValueReader.of(c, max_chars=form.max_value_chars) for c in truth]

    def read(self, file: BinaryIO) -> Solution:
        lines = read_lines(file, max_line_bytes=self.form.max_line_bytes)
        has_usage = False
        try:
            roles = self._header(next(lines))
            has_usage = len(self.truth) in roles
            self._read_rows(lines, roles)
        except PredictionsRefusedError as stop:
            for finding in stop.findings:
                self.faults.append(finding)
        except TooManyFaultsError:
            pass
        if not self.faults.listed and not self.lines_by_id:
            self.faults.add("empty", "The file has a header and no rows.")
        if self.faults.listed:
            raise SolutionRefusedError(tuple(self.faults.listed), unlisted=self.faults.unlisted)
        ids = RowIds.of(list(self.lines_by_id), kind=self.form.id_kind)
        usage = np.array(self.usage, dtype=np.int8) if has_usage else None
        return Solution(ids, tuple(map(_stored, self.truth, self.columns)), usage)

    def _header(self, line: Line) -> tuple[int, ...]:
        wanted = self.truth
        if self.usage_column in split_fields(line.text, number=1):
            wanted = (*wanted, TargetColumn(self.usage_column))
        form = PredictionForm(self.form.id_column, self.form.id_kind, wanted)
        return parse_header(line.text, form=form).roles

    def _read_rows(self, lines: Iterator[Line], roles: tuple[int, ...]) -> None:
        for line in lines:
            if line.text == "":
                self.faults.add("blank_line", f"Line {line.number} is blank.", line=line.number)
                continue
            fields = split_fields(line.text, number=line.number)
            if len(fields) == len(roles):
                self._read_row(fields, line.number, roles)
            else:
                text = f"Line {line.number} has {len(fields)} fields; expected {len(roles)}."
                self.faults.add("row_width", text, line=line.number)

    def _read_row(self, fields: list[str], number: int, roles: tuple[int, ...]) -> None:
        for role, text in zip(roles, fields, strict=True):
            if role == ID_ROLE:
                self._read_id(text, number)
            elif role == len(self.truth):
                self._read_usage(text, number)
            else:
                self._read_value(role, text, number)

    def _read_id(self, text: str, number: int) -> None:
        first = self.lines_by_id.setdefault(text, number)
        if first != number:
            words = f"Line {number}: the id {shown(text)} was already given on line {first}."
            self.faults.add("id:duplicate", words, line=number)
        elif self.form.id_kind is IdKind.INTEGER:
            if not INTEGER_ID.fullmatch(text) or int(text) > LARGEST_ID:
                words = (
                    f"Line {number}: the id {shown(text)} is no whole number from 0 to 2^63 - 1 "
                    "without sign or leading zeros; declare text ids?"
                )
                self.faults.add("id:invalid", words, line=number)
        elif text == "" or text != text.strip():
            words = f"Line {number}: the id {shown(text)} is empty or has spaces around it."
            self.faults.add("id:invalid", words, line=number)

    def _read_usage(self, text: str, number: int) -> None:
        part = _PARTS.get(text)
        if part is None:
            words = f"Line {number}: the usage {shown(text)} is not Public, Private or Ignored."
            self.faults.add("usage:unknown", words, line=number)
        else:
            self.usage.append(part)

    def _read_value(self, place: int, text: str, number: int) -> None:
        column = self.truth[place]
        if column.kind is TargetKind.ITEMS and text == "":
            self.columns[place].append(())  # nothing to find for this row
            return
        try:
            self.columns[place].append(self.readers[place].read(text))
        except ValueFaultError as fault:
            words = f"Line {number}: column {shown(column.name)}: {fault.text}"
            self.faults.add(fault.code, words, line=number)


def _stored(column: TargetColumn, values: list[Any]) -> Any:  # noqa: ANN401 - arrays and lists alike
    if column.kind is TargetKind.ITEMS:
        return values
    return np.array(values, dtype=np.int32 if column.kind is TargetKind.LABEL else np.float64)
