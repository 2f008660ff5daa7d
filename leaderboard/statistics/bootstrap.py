"""Scores of every team on resampled rows, the same rows for all: paired, so differences are sharp.

Whole buckets of rows are drawn instead of rows (integrity.md §2.9): the work no longer depends on
the number of rows.
"""

import numpy as np
from numpy.typing import NDArray

from palio.scoring.traces import bucket_sizes

Reals = NDArray[np.float64]

DRAWS = 1000


def resampled_means(
    sums: NDArray[np.floating], *, rows: int, seed: int, draws: int = DRAWS
) -> Reals:
    """Return every submission's mean loss on `draws` resamples.

    Args:
        sums: (submissions, buckets), bucket sums of the loss.
        rows: How many rows the buckets hold together.
        seed: Of the draws.
        draws: How many.

    Returns:
        (draws, submissions) float64.

    """
    buckets = sums.shape[1]
    sizes = bucket_sizes(rows)
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(buckets, np.full(buckets, 1 / buckets), size=draws)
    # What all submissions have in common is added up exactly, so that 32 bits do for the rest.
    common = sums.mean(axis=0, dtype=np.float64)
    rest = (sums - common).astype(np.float32)
    found: Reals = (weights.astype(np.float32) @ rest.T).astype(np.float64)
    found += (weights @ common)[:, None]
    found /= (weights @ sizes)[:, None]
    return found


def resampled_scores(means: Reals, *, is_root: bool) -> Reals:
    """Turn mean losses into scores: as they are, or their roots."""
    return np.sqrt(np.maximum(means, 0.0)) if is_root else means


def difference_errors(scores: Reals) -> Reals:
    """Return the standard error of each difference of two scores, shape (submissions, submissions).

    Zero on the diagonal, and between submissions that always score the same.
    """
    covariance = np.atleast_2d(np.cov(scores, rowvar=False))
    variances = np.diag(covariance)
    return np.sqrt(np.maximum(variances[:, None] + variances[None, :] - 2 * covariance, 0.0))
