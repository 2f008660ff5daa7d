"""Finds entries of one team that look like questions to the board rather than predictions.

Who wants to draw answers out of public scores changes a few rows, or sets a group of rows to one
value, and looks what the score does. Both show in what is kept of two entries: values on the same
secret cells, and a linear sketch in which every changed row moves one bucket.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEW_SHARE = 0.02  # of the cells
FEW_CELLS = 2  # of a small sample
BACK = 20  # how many earlier entries one is compared with
_GROUP = 3  # cells that make a group
_GROUP_SHARE = 0.9  # beyond, it is another file altogether

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Probe:
    """An entry that differs from an earlier one of its team in a telling way.

    Attributes:
        earlier, later: Places of both among the team's entries.
        share: Of sampled cells that changed; 0 when only the sketch shows it.
        is_constant: The changed cells all got one value.

    """

    earlier: int
    later: int
    share: float
    is_constant: bool


def probes(sketches: Floats, samples: Floats) -> tuple[Probe, ...]:
    """Return the entries that look like probes, each against the earlier entry closest to it.

    Args:
        sketches: (entries, buckets) of one team, in order of receipt.
        samples: (entries, cells) predicted values on the same secret cells.

    """
    found = []
    for later in range(1, len(sketches)):
        first = max(0, later - BACK)
        changed = samples[first:later] != samples[later]
        moved = (sketches[first:later] != sketches[later]).sum(axis=1)
        if not moved.all():
            continue  # the same predictions again ask nothing
        nearest = int(changed.sum(axis=1).argmin())
        probe = _probe(first + nearest, later, changed[nearest], samples)
        if probe is not None:
            found.append(probe)
    return tuple(found)


def _probe(earlier: int, later: int, changed: NDArray[np.bool_], samples: Floats) -> Probe | None:
    cells, count = changed.size, int(changed.sum())
    share = count / max(cells, 1)
    before, after = samples[earlier][changed], samples[later][changed]
    is_constant = bool(
        _GROUP <= count <= _GROUP_SHARE * cells
        and (after == after[0]).all()
        and (before != before[0]).any()
    )
    if is_constant or count <= max(FEW_SHARE * cells, FEW_CELLS):
        return Probe(earlier, later, share, is_constant)
    return None
