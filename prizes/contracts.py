"""Awards as values: who is offered what, where it stands, what is still to be done."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from palio.challenges.prize_contracts import Gate, PrizeKind
from palio.core.money import Money


class AwardState(StrEnum):
    """Where an award stands. The table of moves is `prizes.states`."""

    PROVISIONAL = "provisional"
    NOTIFIED = "notified"
    ACCEPTED = "accepted"
    DOCUMENTS = "documents"  # handed in, being looked at
    CODE_VERIFIED = "code_verified"
    ELIGIBLE = "eligible"
    SPLIT_SIGNED = "split_signed"
    PAYABLE = "payable"
    SENT = "sent"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    FORFEITED = "forfeited"  # a time limit ran out, or a gate was failed
    DISQUALIFIED = "disqualified"
    SUPERSEDED = "superseded"  # the final board changed, and the prize fell to another team
    RETURNED = "returned"  # the bank sent the money back
    CLAWED_BACK = "clawed_back"


@dataclass(frozen=True, slots=True)
class Award:
    """A prize offered to a team.

    Attributes:
        pot: Which prizes it is of: those of one kind that are given by one ranking.
        round: 0, and one more each time the challenge opened again.
        score: On the private part; for PROGRESS on the public part, the private one is not told.
        entered_at: When it came into its state.
        due_at: When time alone moves it on, None when it waits for people without a limit.
        decided_at: When it was given or lost; None while that is open.

    """

    id: str
    challenge_id: str
    team_id: str
    team_name: str
    place: int
    title: str
    money: Money
    score: Decimal
    submission_id: str
    state: AwardState
    made_at: datetime
    decided_at: datetime | None
    kind: PrizeKind = PrizeKind.RANK
    pot: str = PrizeKind.RANK.value
    round: int = 0
    entered_at: datetime | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One state an award came into."""

    state: AwardState
    at: datetime


@dataclass(frozen=True, slots=True)
class GateRecord:
    """What was found at a gate: never the document, only that somebody saw it.

    Attributes:
        evidence_sha256: Of what was looked at; empty where nothing can be hashed.
        by: Person id, or "system".

    """

    gate: Gate
    has_passed: bool
    evidence_sha256: str
    words: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ShareOf:
    """A member's part of an award.

    Attributes:
        basis_points: 1/100 of a percent; all of a split add up to 10,000.
        minor: Amount, None before the split is frozen.
        has_signed: The split as it stands.

    """

    person_id: str
    handle: str
    basis_points: int
    minor: int | None
    has_signed: bool


@dataclass(frozen=True, slots=True)
class Split:
    """How a team shares an award.

    Attributes:
        number: 0 = equal parts, which hold when nobody proposes another; then counted up.

    """

    number: int
    is_frozen: bool
    shares: tuple[ShareOf, ...]


@dataclass(frozen=True, slots=True)
class Rerun:
    """What came of running a winner's code, or of the organizer's own look at it.

    Attributes:
        submission_id: Of the code; empty when a person verified it.
        has_passed: None while it runs.
        words: In one sentence; for the team and the organizer.
        difference: Of the private scores, as far as may be told; None otherwise, as below.
        allowed: The larger of the tolerance and two standard errors of the difference.
        agreement: Partial correlation of the predictions.

    """

    id: str
    submission_id: str
    has_passed: bool | None
    words: str
    difference: float | None
    allowed: float | None
    agreement: float | None
    evidence_sha256: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AwardFile:
    """Everything about one award, for its team and its organizers."""

    award: Award
    steps: tuple[Step, ...]
    gates: tuple[GateRecord, ...]
    split: Split
    reruns: tuple[Rerun, ...]


@dataclass(frozen=True, slots=True)
class LastCall:
    """A public score reached the line of a threshold prize: everybody has until `closes_at`."""

    challenge_id: str
    round: int
    prize_title: str
    team_id: str
    submission_id: str
    line: Decimal
    score: Decimal
    reached_at: datetime
    closes_at: datetime
