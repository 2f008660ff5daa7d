"""A challenge's rules as values: what challenge.toml says, and where the challenge stands."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from palio.challenges.board_contracts import BoardPlan
from palio.challenges.prize_contracts import EscrowPlan, PrizePlan, TieRule, VerificationPlan
from palio.scoring.card import MetricChoice
from palio.scoring.form import PredictionForm, TargetColumn


class ChallengeState(StrEnum):
    """Where a challenge stands; it only moves forward."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    OPEN = "open"
    CLOSED = "closed"
    REVEALED = "revealed"
    AWARDED = "awarded"
    ARCHIVED = "archived"


class EntryRule(StrEnum):
    """Which of a team's submissions is its entry."""

    CHOSEN = "chosen"  # the team's n chosen ones, best public ones in place of missing choices
    BEST_PUBLIC = "best_public"
    LAST = "last"
    ALL = "all"  # every one of them has a row of its own


@dataclass(frozen=True, slots=True)
class Quota:
    """How often a team may submit. None = no limit of that kind."""

    per_day: int | None
    total: int | None
    zone: str  # IANA name; days begin at its midnight


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """One phase as declared: aware UTC times, received_at < closes_at is in time."""

    name: str
    opens_at: datetime
    closes_at: datetime
    quota: Quota


@dataclass(frozen=True, slots=True)
class TeamRules:
    """Team size and the last moments to join and to change teams (None = the close)."""

    max_members: int
    entry_deadline: datetime | None
    merge_deadline: datetime | None


class AnswersOpen(StrEnum):
    """When the promise of the answers is opened; never before the reveal."""

    AT_THE_END = "at_the_end"  # by itself, once awards are decided or the challenge is archived
    BY_THE_ORGANIZER = "by_the_organizer"


class Delivery(StrEnum):
    """What a team may hand in."""

    PREDICTIONS = "predictions"  # a file of predictions
    CODE = "code"  # a zip that the server's runtime runs on the hidden features
    IMAGE = "image"  # a container image, the same


@dataclass(frozen=True, slots=True)
class ModelRules:
    """What a team's program may use when the server runs it on the hidden features.

    Attributes:
        seconds: Wall clock of the hidden run; the smoke run has the same.
        image_max_bytes: Of the uploaded file.
        code_max_bytes: Of the uploaded zip, and of what is in it.
        has_sample_answers: The folder has models/sample_submission.csv, so that the smoke run's
            predictions are checked row by row.

    """

    seconds: int
    memory_bytes: int
    cpus: float
    processes: int
    output_bytes: int
    scratch_bytes: int
    image_max_bytes: int
    code_max_bytes: int
    has_sample_answers: bool


@dataclass(frozen=True, slots=True)
class OwnScore:
    """One number the host's own metric gives; its digits stand in `ChallengePlan.metrics`."""

    name: str
    is_lower_better: bool


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A metric written by the host; it runs in a box, once for each part of the answers.

    Attributes:
        program: Command run in the folder metric/; empty for `score()` in metric.py.
        parameters: Keyword arguments of `score()`, or parameters.json of a program.
        scores: In the order of `ChallengePlan.metrics`; the first one ranks.
        public_columns: Answer columns that are no secret, such as groups or weights.

    """

    program: tuple[str, ...]
    parameters: tuple[tuple[str, bool | int | float | str], ...]
    scores: tuple[OwnScore, ...]
    seconds: int
    memory_bytes: int
    public_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChallengePlan:
    """Everything `challenge.toml` declares.

    Attributes:
        metrics: The first one ranks.
        form: What a prediction file looks like.
        truth: Answer columns of solution.csv.
        public_share: Share of rows scored in public when solution.csv has no Usage column.
        split_seed: Seed of that split.
        finals: How many submissions a team may choose (EntryRule.CHOSEN).
        reveal_at: Instant of the reveal; None = as soon as everything received in time is scored.
        own_metric: The host's own metric in place of built-in ones.
        deliveries: What a team may hand in.
        models: Limits of code and images; None when neither is taken.
        divisions: Groups a team may declare to belong to, such as students.

    """

    slug: str
    title: str
    tagline: str
    organizer: str
    tags: tuple[str, ...]
    data_licence: str
    metrics: tuple[MetricChoice, ...]
    form: PredictionForm
    truth: tuple[TargetColumn, ...]
    public_share: float | None
    split_seed: int | None
    phases: tuple[PhasePlan, ...]
    teams: TeamRules
    entry_rule: EntryRule
    finals: int
    tie_rule: TieRule
    prizes: tuple[PrizePlan, ...]
    reveal_at: datetime | None
    own_metric: OwnMetric | None = None
    deliveries: tuple[Delivery, ...] = (Delivery.PREDICTIONS,)
    models: ModelRules | None = None
    board: BoardPlan = field(default_factory=BoardPlan)
    answers_open: AnswersOpen = AnswersOpen.BY_THE_ORGANIZER
    divisions: tuple[str, ...] = ()
    escrow: EscrowPlan = field(default_factory=EscrowPlan)
    verification: VerificationPlan = field(default_factory=VerificationPlan)


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase in force, with times as extended so far."""

    id: str
    name: str
    position: int
    opens_at: datetime
    closes_at: datetime
    quota: Quota


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge in force, or a draft of one (`published_at` is None then).

    Attributes:
        round: 0, and one more each time it opened again because nobody verified.

    """

    id: str
    slug: str
    state: ChallengeState
    plan: ChallengePlan
    phases: tuple[Phase, ...]
    rules_sha256: str
    metric_version: int
    organizer_id: str
    published_at: datetime | None
    revealed_at: datetime | None
    round: int = 0


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """One public change of a phase's close: an extension, a last call, a reopening."""

    phase: str
    closes_at_before: datetime
    closes_at_after: datetime
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class QuotaWindow:
    """The day a try is charged to, in the challenge's zone, and when the next one begins."""

    day: date
    next_day_at: datetime
