"""Shapes of what a challenge says of models: what may be handed in, limits, the host's metric."""

from palio.challenges.contracts import ChallengePlan, Delivery
from palio.challenges.rules import direction
from palio.scoring.metrics.base import Direction
from palio.submissions import rules
from palio.submissions.contracts import UploadLimits
from palio.web.api.schemas import View

MODELS = {
    "seconds": 600,
    "memory_bytes": 2_147_483_648,
    "cpus": 1.0,
    "processes": 64,
    "output_bytes": 67_108_864,
    "scratch_bytes": 268_435_456,
    "code_max_bytes": 104_857_600,
    "image_max_bytes": 10_737_418_240,
    "has_sample_answers": True,
}
OWN_METRIC = {"scores": [{"name": "cost", "direction": "lower_is_better", "digits": 4}]}


class ModelRulesView(View):
    """What a team's program may use, in the smoke run and in the hidden run alike.

    `code_max_bytes` and `image_max_bytes` limit the uploaded file. With `has_sample_answers` the
    smoke run's predictions are checked row by row.
    """

    seconds: int
    memory_bytes: int
    cpus: float
    processes: int
    output_bytes: int
    scratch_bytes: int
    code_max_bytes: int
    image_max_bytes: int
    has_sample_answers: bool


class OwnScoreView(View):
    """One number of the host's own metric."""

    name: str
    direction: Direction
    digits: int


class OwnMetricView(View):
    """A metric that the host wrote: what it gives, the first score ranks; nothing of its code."""

    scores: tuple[OwnScoreView, ...]


def models_view(plan: ChallengePlan, *, limits: UploadLimits) -> ModelRulesView | None:
    """Show the limits of code and images; None where neither is taken."""
    models = plan.models
    if models is None:
        return None
    most = {
        delivery: rules.upload_max_bytes(plan, delivery, limits=limits)
        if delivery in plan.deliveries
        else 0
        for delivery in (Delivery.CODE, Delivery.IMAGE)
    }
    return ModelRulesView(
        seconds=models.seconds,
        memory_bytes=models.memory_bytes,
        cpus=models.cpus,
        processes=models.processes,
        output_bytes=models.output_bytes,
        scratch_bytes=models.scratch_bytes,
        code_max_bytes=most[Delivery.CODE],
        image_max_bytes=most[Delivery.IMAGE],
        has_sample_answers=models.has_sample_answers,
    )


def own_metric_view(plan: ChallengePlan) -> OwnMetricView | None:
    """Show what the host's own metric gives; None where the metrics are built in."""
    if plan.own_metric is None:
        return None
    scores = tuple(
        OwnScoreView(name=score.name, direction=direction(plan, place=place), digits=score.digits)
        for place, score in enumerate(plan.metrics)
    )
    return OwnMetricView(scores=scores)
