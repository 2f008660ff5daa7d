"""Scores predictions with a host's own metric, in boxes of its own."""

from dataclasses import replace
from pathlib import Path

from palio.challenges import metric_box
from palio.challenges.contracts import ChallengePlan
from palio.pipeline import packages
from palio.pipeline.bench import Boxes, attempt_folder
from palio.pipeline.contracts import Claim
from palio.sandbox.spec import RunName, SandboxError
from palio.scoring.key import AnswerKey
from palio.scoring.read import read_predictions
from palio.scoring.traces import trace


def score(
    path: Path,
    *,
    plan: ChallengePlan,
    key: AnswerKey,
    metric: Path,
    metric_sha256: str,
    boxes: Boxes,
    claim: Claim,
    secret: bytes | None = None,
) -> metric_box.MetricResult:
    """Read and check a file as for every metric, then let the host's own one score it.

    Args:
        path: The predictions.
        plan: Has an own metric.
        key: The answers.
        metric: The bundle of the metric, from the sealed store.
        metric_sha256: Its digest.
        boxes: Of this machine.
        claim: The job, which names the boxes.
        secret: Of the challenge, for the trace of the predictions; None = no trace.

    Raises:
        PredictionsRefusedError: The file is wrong; nothing ran.
        MetricRefusalError, MetricFaultError, SandboxError: See `metric_box.score_in_box`.

    """
    if boxes.metric is None:
        raise SandboxError("this machine has no box for metrics")
    predictions = read_predictions(path, form=plan.form, ids=key.ids, placement=key.placement)
    with attempt_folder(boxes, claim) as workdir:
        found = metric_box.score_in_box(
            boxes.metric,
            plan=plan,
            key=key,
            predictions=predictions,
            metric_folder=packages.unpacked(metric, sha256=metric_sha256, into=boxes.folder),
            runtime=boxes.runtime(),
            name=RunName(boxes.site, claim.job_id, claim.fence, "metric"),
            workdir=workdir,
        )
    if secret is None:
        return found
    made = trace(key=key, columns=predictions.columns, secret=secret)
    return replace(found, card=replace(found.card, trace=made))
