"""Drives the compiled pass over a plain CSV file, a buffer at a time."""

import sys
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from palio.scoring import container, floats, kernel, layout
from palio.scoring.columns import Placement, Predictions
from palio.scoring.form import PredictionForm, TargetKind
from palio.scoring.header import parse_header
from palio.scoring.lines import read_lines
from palio.scoring.lookup import kernel_ids, with_table
from palio.scoring.refusal import PredictionsRefusedError
from palio.scoring.rows import RowIds
from palio.scoring.values import bounds

BUFFER_BYTES = 1 << 20
MANY_ROWS = 4_000_000  # from here on the pages of the ids are given back as they are used
_MOST_HARD = 10_000  # numbers left to Python before the general way takes over
_NUMERIC = (TargetKind.REAL, TargetKind.INTEGER)
_LARGEST = sys.float_info.max
_NO_PLACEMENT = np.empty(0, dtype=np.int32)


def read_fast(
    file: BinaryIO, *, form: PredictionForm, ids: RowIds, placement: Placement | None
) -> Predictions | None:
    """Read a plain CSV file, or give None when there is any doubt about it.

    Plain: all targets numeric, no quotes, no id that would need them.
    """
    if not ids.count or any(target.kind not in _NUMERIC for target in form.targets):
        return None
    expected = kernel_ids(ids)
    if expected is None:
        return None
    file.seek(0)
    try:
        header = parse_header(
            next(read_lines(file, max_line_bytes=form.max_line_bytes)).text, form=form
        )
    except PredictionsRefusedError:
        return None
    return _Pass(form, expected, ids, placement).read(file, header.roles)


class _Pass:
    def __init__(
        self,
        form: PredictionForm,
        expected: layout.Ids,
        ids: RowIds,
        placement: Placement | None,
    ) -> None:
        self.form = form
        self.expected = expected
        self.ids = ids
        targets = len(form.targets)
        self.store = layout.Store(
            ids.count,
            placement is not None,
            layout.frozen(_NO_PLACEMENT if placement is None else placement),
            np.zeros(ids.count // 8 + 1, dtype=np.uint8),
            np.empty((targets, ids.count)),
            np.empty(targets),
            np.empty(1),
        )
        self.batch = layout.new_batch(targets)
        self.state = np.zeros(layout.STATE_SIZE, dtype=np.int64)
        self.hard = 0

    def read(self, file: BinaryIO, roles: tuple[int, ...]) -> Predictions | None:
        # finite limits, so that a number too large for a double is never within them
        limits = np.clip([bounds(t) for t in self.form.targets], -_LARGEST, _LARGEST)
        rules = layout.Rules(
            layout.frozen(np.array(roles, dtype=np.int64)),
            layout.frozen(limits[:, 0].copy()),
            layout.frozen(limits[:, 1].copy()),
            layout.frozen(np.array([t.kind is TargetKind.INTEGER for t in self.form.targets])),
            self.form.max_value_chars,
            self.form.max_line_bytes,
        )
        if not self._read_blocks(file, rules) or self.state[layout.NEXT_ROW] != self.ids.count:
            return None
        return Predictions(tuple(self.store.columns), self.ids.count, self.store.placed)

    def _longest_id(self) -> int:
        return int(np.diff(self.ids.offsets).max(initial=0))

    def _read_blocks(self, file: BinaryIO, rules: layout.Rules) -> bool:
        size = max(BUFFER_BYTES, 4 * self.form.max_line_bytes)
        room = bytearray(size + self._longest_id() + 8)
        view = memoryview(room)
        buffer = layout.frozen(np.frombuffer(room, dtype=np.uint8))
        kept = 0
        while True:
            got = file.readinto(view[kept:size])  # type: ignore[attr-defined]
            filled = kept + got
            if got == 0:
                if kept == 0:
                    return True
                if room[kept - 1] == _CR:
                    return False
                room[kept] = _LF
                return self._read_block(buffer, kept + 1, rules)
            stop = room.rfind(b"\n", 0, filled) + 1
            if stop == 0 and filled == size:
                return False
            if stop and not self._read_block(buffer, stop, rules):
                return False
            self._drop_pages()
            kept = filled - stop
            view[:kept] = bytes(view[stop:filled])

    def _drop_pages(self) -> None:
        """Keep a very long file from holding all ids in memory while it goes through in order."""
        if self.ids.count >= MANY_ROWS and not self.expected.ready:
            self.ids.drop_pages()
            container.drop_pages(self.store.placement)

    def _flush(self, buffer: NDArray[np.uint8]) -> bool:
        return bool(kernel.flush(self.expected, buffer, self.batch, self.store, self.state))

    def _read_block(self, buffer: NDArray[np.uint8], stop: int, rules: layout.Rules) -> bool:
        place = 0
        hard_line = -1
        self.state[layout.KNOWN_AT] = -1
        while True:
            status, place = kernel.read_block(
                buffer, place, stop, self.expected, rules, self.store, self.batch, self.state
            )
            if status == layout.TABLE:
                self.expected = with_table(self.ids)
                if not self._flush(buffer):
                    return False
                continue
            if status != floats.HARD:
                return bool(status == floats.GOOD)
            if place == hard_line or self.hard == _MOST_HARD:
                return False
            hard_line = place
            self.hard += 1
            number = bytes(buffer[self.state[layout.KNOWN_AT] : self.state[layout.HARD_END]])
            self.store.known[0] = float(number) + 0.0


_CR, _LF = 13, 10
