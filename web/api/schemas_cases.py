"""Shapes of the evidence desk and of cases."""

from datetime import datetime
from typing import Any

from pydantic import Field

from palio.cases.contracts import (
    CaseState,
    Decision,
    FindingKind,
    Outcome,
    ScanState,
    Signal,
    StepKind,
    Strength,
)
from palio.cases.rules import SAID_MAX, WORDS_MAX
from palio.submissions.exclusion_contracts import ReasonCode
from palio.web.api.schemas import ID, NOW, SHA256, Order, View, example

EVIDENCE: dict[str, Any] = {
    "kind": "equal_files",
    "strength": "strong",
    "teams": [{"id": ID, "name": "ada"}, {"id": ID, "name": "bob"}],
    "submissions": [ID, ID],
    "value": 1.0,
    "as_high": 1,
    "of": 79800,
    "signals": [],
    "words": [
        "Ada and bob handed in the same predictions, value for value.",
        "1 of the 79,800 pairs of teams here has as much or more.",
    ],
}
FINDING: dict[str, Any] = {
    "id": ID,
    "evidence": EVIDENCE,
    "found_at": NOW,
    "seen_at": NOW,
    "cases": [],
    "dismissed": "",
}
SCAN: dict[str, Any] = {
    "id": ID,
    "state": "done",
    "asked_at": NOW,
    "ended_at": NOW,
    "notes": ["400 entries of 400 teams were compared."],
}
STEP: dict[str, Any] = {
    "kind": "replied",
    "by": "team",
    "handle": "ada",
    "at": NOW,
    "words": "We share a public notebook.",
    "file_name": "train.ipynb",
    "file_sha256": SHA256,
}
CASE: dict[str, Any] = {
    "id": ID,
    "challenge": "toy-ratings",
    "team": {"id": ID, "name": "ada"},
    "state": "replied",
    "words": "It waits for a decision.",
    "opened_at": NOW,
    "due_at": NOW,
    "decision": None,
    "reason": None,
    "outcome": None,
    "evidence": [EVIDENCE],
    "steps": [STEP],
    "clock_days": {"notified": 7},
}


class NamedTeam(View):
    """A team; without an id it is another team, whose name is not this reader's business."""

    id: str | None
    name: str


class EvidenceView(View):
    """One finding: what was measured, and how many pairs of teams have as much."""

    kind: FindingKind
    strength: Strength
    teams: tuple[NamedTeam, ...]
    submissions: tuple[str, ...]
    value: float
    as_high: int
    of: int
    signals: tuple[Signal, ...]
    words: tuple[str, ...]


class DeskFindingView(View):
    """A finding on the desk; `dismissed` holds the reason where somebody set it aside."""

    model_config = example(FINDING)

    id: str
    evidence: EvidenceView
    found_at: datetime
    seen_at: datetime
    cases: tuple[str, ...]
    dismissed: str


class ScanView(View):
    """A look over all teams; `notes` say what it covered and what it cannot tell here."""

    model_config = example(SCAN)

    id: str
    state: ScanState
    asked_at: datetime
    ended_at: datetime | None
    notes: tuple[str, ...]


class DeskView(View):
    """The evidence desk of a challenge."""

    model_config = example({"scan": SCAN, "findings": [FINDING]})

    scan: ScanView | None
    findings: tuple[DeskFindingView, ...]


class StepView(View):
    """One step of a case; `by` is team, host or clock, `handle` empty where it is not told."""

    kind: StepKind
    by: str
    handle: str
    at: datetime
    words: str
    file_name: str
    file_sha256: str


class CaseView(View):
    """A case; the accused sees the other team of the evidence without a name."""

    model_config = example(CASE)

    id: str
    challenge: str
    team: NamedTeam
    state: CaseState
    words: str
    opened_at: datetime
    due_at: datetime | None
    decision: Decision | None
    reason: ReasonCode | None
    outcome: Outcome | None
    evidence: tuple[EvidenceView, ...]
    steps: tuple[StepView, ...]
    clock_days: dict[str, int]


class CasesView(View):
    """Cases: for hosts all of the challenge, for others those of their team."""

    model_config = example({"items": [CASE]})

    items: tuple[CaseView, ...]


class WordsOrder(Order):
    """Words that the other side reads."""

    model_config = example({"words": "Two class mates, one public notebook."})

    words: str = Field(max_length=WORDS_MAX)


class CaseOrder(Order):
    """A new case against one team, resting on findings that name it."""

    model_config = example({"team": ID, "findings": [ID], "words": "Please explain."})

    team: str = Field(max_length=200)
    findings: tuple[str, ...] = Field(max_length=50)
    words: str = Field(max_length=WORDS_MAX)


class ReplyOrder(Order):
    """The team's answer, perhaps with the digest of a file that it can show."""

    model_config = example({"words": "We wrote it ourselves.", "file_name": "", "file_sha256": ""})

    words: str = Field(max_length=WORDS_MAX)
    file_name: str = Field(default="", max_length=200)
    file_sha256: str = Field(default="", max_length=64)


class DecisionOrder(Order):
    """A decision; its reason names the rule, its words say why."""

    model_config = example(
        {"decision": "disqualify", "reason": "copied", "words": "The files are the same work."}
    )

    decision: Decision
    reason: ReasonCode | None = None
    words: str = Field(max_length=SAID_MAX)


class AppealOrder(Order):
    """The decision on an appeal."""

    model_config = example({"is_won": True, "words": "The notebook was public."})

    is_won: bool
    words: str = Field(max_length=SAID_MAX)
