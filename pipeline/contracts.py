"""What others may know of jobs, workers and alarms."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from palio.challenges.contracts import Delivery
from palio.sandbox.outcome import Level
from palio.submissions.version_contracts import VersionPair


class JobState(StrEnum):
    """Where a job stands; nothing leaves DONE and FAILED."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # given up after every attempt: the platform's fault


class Queue(StrEnum):
    """Which workers a job or a message is for."""

    SCORE = "score"
    METRIC = "metric"  # scoring by a host's own metric: answers, and a box
    MODEL = "model"  # code and images: a box, and no answers
    BOARD = "board"


class Task(StrEnum):
    """Names of messages; each carries one id."""

    SCORE = "score"  # job id, as in the next two; a hint that the queue holds work
    METRIC = "metric"
    MODEL = "model"
    PUBLISH = "publish"  # challenge id: a score changed
    SETTLE = "settle"  # challenge id: perhaps everything received in time is scored
    OPEN = "open"  # opening id: answers are to be opened
    SCAN = "scan"  # challenge id: its evidence desk asked for a look over all teams


JOB_QUEUES: Final = {Queue.SCORE: Task.SCORE, Queue.METRIC: Task.METRIC, Queue.MODEL: Task.MODEL}
"""Queues that hold jobs, and the message that is a hint of one."""


class Priority:
    """Smaller goes first."""

    COMPETITOR = 0
    BASELINE = 10
    RESCORE = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to work on a job until the lease ends; every write is guarded by the fence.

    Attributes:
        score_version_id: Of the rescore set it is for; empty for a new submission.
        scored_by: By which versions it is to be scored; None = not known to who asks.

    """

    job_id: str
    submission_id: str
    challenge_id: str
    fence: int
    attempt: int
    priority: int = Priority.COMPETITOR
    queue: Queue = Queue.SCORE
    score_version_id: str = ""
    scored_by: VersionPair | None = None


@dataclass(frozen=True, slots=True)
class JobView:
    """Where one job stands, with times by the database's clock."""

    id: str
    submission_id: str
    queue: Queue
    state: JobState
    priority: int
    attempts: int
    created_at: datetime
    not_before: datetime
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Typical:
    """How long recent jobs took, in seconds; None while there is no history."""

    wait_p50: float | None
    wait_p90: float | None
    run_p50: float | None
    run_p90: float | None


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """What a participant is told about a submission's way through the queue.

    Attributes:
        position: 1 = next; None when it does not wait.
        running_seconds: Since when it runs; None when it does not.
        workers_alive: Processes for its queue that gave a sign of life lately.
        typical: How long others waited and ran.
        words: One or two sentences.

    """

    position: int | None
    running_seconds: float | None
    workers_alive: int
    typical: Typical
    words: str


class OpeningState(StrEnum):
    """Where an opening of answers stands."""

    WAITING = "waiting"  # for a worker that reads answers
    OPENED = "opened"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Opening:
    """Answers that are opened: all, or one row.

    Attributes:
        row: Its id; empty = all.
        rows: How many are in the file.
        sha256: Of the file; empty until it is there.
        words: Why there is none.

    """

    id: str
    challenge_id: str
    key_version: int
    row: str
    state: OpeningState
    rows: int
    bytes: int
    sha256: str
    asked_at: datetime
    ended_at: datetime | None
    words: str


class AlarmKind(StrEnum):
    """What an alarm is about."""

    METRIC_BROKE = "metric_broke"  # the host's own metric
    JOB_GIVEN_UP = "job_given_up"
    QUEUE_QUIET = "queue_quiet"
    AWARD_WAITS = "award_waits"  # for a check, a payment or a deposit


@dataclass(frozen=True, slots=True)
class AlarmView:
    """Something the host has to look at."""

    id: str
    kind: AlarmKind
    challenge_id: str | None
    words: str
    raised_at: datetime


@dataclass(frozen=True, slots=True)
class Abilities:
    """What one machine can run in boxes, as tried out there.

    Attributes:
        code, image, metric: How strong a box it has for each; NONE = it runs no such thing.
        memory_bytes: Of the machine: nothing that may use more is started there.
        words: What is missing, for the operator.

    """

    code: Level = Level.NONE
    image: Level = Level.NONE
    metric: Level = Level.NONE
    memory_bytes: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class WorkerView:
    """One worker, what it takes, and its last sign of life."""

    name: str
    processes: int
    queues: tuple[Queue, ...]
    abilities: Abilities
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Offer:
    """Whether something a challenge takes can be taken at this moment.

    Attributes:
        level: How strong a box it runs in; NONE for predictions, which need none.
        words: Why not, and what works instead; empty when it can.

    """

    delivery: Delivery
    is_offered: bool
    level: Level
    words: str
