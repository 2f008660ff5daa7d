"""Who is statistically tied with the first: the Bayes factor of the DREAM challenges.

Guinney et al., Prediction of overall survival … DREAM 9.5, Lancet Oncology 18, 2017, methods:
K <= 3 means that the first is better on fewer than three of four resamples.
"""

import numpy as np
from numpy.typing import NDArray

TIED = 3.0


def bayes_factors(
    scores: NDArray[np.float64], *, first: int, is_lower_better: bool
) -> NDArray[np.float64]:
    """Return K of each submission: resamples on which the first beats it, for each on which not.

    Args:
        scores: (draws, submissions), paired.
        first: Which one is compared with.
        is_lower_better: Which way is better.

    Returns:
        (submissions,), inf where the first always wins, 0 for the first itself.

    """
    best = scores[:, first, None]
    wins = (best < scores if is_lower_better else best > scores).sum(axis=0)
    with np.errstate(divide="ignore"):
        return np.asarray(wins / (len(scores) - wins))


def are_tied(factors: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell who is tied with the first, itself included."""
    return np.asarray(factors <= TIED)
