"""Netflix's own form: `MovieID:` lines, then one rating a line, in the order of the key.

The row ids are texts whose group, the part before the first colon, is the movie: the ids
``1:30878``, ``1:2647871``, ``10:1952305`` want a file ``1:``, rating, rating, ``10:``, rating. A
row has no id in the file; its place says which it is, so a line too many or too few ends the
reading. Source: README of the Netflix Prize data set.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO

from palio.scoring.columns import Placement, Predictions, ValueReader, empty_columns
from palio.scoring.faults import Faults, TooManyFaultsError
from palio.scoring.form import FileFormat, PredictionForm
from palio.scoring.lines import Line, read_lines
from palio.scoring.refusal import PredictionsRefusedError, refused, shown
from palio.scoring.rows import RowIds
from palio.scoring.sniff import BOM
from palio.scoring.values import ValueFaultError

_BATCH = 65_536
_HEADER = re.compile(rb"[^,\r\n]+:\r?\n")


def looks_like_netflix(head: bytes) -> bool:
    """Tell by the first line, where CSV is accepted as well."""
    return _HEADER.match(head.removeprefix(BOM)) is not None


def read_netflix(
    file: BinaryIO, *, form: PredictionForm, ids: RowIds, placement: Placement | None = None
) -> Predictions:
    """Read a file in Netflix's form.

    Raises:
        PredictionsRefusedError: With the number of the first line out of place, or of each line
            whose rating cannot be taken.
        ValueError: The form has not exactly one target.

    """
    if len(form.targets) != 1:
        raise ValueError("the Netflix form holds exactly one target")
    file.seek(0)
    lines = read_lines(file, max_line_bytes=form.max_line_bytes)
    return _Reader(form, ids, placement).read(lines)


class _Reader:
    def __init__(self, form: PredictionForm, ids: RowIds, placement: Placement | None) -> None:
        self.ids = ids
        self.placement = placement
        self.reader = ValueReader.of(form.targets[0], max_chars=form.max_value_chars)
        self.column = empty_columns(form.targets, rows=ids.count)[0]
        self.faults = Faults()
        self.wants_csv = FileFormat.CSV in form.formats

    def read(self, lines: Iterator[Line]) -> Predictions:
        try:
            self._read_rows(lines)
            for line in lines:
                self._stop("row_count", line, "the file goes on after the last rating.")
        except PredictionsRefusedError as stop:
            for finding in stop.findings:
                self.faults.append(finding)
        except TooManyFaultsError:
            pass
        if self.faults.count:
            raise PredictionsRefusedError(tuple(self.faults.listed), unlisted=self.faults.unlisted)
        return Predictions((self.column,), self.ids.count, self.placement is not None)

    def _read_rows(self, lines: Iterator[Line]) -> None:
        movie = None
        for first in range(0, self.ids.count, _BATCH):
            last = min(first + _BATCH, self.ids.count)
            for row, text in enumerate(self.ids.texts(first, last), first):
                group = text.partition(":")[0]
                if group != movie:
                    movie = group
                    self._read_header(lines, movie, row)
                self._read_rating(lines, movie, row)

    def _read_header(self, lines: Iterator[Line], movie: str, row: int) -> None:
        line = self._next(lines, row)
        if line.text == f"{movie}:":
            return
        if line.text.endswith(":"):
            words = f"{shown(line.text)} is out of order; {shown(movie + ':')} is wanted here."
            self._stop("netflix:header", line, words)
        words = f"{shown(movie + ':')} is wanted here, found {shown(line.text)}."
        self._stop("netflix:line", line, words)

    def _read_rating(self, lines: Iterator[Line], movie: str, row: int) -> None:
        line = self._next(lines, row)
        if line.text.endswith(":"):
            words = f"another rating for {shown(movie + ':')} is wanted, found {shown(line.text)}."
            self._stop("netflix:line", line, words)
        slot = row if self.placement is None else self.placement[row]
        try:
            self.column[slot] = self.reader.read(line.text)
        except ValueFaultError as fault:
            self.faults.add(fault.code, f"Line {line.number}: {fault.text}", line=line.number)

    def _next(self, lines: Iterator[Line], row: int) -> Line:
        line = next(lines, None)
        if line is None:
            left = self.ids.count - row
            text = f"The file ends too early: {left:,} of {self.ids.count:,} ratings are missing."
            raise refused("id:missing", text)
        if line.text == "":
            raise refused("blank_line", f"Line {line.number} is blank.", line=line.number)
        return line

    def _stop(self, code: str, line: Line, words: str) -> None:
        raise refused(code, f"Line {line.number}: {words}", line=line.number)
