"""The predicted columns while a file is read and when it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from palio.scoring.form import TargetColumn, TargetKind
from palio.scoring.metrics.base import Column
from palio.scoring.values import NUMBER, bounds, read_items, read_label, read_number

Placement = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Predictions:
    """A prediction file that passed every check.

    Attributes:
        columns: One for each target of the form: float64 (rows,) for REAL and INTEGER, int32
            codes (rows,) for LABEL (place in the declared list), a list of `rows` tuples of
            names for ITEMS. In the order of the row ids, or in slot order where the reader was
            given a placement.
        rows: Number of rows.
        in_slots: True when the columns are in slot order.

    """

    columns: tuple[Column, ...]
    rows: int
    in_slots: bool


def empty_columns(targets: Sequence[TargetColumn], *, rows: int) -> list[Any]:
    """Give room for `rows` values of each target."""
    return [_empty(target.kind, rows) for target in targets]


def _empty(kind: TargetKind, rows: int) -> Any:  # noqa: ANN401 - arrays and lists alike
    if kind is TargetKind.ITEMS:
        return [()] * rows
    return np.empty(rows, dtype=np.int32 if kind is TargetKind.LABEL else np.float64)


@dataclass(frozen=True, slots=True)
class ValueReader:
    """Reads the written values of one target column."""

    column: TargetColumn
    max_chars: int
    codes: dict[str, int]

    @classmethod
    def of(cls, column: TargetColumn, *, max_chars: int) -> "ValueReader":
        """Prepare the reader of one column."""
        return cls(column, max_chars, {name: code for code, name in enumerate(column.labels)})

    def read(self, text: str) -> float | int | tuple[str, ...]:
        """Read one value.

        Raises:
            values.ValueFaultError: It cannot be taken.

        """
        if self.column.kind is TargetKind.LABEL:
            return read_label(text, codes=self.codes)
        if self.column.kind is TargetKind.ITEMS:
            return read_items(text)
        return read_number(text, column=self.column, max_chars=self.max_chars)

    def read_many(self, texts: list[str]) -> NDArray[Any] | None:
        """Read many values at once; None when one is not surely good, and for ITEMS."""
        if self.column.kind is TargetKind.ITEMS:
            return None
        if self.column.kind is TargetKind.LABEL:
            codes = [self.codes.get(text, -1) for text in texts]
            return None if -1 in codes else np.array(codes, dtype=np.int32)
        if max(map(len, texts)) > self.max_chars or not all(map(NUMBER.fullmatch, texts)):
            return None
        values = np.fromiter(map(float, texts), np.float64, len(texts)) + 0.0
        return check_numbers(values, self.column)


def check_numbers(values: NDArray[np.float64], target: TargetColumn) -> NDArray[np.float64] | None:
    """Give the values back when all are finite, within the bounds and whole where wanted."""
    low, high = bounds(target)
    if not (np.isfinite(values).all() and (values >= low).all() and (values <= high).all()):
        return None
    if target.kind is TargetKind.INTEGER and (values != np.floor(values)).any():
        return None
    return values
