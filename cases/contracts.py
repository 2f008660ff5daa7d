"""What other folders may know of evidence and cases."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from palio.submissions.exclusion_contracts import ReasonCode

Numbers = Mapping[str, float]


class FindingKind(StrEnum):
    """What a scan can find. None of them proves anything by itself."""

    EQUAL_FILES = "equal_files"  # the same predictions, value for value
    EQUAL_ROWS = "equal_rows"  # half of the values or more on secret rows
    CLOSE_PREDICTIONS = "close_predictions"  # partial correlation
    LINKED_ACCOUNTS = "linked_accounts"
    PROBING = "probing"


class Strength(StrEnum):
    """How far a finding lies from what independent work gives."""

    REVIEW = "review"
    STRONG = "strong"


class Signal(StrEnum):
    """What may tie the accounts of two teams together; each has a weight in `linked`."""

    SAME_MAIL = "same_mail"
    SHARED_ADDRESS = "shared_address"
    SIGNED_UP_TOGETHER = "signed_up_together"
    TAKING_TURNS = "taking_turns"
    SAME_PREDICTIONS = "same_predictions"
    FIRST_FILE = "first_file"
    COMPLEMENTARY = "complementary"


@dataclass(frozen=True, slots=True)
class BaseRate:
    """How common a value is in this challenge.

    Attributes:
        as_high: How many pairs of teams (or teams) have at least this value, this one included.
        of: Among how many.
        typical: Half of them lie below.
        high: 99.9 % of them lie below.

    """

    as_high: int
    of: int
    typical: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class NewFinding:
    """What a scan found about one team, or between two.

    Attributes:
        team_ids: One, or two in order of id.
        submission_ids: The entries it rests on, one for each team, in the same order.
        value: The measure the base rate is about.
        numbers: Further ones by name; see `words`.
        signals: Of linked accounts, strongest first.

    """

    kind: FindingKind
    strength: Strength
    team_ids: tuple[str, ...]
    submission_ids: tuple[str, ...]
    value: float
    rate: BaseRate
    numbers: Numbers = field(default_factory=dict)
    signals: tuple[Signal, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A stored finding.

    Attributes:
        case_ids: Cases that rest on it.
        dismissed_reason: Empty while nobody set it aside.

    """

    id: str
    challenge_id: str
    found: NewFinding
    found_at: datetime
    seen_at: datetime
    case_ids: tuple[str, ...]
    dismissed_reason: str


class ScanState(StrEnum):
    """Where a scan stands."""

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Scan:
    """One look over all teams of a challenge.

    Attributes:
        notes: What it covered and what it could not tell, one sentence each.

    """

    id: str
    challenge_id: str
    state: ScanState
    asked_by: str  # a person's id, or "system" for the nightly ones
    asked_at: datetime
    ended_at: datetime | None
    notes: tuple[str, ...]


class CaseState(StrEnum):
    """Where a case stands. The table of moves is `rules.MOVES`."""

    OPENED = "opened"  # only hosts know of it
    NOTIFIED = "notified"  # the team has been told, and may reply
    REPLIED = "replied"
    UNANSWERED = "unanswered"  # the time for a reply is over
    DECIDED = "decided"  # the team may appeal
    APPEALED = "appealed"
    CLOSED = "closed"


class Decision(StrEnum):
    """What a case may end in."""

    NO_BREACH = "no_breach"
    WARNING = "warning"
    EXCLUDE_ENTRY = "exclude_entry"  # the submission in question is disqualified
    DISQUALIFY = "disqualify"  # the team is


class Outcome(StrEnum):
    """How a closed case ended."""

    DROPPED = "dropped"  # before the team was told
    CLEARED = "cleared"  # decided: no breach
    NOT_DECIDED = "not_decided"  # nobody decided in time: nothing happens to the team
    STANDS = "stands"  # no appeal in time
    CONFIRMED = "confirmed"  # the appeal was lost
    OVERTURNED = "overturned"  # the appeal was won, or nobody decided it in time


class StepKind(StrEnum):
    """One entry in a case's history."""

    OPENED = "opened"
    NOTIFIED = "notified"
    REPLIED = "replied"
    TIME_UP = "time_up"
    DECIDED = "decided"
    APPEALED = "appealed"
    APPEAL_DECIDED = "appeal_decided"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Step:
    """What happened in a case, when, by whom.

    Attributes:
        actor_id: A person's id, or "system" for a clock.
        is_team: A member of the accused team did it.
        file_sha256: Of a file the words speak of; the file itself stays with the team.

    """

    kind: StepKind
    actor_id: str
    is_team: bool
    at: datetime
    words: str
    file_name: str = ""
    file_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A suspicion about one team, on its way to an end.

    Attributes:
        team_id: The accused.
        due_at: When the clock of this state runs out, None once closed.
        decision, reason, decided_by: None or empty before a decision.
        exclusion_id: The disqualification it led to.

    """

    id: str
    challenge_id: str
    team_id: str
    state: CaseState
    opened_at: datetime
    due_at: datetime | None
    decision: Decision | None
    reason: ReasonCode | None
    decided_by: str
    outcome: Outcome | None
    exclusion_id: str | None
    evidence: tuple[NewFinding, ...]
    steps: tuple[Step, ...]

    @property
    def is_known_to_team(self) -> bool:
        """Whether the team was told."""
        return any(step.kind is StepKind.NOTIFIED for step in self.steps)
