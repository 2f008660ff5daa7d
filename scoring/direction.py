"""Which way of a score is better: apart from the metrics, so that ranking needs no numpy."""

from enum import StrEnum


class Direction(StrEnum):
    """Which way is better."""

    LOWER = "lower_is_better"
    HIGHER = "higher_is_better"
