"""What other folders may know of submissions; public and private scores never share a type."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from palio.challenges.contracts import Delivery
from palio.core.errors import Finding
from palio.sandbox.outcome import Box, Fault, Killer, Outcome


class SubmissionKind(StrEnum):
    """Who a submission speaks for."""

    COMPETITOR = "competitor"
    BASELINE = "baseline"  # the host's line on the board; marked, never ranked
    HOST = "host"  # a team with an organizer or a judge in it; marked, never ranked
    VERIFICATION = "verification"  # a winner's code, run again; no quota, never on a board
    LATE = "late"  # received after the close; scored and shown apart, never ranked with the others


class SubmissionState(StrEnum):
    """Where a submission stands. The table of moves is `submissions.states`."""

    RECEIVED = "received"
    RUNNING = "running"
    SCORED = "scored"
    REFUSED = "refused"  # the file is not sound: costs no quota
    FAILED = "failed"  # sound file, no finite score: the participant's
    ERRORED = "errored"  # the platform's fault, after every retry: costs no quota


class QuotaCause(StrEnum):
    """Why a line stands in the quota ledger."""

    SUBMITTED = "submitted"
    PLATFORM_FAULT = "platform_fault"
    REFUSED_FILE = "refused_file"
    METRIC_FAULT = "metric_fault"  # the organizer's own metric gave no score
    HOST_GRANT = "host_grant"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one installation takes from one team, beside the challenge's own quota.

    Attributes:
        refused_files_per_day: Refused files cost no try, nor do those a host's metric broke on;
            more than this many a day are not read.
        file_max_bytes: Of a prediction file.
        model_max_bytes: Of an image or a zip of code.

    """

    refused_files_per_day: int = 50
    file_max_bytes: int = 2 * 2**30
    model_max_bytes: int = 10 * 2**30


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof that a file arrived: its digest and the database's time at the end of the upload."""

    submission_id: str
    challenge_id: str
    team_id: str  # empty for a baseline, here and below
    file_name: str
    sha256: str
    bytes: int
    received_at: datetime
    is_new: bool  # False when the idempotency key was seen before
    delivery: Delivery = Delivery.PREDICTIONS


@dataclass(frozen=True, slots=True)
class OpenedScore:
    """What opens the log's promise of a private score, once it is told: words and hex salt."""

    private_score: str
    salt: str


@dataclass(frozen=True, slots=True)
class PublicScore:
    """One metric on the public part, as it is told. No private field, no exact one to leak."""

    metric: str
    rounded: Decimal


@dataclass(frozen=True, slots=True)
class Submission:
    """A submission as its team sees it.

    Attributes:
        team_id: Whom it counts for: after a merger the merged team.
        sender_team_id: Who handed it in; its receipt names this team for ever.
        withdrawn_words: Why the organizer withdrew it; empty when the team did.
        public_scores: What the release rule tells: perhaps the team's best, perhaps nothing yet.
        release_words: Why it tells that; empty where scores are told as they are.

    """

    id: str
    challenge_id: str
    phase_id: str
    team_id: str
    person_id: str
    kind: SubmissionKind
    label: str  # name of a baseline line; empty for competitors
    file_name: str
    sha256: str
    bytes: int
    state: SubmissionState
    reason: str  # why it ended, in words; empty while it runs and when scored
    findings: tuple[Finding, ...]
    received_at: datetime
    ended_at: datetime | None
    is_chosen: bool
    note: str
    public_scores: tuple[PublicScore, ...]
    delivery: Delivery = Delivery.PREDICTIONS
    sender_team_id: str = ""
    withdrawn_at: datetime | None = None
    withdrawn_words: str = ""
    release_words: str = ""


@dataclass(frozen=True, slots=True)
class RunRef:
    """Names one run of a team's program; `attempt` is the fence of its job."""

    submission_id: str
    stage: Box
    attempt: int


@dataclass(frozen=True, slots=True)
class SmokeRun:
    """A team's program on public sample data, as the team sees it: everything there is.

    Attributes:
        outcome: None while it runs, and where the box failed (`fault` is the platform's then).
        log: The end of what it wrote, fit to be shown.
        reason: Code of what was refused, such as ``output:symlink``; empty otherwise.

    """

    outcome: Outcome | None
    fault: Fault
    exit_code: int | None
    killed_by: Killer
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    log: str
    is_log_cut: bool
    reason: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class HiddenRun:
    """A team's program on the hidden features, as the team sees it: how it ended and its size.

    No log, exit code or reason: each would tell the team whatever the program read there.

    Attributes:
        outcome: As in `SmokeRun`.
        wall_seconds: Whole seconds, rounded up.
        peak_memory_bytes: Rounded up to 16 MiB.

    """

    outcome: Outcome | None
    fault: Fault
    wall_seconds: int
    peak_memory_bytes: int
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ModelRuns:
    """The latest run of each kind; None where there was none."""

    smoke: SmokeRun | None
    hidden: HiddenRun | None


@dataclass(frozen=True, slots=True)
class HostRun:
    """A run on hidden data as its organizers see it; never shown to participants.

    Attributes:
        box: ``model``, ``predictions`` (their reading), ``metric-public`` or ``metric-private``
            (failures of the metric), or ``refusal`` (what the metric told of the predictions).
        log: The end of what was written, fit to be shown.
        words: What else the organizer has to know, such as why the predictions were refused.

    """

    box: str
    attempt: int
    outcome: Outcome | None
    exit_code: int | None
    killed_by: Killer
    wall_seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    log: str
    is_log_cut: bool
    reason: str
    words: str
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class ScoredEntry:
    """What a board needs of one scored submission, one part of the holdout, ranking metric first.

    `leaderboard` asks for the private part only inside `reveal` and after.

    Attributes:
        public: Rounded public ranking score; it also decides `best_public`.
        rounded, all_rounded: On the part the board shows: ranking score, all metrics.
        all_public: Public scores of all metrics, where `all_rounded` are private ones.
        is_host: Its team has an organizer or a judge in it, late entries included.

    """

    submission_id: str
    team_id: str
    kind: SubmissionKind
    label: str
    received_at: datetime
    is_chosen: bool
    public: Decimal
    rounded: Decimal
    all_rounded: tuple[tuple[str, Decimal], ...]
    phase_id: str = ""
    all_public: tuple[tuple[str, Decimal], ...] = ()
    is_host: bool = False


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """One line of the quota ledger: +1 charged, -1 given back, -n granted by the host.

    A refund carries the day of its charge; a grant counts on the day it is made and in the total.
    """

    at: datetime
    day: date
    change: int
    cause: QuotaCause
    submission_id: str | None
    note: str


@dataclass(frozen=True, slots=True)
class QuotaStatus:
    """How many tries a team has left now.

    Attributes:
        remaining: None = no limit.
        next_try_at: When a try becomes possible again, None when one is possible now or never.

    """

    used_today: int
    used_total: int
    remaining: int | None
    next_try_at: datetime | None
    lines: tuple[QuotaLine, ...]
