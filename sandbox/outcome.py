"""What the end of a run means, whose fault it is, and what follows for the quota: pure rules."""

from dataclasses import dataclass
from enum import StrEnum

EXIT_NOT_RUNNABLE = 126
EXIT_NOT_FOUND = 127


class Killer(StrEnum):
    """Who ended a run that did not end by itself."""

    NOBODY = "nobody"
    CLOCK = "clock"  # we, at the end of its time
    LOG = "log"  # we, when it wrote too much
    MEMORY = "memory"  # the kernel, at the memory limit


class Level(StrEnum):
    """How strong the wall around a box is, weakest first."""

    NONE = "none"
    NAMESPACES = "namespaces"  # bubblewrap with cgroups: one kernel, our seccomp list
    CONTAINER = "container"  # Docker with runc: the same, kept by an engine of its own
    GVISOR = "gvisor"  # Docker with runsc: a kernel of its own in user space


class Outcome(StrEnum):
    """How a run ended; the table of isolation levels and retries hangs on these words."""

    FINISHED = "finished"  # exit 0 by itself, and every wanted file was collected
    IMAGE_ERROR = "image_error"  # the entry program is missing or cannot be run
    TIMED_OUT = "timed_out"
    OUTPUT_LIMIT = "output_limit"  # log cap
    OUT_OF_MEMORY = "out_of_memory"
    RESOURCE_LIMIT = "resource_limit"  # gVisor gave up under the program (its exit 2)
    PROGRAM_ERROR = "program_error"  # exit code other than 0
    INVALID_OUTPUT = "invalid_output"  # exit 0, and the collector refused
    INVALID_PREDICTIONS = "invalid_predictions"  # collected, and the reader of predictions refused


@dataclass(frozen=True, slots=True)
class End:
    """What was observed at the end of a run.

    Attributes:
        never_started: The backend says that the entry program could not be executed.
        is_gvisor: The box was a gVisor one, whose own failures look like exit codes.
        refusal: The collector's code; empty when it took everything wanted.

    """

    exit_code: int
    killed_by: Killer
    had_memory_kill: bool
    never_started: bool = False
    is_gvisor: bool = False
    refusal: str = ""


def classify(end: End) -> Outcome:
    """Say what an observed end means.

    The order is the argument. What we did ourselves is certain, so it comes first: a program
    that we stop at its time may well have met its memory limit before, and still ran on. The
    kernel's memory kill comes next, but only with a failing exit: a child may be killed while
    its parent ends well, and such a run counts. An exit code is the program's own claim and
    comes last; 137 without a memory kill and without us is the program's own SIGKILL.
    """
    if end.never_started:
        return Outcome.IMAGE_ERROR
    if end.killed_by is Killer.CLOCK:
        return Outcome.TIMED_OUT
    if end.killed_by is Killer.LOG:
        return Outcome.OUTPUT_LIMIT
    if end.exit_code != 0:
        return _failing(end)
    return Outcome.INVALID_OUTPUT if end.refusal else Outcome.FINISHED


def _failing(end: End) -> Outcome:
    if end.had_memory_kill:
        return Outcome.OUT_OF_MEMORY
    if end.is_gvisor and end.exit_code == 2:  # noqa: PLR2004 (the Sentry's own)
        return Outcome.RESOURCE_LIMIT
    return Outcome.PROGRAM_ERROR


class Box(StrEnum):
    """Which of the boxes a run was in."""

    SMOKE = "smoke"  # the participant's program on public sample data
    MODEL = "model"  # the participant's program on hidden features
    METRIC = "metric"  # the host's program on answers and predictions


class Fault(StrEnum):
    """Who has to mend it."""

    NOBODY = "nobody"
    PARTICIPANT = "participant"
    HOST = "host"
    PLATFORM = "platform"


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a run's end means for the submission.

    Attributes:
        fault: Who has to mend it.
        counts: It costs the team a try.
        is_retried: The same run is worth another attempt by itself.

    """

    fault: Fault
    counts: bool
    is_retried: bool


def consequence(box: Box, outcome: Outcome | None) -> Consequence:
    """Say whose fault an end is, and what follows.

    Args:
        box: Where it happened.
        outcome: None when the box itself failed (`SandboxError`): no program ran to an end.

    The argument. A box that could not be made says nothing of the program in it: ours, tried
    again. In the smoke run the program is the participant's, but nothing hidden was touched, so
    its failure is a check that did not pass, not a try. In the model box it is the
    participant's, and it counts even where it might be bad luck (memory, time): a failed hidden
    run tells its author one bit about hidden data, and the quota is what bounds such bits. For
    the same reason nothing there is run twice to see whether it does better, but for gVisor's
    own giving up, which is known to hit fair programs near a limit. In the metric box only the
    host's program runs, on a file that passed every check: whatever goes wrong is the host's to
    mend, and no try of the participant's.

    """
    if outcome is None:
        return Consequence(Fault.PLATFORM, counts=False, is_retried=True)
    if outcome is Outcome.FINISHED:
        return Consequence(Fault.NOBODY, counts=True, is_retried=False)
    if box is Box.METRIC:
        return Consequence(Fault.HOST, counts=False, is_retried=False)
    is_retried = outcome is Outcome.RESOURCE_LIMIT
    return Consequence(Fault.PARTICIPANT, counts=box is Box.MODEL, is_retried=is_retried)
