"""Every end of a run in words: what happened, and what its author can do about it."""

from dataclasses import dataclass
from typing import Final

from palio.sandbox.outcome import Fault, Outcome


@dataclass(frozen=True, slots=True)
class EndWords:
    """What happened, and what to do (may be empty)."""

    words: str
    hint: str = ""


_LIMITS = "The limits are on the challenge's page, and palio model run holds them at home."

# On the page of errors too: nothing here depends on one run.
WORDS: Final = {
    Outcome.FINISHED: EndWords("It ended by itself, and its file was taken."),
    Outcome.IMAGE_ERROR: EndWords(
        "The program could not be started: its first file is missing, or nobody may run it.",
        "Look at command in palio-model.toml, or at ENTRYPOINT and CMD of the image: the file "
        "must be there, be made for this kind of machine, and be readable by everybody, since it "
        "runs as nobody.",
    ),
    Outcome.TIMED_OUT: EndWords("Its time was over, so it was stopped.", f"Be faster. {_LIMITS}"),
    Outcome.OUTPUT_LIMIT: EndWords(
        "It wrote far more to its log than is taken, so it was stopped.",
        "Write less to standard output and standard error.",
    ),
    Outcome.OUT_OF_MEMORY: EndWords(
        "It needed more memory than it may have; files in /tmp and /output count too.",
        f"Read and predict in smaller pieces. {_LIMITS}",
    ),
    Outcome.RESOURCE_LIMIT: EndWords(
        "The box gave up under it, near one of its limits.",
        f"Use less memory and fewer processes. {_LIMITS}",
    ),
    Outcome.PROGRAM_ERROR: EndWords(
        "It ended with an exit code other than 0.",
        "The end of the smoke run's log usually says why; palio model run does the same at home.",
    ),
    Outcome.INVALID_OUTPUT: EndWords(
        "It ended well, and left no file that can be taken.",
        "Write one plain file, /output/predictions.csv: no link, no folder, not empty, and no "
        "larger than the limit.",
    ),
    Outcome.INVALID_PREDICTIONS: EndWords(
        "It ended well, and the predictions it wrote are not sound.",
        "Write one line for every id in /input, no more and no fewer, with values as on the "
        "challenge's page.",
    ),
}
OURS: Final = EndWords(
    "The box itself failed, which is our fault: it is tried again, and costs you nothing."
)
RUNNING: Final = EndWords("It runs.")


def words_of(outcome: Outcome | None, *, fault: Fault, has_ended: bool) -> EndWords:
    """Say how a run stands.

    Args:
        outcome: None while it runs, and where the box failed.
        fault: Tells these two apart, with `has_ended`.
        has_ended: Whether the run is over.

    """
    if outcome is not None:
        return WORDS[outcome]
    return OURS if has_ended or fault is Fault.PLATFORM else RUNNING
