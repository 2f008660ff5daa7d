"""All built-in metrics by name, and the check that a challenge's choice of one makes sense."""

from palio.scoring.metrics.base import Metric

METRICS: dict[str, Metric] = {}
