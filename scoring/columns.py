"""The predicted columns while a file is read and when it is done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from palio.scoring.form import TargetColumn, TargetKind
from palio.scoring.metrics.base import Column
from palio.scoring.values import read_items, read_label, read_number

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
