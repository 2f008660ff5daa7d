"""What an organizer may correct after the launch, checked like the first time: answers, metrics."""

from pathlib import Path

from palio.challenges import check, program_files
from palio.challenges.contracts import ChallengePlan
from palio.core.errors import AppError, Finding
from palio.scoring import registry
from palio.scoring.card import MetricChoice
from palio.scoring.key import KeySummary

_DIGITS_MOST = 15
METRIC_WAY_OUT = "A challenge with other metrics is another challenge: the rules named these."


class CorrectionRefusedError(AppError):
    """What was sent cannot take the place of what is in force."""

    code = "correction_refused"
    status = 422


def compile_answers(folder: Path, plan: ChallengePlan, *, workdir: Path) -> KeySummary:
    """Check solution.csv of a folder and compile it into ``ids`` and ``sealed`` of `workdir`.

    Raises:
        CorrectionRefusedError: With every fault found, by line.

    """
    report = check.check_answers(folder, plan, workdir=workdir)
    if report.findings or report.key is None:
        raise _refusal("The corrected solution.csv has", report.findings)
    return report.key


def check_metric_files(folder: Path, plan: ChallengePlan) -> None:
    """Check metric.py or metric/ of a folder as the next version of the own metric.

    Raises:
        CorrectionRefusedError: With every fault found, or the challenge has built-in metrics.

    """
    if plan.own_metric is None:
        raise CorrectionRefusedError(
            "This challenge has built-in metrics; none was written by you."
        )
    findings = program_files.check_metric(folder, plan.own_metric)
    if findings:
        raise _refusal("The corrected metric has", findings)


def check_metrics(plan: ChallengePlan, metrics: tuple[MetricChoice, ...]) -> None:
    """Check other parameters and digits of the same metrics.

    Raises:
        CorrectionRefusedError: Other metrics, the same again, or what a metric does not take.

    """
    names = [choice.name for choice in plan.metrics]
    if [choice.name for choice in metrics] != names:
        raise CorrectionRefusedError(
            f"Name the same metrics in the same order: {', '.join(names)}. {METRIC_WAY_OUT}"
        )
    if metrics == plan.metrics:
        raise CorrectionRefusedError("These are the parameters and digits in force already.")
    findings = tuple(
        Finding("metric:choice", text) for choice in metrics for text in _complaints(plan, choice)
    )
    if findings:
        raise _refusal("The corrected metrics have", findings)


def _complaints(plan: ChallengePlan, choice: MetricChoice) -> tuple[str, ...]:
    if plan.own_metric is None:
        return registry.check_choice(choice, truth=plan.truth, targets=plan.form.targets)
    told = []
    if not 0 <= choice.digits <= _DIGITS_MOST:
        told.append(f"digits must be from 0 to {_DIGITS_MOST}, not {choice.digits}.")
    if choice.parameters:
        told.append(f"{choice.name} is your own; change it in its files, not by parameters.")
    return tuple(told)


def _refusal(what: str, findings: tuple[Finding, ...]) -> CorrectionRefusedError:
    count = "one mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
    return CorrectionRefusedError(f"{what} {count}.", findings=findings)
