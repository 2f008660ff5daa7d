"""Says what the end of a model's run means, and what its author can do."""

from palio.cli.client.show import size_of
from palio.sandbox.outcome import Outcome
from palio.sandbox.spec import Limits, RunReport

_OUTPUT = {
    "output:missing": "It ended well and left no /output/predictions.csv.",
    "output:symlink": "Its /output/predictions.csv is a link.",
    "output:not_a_file": "Its /output/predictions.csv is no file.",
    "output:hard_link": "Its /output/predictions.csv has a second name.",
    "output:too_large": "Its /output/predictions.csv is too large.",
    "output:unreadable": "Its /output/predictions.csv cannot be read.",
}


def meaning(report: RunReport, limits: Limits) -> tuple[str, str]:
    """Return what happened, and what to do about it; never empty."""
    if report.outcome is Outcome.INVALID_OUTPUT:
        words = _OUTPUT.get(report.reason, f"Its output was refused ({report.reason}).")
        return words, f"Write a plain file of at most {size_of(limits.output_bytes)} there."
    if report.outcome is Outcome.FINISHED and report.had_memory_kill:
        return (
            "It ended well, but one of its processes was killed for memory.",
            "Look whether the predictions are whole.",
        )
    return {
        Outcome.FINISHED: (
            "It ended well.",
            "Submit it: the smoke run on the server judges the predictions too, and costs no try.",
        ),
        Outcome.IMAGE_ERROR: (
            "Its program could not be started.",
            "Name python, sh, env or an executable file as ./NAME in palio-model.toml.",
        ),
        Outcome.TIMED_OUT: (
            f"It was stopped after {limits.seconds:g} s.",
            "Do less at prediction time: send a trained model and only apply it.",
        ),
        Outcome.OUTPUT_LIMIT: (
            "It was stopped because it wrote too much to its output and error.",
            "Print less; predictions go to /output/predictions.csv.",
        ),
        Outcome.OUT_OF_MEMORY: (
            f"It was killed at its memory limit of {size_of(limits.memory_bytes)}.",
            "Files in /tmp and /output count too. Read the input in pieces.",
        ),
        Outcome.RESOURCE_LIMIT: (
            "It ran into a limit of the box.",
            "Use less memory and fewer processes.",
        ),
        Outcome.INVALID_PREDICTIONS: (
            "It ended well, but its predictions are not what the challenge wants.",
            "Ask which lines are wrong: palio check FILE --challenge CHALLENGE",
        ),
        Outcome.PROGRAM_ERROR: (
            f"It ended with exit code {report.exit_code}; 0 means that all went well.",
            "What it wrote, above, says why.",
        ),
    }[report.outcome]
