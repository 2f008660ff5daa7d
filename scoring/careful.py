"""The reader that explains: line by line in plain Python, the one source of every message.

It is also the definition of what is right: the faster readers take only what this one takes, and
hand over to it whenever they are in doubt.
"""

import re
from array import array
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np

from palio.core.errors import Finding
from palio.scoring.columns import Placement, Predictions, ValueReader, empty_columns
from palio.scoring.faults import Faults, TooManyFaultsError
from palio.scoring.form import PredictionForm
from palio.scoring.header import ID_ROLE, parse_header
from palio.scoring.known import KnownIds
from palio.scoring.lines import (
    MOST_QUOTED_LINES,
    Line,
    Lines,
    OpenQuoteError,
    read_lines,
    split_quoted,
)
from palio.scoring.refusal import PredictionsRefusedError, refused, shown
from palio.scoring.rows import RowIds
from palio.scoring.values import ValueFaultError

# Good lines are taken many at once, so that the fault on the last of millions is found in seconds.
MOST_AT_ONCE = 1 << 14  # bytes
LEAST_AT_ONCE = 1 << 9
LINES_ONE_BY_ONE = 32  # around a fault

_FLOAT_ID = re.compile(r"([0-9]+)\.0*")
_SCIENTIFIC_ID = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}")


def read_carefully(
    file: BinaryIO, *, form: PredictionForm, ids: RowIds, placement: Placement | None = None
) -> Predictions:
    """Read CSV text from the start of `file`.

    Raises:
        PredictionsRefusedError: Anything is wrong, with the words for it.

    """
    reader = CarefulReader(form, ids, placement)
    lines = read_lines(file, max_line_bytes=form.max_line_bytes)
    return reader.read(lines)


class CarefulReader:
    """Takes rows of written values one by one and notes what is wrong with them.

    Args:
        form: What the file has to look like.
        ids: The expected ids.
        placement: Where each row goes, None = in the order of `ids`.
        unit: What the rows are counted in, "Line" or (in a table without lines) "Row".

    """

    def __init__(
        self,
        form: PredictionForm,
        ids: RowIds,
        placement: Placement | None,
        *,
        unit: str = "Line",
    ) -> None:
        self.unit = unit
        self.form = form
        self.ids = ids
        self.placement = placement
        self.known = KnownIds(ids)
        self.given_on = array("q", bytes(8 * ids.count))  # the line of each row, 0 = not given yet
        self.readers = [ValueReader.of(t, max_chars=form.max_value_chars) for t in form.targets]
        self.columns = empty_columns(form.targets, rows=ids.count)
        self.faults = Faults()
        self.cut_short = False

    def read(self, lines: Lines) -> Predictions:
        """Read CSV lines, the header first.

        Raises:
            PredictionsRefusedError: Anything is wrong.

        """
        roles = parse_header(next(lines).text, form=self.form).roles
        try:
            self._read_lines(lines, roles)
        except PredictionsRefusedError as stop:
            # what was found on earlier lines comes first; the text after this line stays unread
            for finding in stop.findings:
                self.faults.append(finding)
            return self.finish(complete=False)
        except TooManyFaultsError:
            return self.finish(complete=False)
        return self.finish()

    def _read_lines(self, lines: Lines, roles: tuple[int, ...]) -> None:
        most = MOST_AT_ONCE
        while True:
            if self._take(lines, most, roles):
                most = min(2 * most, MOST_AT_ONCE)
            elif most > LEAST_AT_ONCE:
                most //= 4
            elif not self._read_few(lines, roles):
                return

    def _read_few(self, lines: Lines, roles: tuple[int, ...]) -> bool:
        """Read some lines one by one; False when there are no more."""
        for _ in range(LINES_ONE_BY_ONE):
            line = next(lines, None)
            if line is None:
                return False
            self._read_line(line, lines, roles)
        return True

    def _take(self, lines: Lines, most: int, roles: tuple[int, ...]) -> bool:
        """Take the next lines at once if nothing at all is wrong with them."""
        first = lines.number + 1
        texts = lines.whole(most)
        if texts is None:
            return False
        columns = self._columns_of(texts, roles)
        if columns is None:
            lines.back()
            return False
        rows = columns.pop(ID_ROLE)
        np.frombuffer(self.given_on, dtype=np.int64)[rows] = range(first, first + len(rows))
        slots = rows if self.placement is None else self.placement[rows]
        for role, values in columns.items():
            self.columns[role][slots] = values
        return True

    def _columns_of(self, texts: list[str], roles: tuple[int, ...]) -> dict[int, Any] | None:
        """Read whole lines by role, the ids as rows; None when one is not surely good."""
        if {text.count(",") for text in texts} != {len(roles) - 1}:
            return None
        fields = ",".join(texts).split(",")
        written = {role: fields[place :: len(roles)] for place, role in enumerate(roles)}
        rows = self.known.rows(written.pop(ID_ROLE))
        if rows is None or len(np.unique(rows)) < len(rows):
            return None
        if np.frombuffer(self.given_on, dtype=np.int64)[rows].any():
            return None
        read: dict[int, Any] = {ID_ROLE: rows}
        for role, column in written.items():
            read[role] = self.readers[role].read_many(column)
            if read[role] is None:
                return None
        return read

    def finish(self, *, complete: bool = True) -> Predictions:
        """Give the columns when every row was given once and nothing is wrong.

        Args:
            complete: False when the reading stopped early, so that nothing counts as missing.

        Raises:
            PredictionsRefusedError: Something is wrong.

        """
        if not complete:
            raise self._refusal()
        missing = self._missing()
        if missing is not None and self.cut_short:
            raise self._refusal(first=missing)
        if missing is not None:
            self.faults.append(missing)
        if self.faults.count:
            raise self._refusal()
        return Predictions(tuple(self.columns), self.ids.count, self.placement is not None)

    def _refusal(self, *, first: Finding | None = None) -> PredictionsRefusedError:
        listed = (*(() if first is None else (first,)), *self.faults.listed)
        return PredictionsRefusedError(listed, unlisted=self.faults.unlisted)

    def _read_line(self, line: Line, lines: Iterator[Line], roles: tuple[int, ...]) -> None:
        if line.text == "":
            self.faults.add("blank_line", f"Line {line.number} is blank.", line=line.number)
            return
        if '"' not in line.text:
            fields = line.text.split(",")
        else:
            try:
                fields = split_quoted(line.text, number=line.number)
            except OpenQuoteError:
                self._skip_quoted(line, lines)
                return
        if len(fields) == len(roles):
            self.read_fields(fields, line.number, roles)
        else:
            self._wrong_width(line, len(fields), len(roles))

    def _wrong_width(self, line: Line, found: int, wanted: int) -> None:
        said = (
            f"Line {line.number} has {found} field{'' if found == 1 else 's'}; expected {wanted}."
        )
        self.cut_short = not line.ended and found < wanted
        if self.cut_short:
            said += " It is the last line: was the file cut short?"
        self.faults.add("row_width", said, line=line.number)

    def _skip_quoted(self, line: Line, lines: Iterator[Line]) -> None:
        for _, later in zip(range(MOST_QUOTED_LINES), lines, strict=False):
            if '"' in later.text:
                text = f"A quoted field that ends on line {later.number} has a line break in it."
                self.faults.add("quoted_newline", text, line=later.number)
                return
        text = (
            f"Line {line.number}: the CSV quoting is broken (a quote is opened and never closed)."
        )
        raise refused("csv_syntax", text, line=line.number)

    def read_fields(self, fields: Sequence[str], number: int, roles: tuple[int, ...]) -> None:
        """Read one row; `roles` says what each field is (see `header.Header`).

        Raises:
            TooManyFaultsError: Enough is known about this file.

        """
        row = self._row(fields[roles.index(ID_ROLE)], number)
        slot = row if self.placement is None or row < 0 else self.placement[row]
        for role, text in zip(roles, fields, strict=True):
            if role == ID_ROLE:
                continue
            try:
                value = self.readers[role].read(text)
            except ValueFaultError as fault:
                self._fault(fault.code, number, self._named(role, fault))
            else:
                if row >= 0:
                    self.columns[role][slot] = value

    def _named(self, role: int, fault: ValueFaultError) -> str:
        if len(self.readers) == 1:
            return fault.text
        return f"column {shown(self.form.targets[role].name)}: {fault.text}"

    def _row(self, text: str, number: int) -> int:
        row = self.known.row(text)
        if row < 0:
            code, words = id_fault(text, known=self.known)
            self._fault(code, number, words)
            return -1
        first = self.given_on[row]
        if first:
            words = f"the id {shown(text)} was already given on {self.unit.lower()} {first}."
            self._fault("id:duplicate", number, words)
            return -1
        self.given_on[row] = number
        return row

    def _fault(self, code: str, number: int, words: str) -> None:
        self.faults.add(code, f"{self.unit} {number}: {words}", line=number)

    def _missing(self) -> Finding | None:
        count = self.given_on.count(0)
        if count == 0:
            return None
        first = shown(self.ids.text(self.given_on.index(0)))
        verb = "is" if count == 1 else "are"
        text = f"{count:,} of {self.ids.count:,} ids {verb} missing, first {first}."
        return Finding(code="id:missing", text=text)


def id_fault(text: str, *, known: KnownIds) -> tuple[str, str]:
    """Say what is wrong with an id that is not known; hints only where they lead to a known id."""
    said = f"the id {shown(text)}"
    bare = text.strip()
    if text == "":
        return "id:empty", "the id is empty."
    if bare != text and bare in known:
        return "id:space", f"{said} has spaces around it."
    hint = _number_id_fault(text, said, known)
    if hint is not None:
        return hint
    if text[0] in "=+-@":
        return "id:formula", f"{said} is unknown (it looks like a spreadsheet formula)."
    return "id:unknown", f"{said} is not in the test set."


def _number_id_fault(text: str, said: str, known: KnownIds) -> tuple[str, str] | None:
    as_float = _FLOAT_ID.fullmatch(text)
    if as_float and as_float[1] in known:
        return "id:float", f"{said} was written as a float; write {as_float[1]}."
    stripped = text.lstrip("0") or "0"
    if text.startswith("0") and stripped in known:
        return "id:leading_zero", f"{said} has leading zeros."
    if _SCIENTIFIC_ID.fullmatch(text) and _plain_integer(text) in known:
        words = f"{said} was turned into scientific notation (by a spreadsheet?)."
        return "id:scientific", words
    return None


def _plain_integer(text: str) -> str:
    mantissa, exponent = text.lower().split("e")
    whole, _, fraction = mantissa.partition(".")
    places = int(exponent)
    if places < len(fraction):
        return ""
    return (whole + fraction + "0" * (places - len(fraction))).lstrip("0") or "0"
