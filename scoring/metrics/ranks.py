"""Ranks with ties shared, which every metric of order stands on."""

import math

import numpy as np

from palio.scoring.metrics.base import Reals, UndefinedMetricError


def average_ranks(values: Reals) -> Reals:
    """Ranks 1..n in ascending order; equal values share the mean of their ranks.

    Raises:
        UndefinedMetricError: A value is not finite.

    """
    order = np.argsort(values)
    ordered = values[order]
    if not math.isfinite(ordered[0]) or not math.isfinite(ordered[-1]):
        raise UndefinedMetricError("Only finite numbers can be put in order.")
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], len(values))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2.0, ends - starts)
    return ranks
