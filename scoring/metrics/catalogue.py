"""The list of built-in metrics by family, for the registry and for the printed documentation."""

from palio.scoring.metrics import regression
from palio.scoring.metrics.base import Metric

FAMILIES: dict[str, tuple[Metric, ...]] = {
    "Numbers": regression.METRICS,
}
