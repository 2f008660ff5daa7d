"""Shapes of what a challenge says of models: what may be handed in, limits, the host's metric."""

import hashlib

from palio.challenges.contracts import ChallengePlan, Delivery
from palio.challenges.rules import direction
from palio.sandbox.runtime.packages import LOCK
from palio.scoring.direction import Direction
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
OFFERS = [
    {"delivery": "predictions", "is_offered": True, "words": ""},
    {"delivery": "code", "is_offered": True, "words": ""},
    {"delivery": "image", "is_offered": True, "words": ""},
]
RUNTIME = {
    "lock_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "packages": ["numpy==2.5.5 ; python_full_version >= '3.12'", "pandas==3.1.1"],
}


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


class OfferView(View):
    """Whether something the challenge takes can be handed in at this moment; `words` say why not.

    Programs need a worker that runs them safely; predictions can always be handed in.
    """

    delivery: Delivery
    is_offered: bool
    words: str


class RuntimeView(View):
    """What code finds beside Python: the locked packages, and the digest of the whole lock."""

    lock_sha256: str
    packages: tuple[str, ...]


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


def runtime_view(plan: ChallengePlan) -> RuntimeView | None:
    """Show what code may import; None where no code is taken."""
    if Delivery.CODE not in plan.deliveries:
        return None
    lock = LOCK.read_text(encoding="utf-8")
    lines = (line.partition("\\")[0].strip() for line in lock.splitlines())
    return RuntimeView(
        lock_sha256=hashlib.sha256(lock.encode()).hexdigest(),
        packages=tuple(line for line in lines if "==" in line and not line.startswith("#")),
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
