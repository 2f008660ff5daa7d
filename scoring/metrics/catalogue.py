"""The list of built-in metrics by family, for the registry and for the printed documentation."""

from palio.scoring.metrics import (
    classification,
    columnwise,
    correlation,
    overlap,
    probability,
    ranking,
    regression,
    retrieval,
)
from palio.scoring.metrics.base import Metric

FAMILIES: dict[str, tuple[Metric, ...]] = {
    "Numbers": regression.METRICS,
    "Numbers, by order and correlation": correlation.METRICS,
    "Labels": classification.METRICS,
    "Probabilities of labels": probability.METRICS,
    "Scores that put rows of a label first": ranking.METRICS,
    "Lists of items": retrieval.METRICS,
    "Several columns": columnwise.METRICS,
    "Overlap of masks and sets": overlap.METRICS,
}
