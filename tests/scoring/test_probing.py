"""Entries that ask the board something, among honest ones."""

import numpy as np
from numpy.typing import NDArray

from palio.scoring.probing import Probe, probes

ROWS, CELLS, BUCKETS = 20_000, 1_024, 512
GENERATOR = np.random.default_rng(5)
BUCKET = GENERATOR.integers(BUCKETS, size=ROWS)
SIGN = GENERATOR.choice([-1.0, 1.0], size=ROWS)
KEPT = GENERATOR.choice(ROWS, size=CELLS, replace=False)
BASE = GENERATOR.normal(3.6, 0.8, ROWS)


def found(*vectors: NDArray[np.float64]) -> tuple[Probe, ...]:
    sketches = [np.bincount(BUCKET, weights=SIGN * v, minlength=BUCKETS) for v in vectors]
    return probes(
        np.array(sketches, dtype=np.float32),
        np.array([vector[KEPT] for vector in vectors], dtype=np.float32),
    )


def changed(rows: NDArray[np.int64], value: float) -> NDArray[np.float64]:
    vector = BASE.copy()
    vector[rows] = value
    return vector


def test_one_changed_row_of_twenty_thousand_is_seen_in_the_sketch() -> None:
    row = int(np.setdiff1d(np.arange(ROWS), KEPT)[0])
    (probe,) = found(BASE, changed(np.array([row]), 1.0))
    assert (probe.earlier, probe.later, probe.share, probe.is_constant) == (0, 1, 0.0, False)


def test_group_set_to_one_value_is_a_probe_however_large() -> None:
    (probe,) = found(BASE, changed(np.arange(ROWS // 3), 2.5))
    assert (round(probe.share, 1), probe.is_constant) == (0.3, True)


def test_new_models_and_the_same_file_again_are_no_probes() -> None:
    other = BASE + GENERATOR.normal(0, 0.1, ROWS)
    assert found(BASE, other, BASE, other) == ()


def test_probe_is_told_against_the_closest_earlier_entry() -> None:
    other = BASE + GENERATOR.normal(0, 0.1, ROWS)
    (probe,) = found(other, BASE, other + 1, changed(np.arange(50), 1.0))
    assert (probe.earlier, probe.later) == (1, 3)


def test_single_entry_and_none_have_no_probes() -> None:
    assert (found(BASE), probes(np.empty((0, 4), np.float32), np.empty((0, 4), np.float32))) == (
        (), (),
    )  # fmt: skip
