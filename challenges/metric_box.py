"""Runs a host's own metric in boxes, one for each part of the answers, and judges the outcome.

A box gets the answers of one part and the checked predictions for its rows, never a byte as the
participant sent it. The public score cannot depend on private answers, because they are in
another box; and so words for participants are taken from the public part alone.
"""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from palio.challenges.contracts import ChallengePlan, OwnMetric
from palio.challenges.errors import MetricFaultError, MetricRefusalError
from palio.sandbox.log import printable
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import (
    Limits,
    Mount,
    RunName,
    RunReport,
    RunSpec,
    RuntimeRoot,
    Sandbox,
    Wanted,
)
from palio.scoring.card import Score, ScoreCard, round_score
from palio.scoring.columns import Predictions
from palio.scoring.key import AnswerKey
from palio.scoring.own import exchange
from palio.scoring.own.exchange import BadResultError, Refusal

VISIBLE_MOST = 500  # characters of the metric's words for participants
LOG_MOST = 4000  # characters of the log that an organizer is told with a fault

_FOR_PARTICIPANTS = (
    "The host's own metric could not score these predictions. The host has been told; this costs "
    "no try."
)
_INPUT, _METRIC, _HARNESS, _OUTPUT = "/input", "/metric", "/palio", "/output"
_ENV = {
    "PYTHONHASHSEED": "0",  # the order of a set must not change a score
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
}
_HOW = {
    Outcome.IMAGE_ERROR: "could not be started: there is no such command",
    Outcome.TIMED_OUT: "was stopped at the end of its time ({seconds} s)",
    Outcome.OUTPUT_LIMIT: "was stopped because it wrote too much to its log",
    Outcome.OUT_OF_MEMORY: "was stopped because it needed more than its memory ({memory} MiB)",
    Outcome.RESOURCE_LIMIT: "was stopped at a limit of its box",
    Outcome.PROGRAM_ERROR: "ended with an error (exit code {code})",
    Outcome.INVALID_OUTPUT: "ended without a result that can be read ({reason})",
}


@dataclass(frozen=True, slots=True)
class MetricResult:
    """What came of scoring with an own metric.

    Attributes:
        card: Its private part is empty where the metric failed there.
        for_host: Why the private part is empty, with the end of the log; empty when all is well.
            For organizers alone.
        seconds: Wall clock of the slower part.

    """

    card: ScoreCard
    for_host: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Ending:
    """How one part ended: with scores, with words for participants, or with a host's fault.

    Attributes:
        refusal: The metric's words for participants.
        fault: What happened, to be read after "the metric", with the end of the log.

    """

    scores: tuple[Score, ...] = ()
    refusal: str = ""
    fault: str = ""
    outcome: Outcome = Outcome.FINISHED
    seconds: float = 0.0


def score_in_box(
    sandbox: Sandbox,
    *,
    plan: ChallengePlan,
    key: AnswerKey,
    predictions: Predictions,
    metric_folder: Path,
    runtime: RuntimeRoot,
    name: RunName,
    workdir: Path,
) -> MetricResult:
    """Score checked predictions with the plan's own metric, both parts at the same time.

    Args:
        sandbox: Makes the boxes.
        plan: Has an own metric.
        key: The answers.
        predictions: In slot order, or in the order of the ids.
        metric_folder: What `program_files.unpack_metric` gave; mounted at ``/metric``.
        runtime: The root of both boxes.
        name: Of the attempt; its `box` is replaced by ``metric-public`` and ``metric-private``.
        workdir: An empty folder closed to other people (it gets the answers), which the caller
            removes.

    Raises:
        MetricRefusalError: The metric refused the predictions with words for their author, on
            the public part.
        MetricFaultError: It failed on the public part; the words for its host are inside.
        SandboxError: A box could not be made; the platform's doing, worth another attempt.

    """
    end = key.public_rows + key.private_rows
    parts = {"public": slice(0, key.public_rows), "private": slice(key.public_rows, end)}
    boxes = MetricBoxes(sandbox, plan, metric_folder, runtime)

    def run(part: str) -> Ending:
        rows = parts[part]
        if rows.start == rows.stop:
            return Ending()
        cut = exchange.cut(key, predictions, plan.form, rows)
        box = replace(name, box=f"metric-{part}")
        return boxes.run(cut, name=box, folder=workdir / part)

    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="palio-metric") as threads:
        public, private = threads.map(run, parts)
    if public.refusal:
        raise MetricRefusalError(public.refusal)
    if public.fault:
        told = f"On the public part the metric {public.fault}"
        raise MetricFaultError(_FOR_PARTICIPANTS, for_host=told, outcome=public.outcome)
    return MetricResult(
        card=ScoreCard(public=public.scores, private=private.scores),
        for_host=_private_words(private),
        seconds=max(public.seconds, private.seconds),
    )


def _private_words(private: Ending) -> str:
    if private.refusal:
        return (
            "On the private part the metric refused the predictions, though not on the public "
            f"one; they have no private score. It said: {private.refusal}"
        )
    if private.fault:
        return f"There is no private score, because on the private part the metric {private.fault}"
    return ""


@dataclass(frozen=True, slots=True)
class MetricBoxes:
    """Makes boxes for one metric."""

    sandbox: Sandbox
    plan: ChallengePlan
    metric_folder: Path
    runtime: RuntimeRoot

    def run(self, part: exchange.Part, *, name: RunName, folder: Path) -> Ending:
        """Score one part in a box of its own.

        Args:
            part: The rows.
            name: Of the run.
            folder: Made here, in a folder closed to other people.

        Raises:
            SandboxError: The box could not be made.

        """
        own = _own(self.plan)
        source, output = folder / "input", folder / "output"
        for one in (folder, source, output):
            one.mkdir()
        self._write(source, part, own)
        mounts = [Mount(source, _INPUT), Mount(self.metric_folder, _METRIC)]
        if not own.program:
            mounts.append(Mount(_copy_harness(folder / "harness"), _HARNESS))
        spec = RunSpec(
            name=name,
            root=self.runtime,
            argv=own.program or _harness_argv(),
            limits=_limits(own),
            mounts=tuple(mounts),
            env=_ENV,
            wanted=(Wanted(_result_name(own), exchange.RESULT_BYTES_MOST),),
            workdir=_METRIC,
        )
        report = self.sandbox.run(spec, collect_into=output)
        shutil.rmtree(source)
        return self._judge(report, own)

    def _write(self, source: Path, part: exchange.Part, own: OwnMetric) -> None:
        if own.program:
            exchange.write_files(source, part, parameters=own.parameters)
        else:
            names = [choice.name for choice in self.plan.metrics]
            exchange.write_call(source, part, parameters=own.parameters, scores=names)
        _open_to_box(source)

    def _judge(self, report: RunReport, own: OwnMetric) -> Ending:
        if report.outcome is not Outcome.FINISHED:
            return _failed(report, _how(report, own))
        names = [choice.name for choice in self.plan.metrics]
        path = report.collected[0].path
        read: Callable[..., dict[str, float] | Refusal] = (
            exchange.read_scores if own.program else exchange.read_result
        )
        try:
            found = read(path, scores=names)
        except BadResultError as error:
            words = printable(str(error).encode("utf-8", "backslashreplace"))
            return _failed(report, f"gave no scores. {words[:LOG_MOST]}")
        if isinstance(found, Refusal):
            return Ending(refusal=_for_participants(found.text), seconds=report.wall_seconds)
        scores = tuple(
            Score(
                choice.name,
                found[choice.name],
                round_score(found[choice.name], digits=choice.digits),
            )
            for choice in self.plan.metrics
        )
        return Ending(scores=scores, seconds=report.wall_seconds)


def _own(plan: ChallengePlan) -> OwnMetric:
    if plan.own_metric is None:
        raise ValueError(f"{plan.slug} has no metric of its own")
    return plan.own_metric


def _harness_argv() -> tuple[str, ...]:
    # Not -I: that would make Python pass over PYTHONHASHSEED; the environment is all ours.
    return ("/usr/bin/python3", "-P", "-s", f"{_HARNESS}/harness.py", _INPUT, _METRIC, _OUTPUT)


def _result_name(own: OwnMetric) -> str:
    return exchange.SCORES if own.program else exchange.RESULT


def _limits(own: OwnMetric) -> Limits:
    return Limits(
        seconds=own.seconds,
        memory_bytes=own.memory_bytes,
        output_bytes=2**20,
        output_inodes=64,
        written_log_bytes=64 * 2**20,
    )


def _copy_harness(folder: Path) -> Path:
    """Copy our program to where the box may read it, wherever this package is installed."""
    folder.mkdir()
    for source in exchange.HARNESS.glob("*.py"):
        shutil.copyfile(source, folder / source.name)
    _open_to_box(folder)
    return folder


def _open_to_box(folder: Path) -> None:
    """Let the box's account read a folder, whatever the umask; the folders above stay closed."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _how(report: RunReport, own: OwnMetric) -> str:
    return _HOW[report.outcome].format(
        seconds=own.seconds,
        memory=own.memory_bytes // 2**20,
        code=report.exit_code,
        reason=report.reason,
    )


def _failed(report: RunReport, how: str) -> Ending:
    log = printable(report.log)[-LOG_MOST:].strip()
    return Ending(
        fault=f"{how.rstrip('.')}.\n{log}".strip(),
        outcome=report.outcome,
        seconds=report.wall_seconds,
    )


def _for_participants(text: str) -> str:
    """Bound a text of the metric, in one line of printable characters."""
    words = printable(" ".join(text.split()).encode("utf-8", "backslashreplace"))
    shown = words if len(words) <= VISIBLE_MOST else words[: VISIBLE_MOST - 1] + "…"
    return shown or "The host's own metric refuses these predictions."
