"""What a team is told in words of a run of its program; of a hidden one as little as helps."""

from palio.challenges.contracts import ModelRules
from palio.core.errors import Finding
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import RunReport

_O = Outcome
HIDDEN_REFUSAL = (
    "The organizer's metric refused the predictions that your program wrote on the hidden data."
    " More is not told of a run on hidden data. It counts as a try."
)


def of_end(outcome: Outcome, *, rules: ModelRules) -> str:
    """Say how a run ended, from the outcome and the challenge's limits alone."""
    return {
        _O.FINISHED: "ended well",
        _O.IMAGE_ERROR: "could not be started: its entry program is missing or cannot be run",
        _O.TIMED_OUT: f"was stopped at its limit of {rules.seconds:,} s",
        _O.OUTPUT_LIMIT: "wrote too much to its log and was stopped",
        _O.OUT_OF_MEMORY: f"needed more than its {rules.memory_bytes / 2**20:,.0f} MiB of memory",
        _O.RESOURCE_LIMIT: "was ended by the sandbox at one of its limits",
        _O.PROGRAM_ERROR: "ended with an error",
        _O.INVALID_OUTPUT: "ended without a sound /output/predictions.csv",
        _O.INVALID_PREDICTIONS: "wrote predictions that are not sound",
    }[outcome]


def smoke_finding(report: RunReport, *, rules: ModelRules) -> Finding:
    """Say why a smoke run failed; everything of it may be told."""
    text = f"On the public sample your program {of_end(report.outcome, rules=rules)}"
    if report.outcome is Outcome.PROGRAM_ERROR:
        text += f" (exit code {report.exit_code})"
    if report.reason:
        text += f" ({report.reason})"
    return Finding(
        code=f"run:{report.outcome}",
        text=f"{text}.",
        hint="Its log stands with the submission. Try it at home with: palio model run",
    )


def hidden_reason(outcome: Outcome, *, rules: ModelRules) -> str:
    """Say why a hidden run failed: its outcome and no more."""
    return (
        f"On the hidden data your program {of_end(outcome, rules=rules)} ({outcome})."
        " More is not told of a run on hidden data. It counts as a try."
    )
