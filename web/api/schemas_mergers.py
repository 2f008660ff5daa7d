"""Shapes of mergers: what two teams would be together, proposals, and what came of them."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import Field

from palio.accounts.contracts import MergerState
from palio.web.api.schemas import ID, NOW, Order, View, example

DAY = {"day": "2026-12-01", "ours": 2, "theirs": 1}
TRIES = {
    "phase": "main",
    "days": [DAY],
    "ours": 2,
    "theirs": 1,
    "combined": 3,
    "allowed": 5,
    "remaining": 2,
    "next_try_at": None,
}
PREVIEW = {
    "our_name": "BellKor",
    "their_name": "BigChaos",
    "our_captain": "yehuda",
    "their_captain": "andreas",
    "our_members": ["yehuda"],
    "their_members": ["andreas"],
    "max_members": 5,
    "phases": [TRIES],
    "chosen": 1,
    "finals": 2,
    "choices_end": False,
    "divisions_end": [],
    "until": NOW,
    "obstacles": [],
}
MERGER = {
    "id": ID,
    "proposer_name": "BellKor",
    "other_name": "BigChaos",
    "is_ours": True,
    "name": "BellKor",
    "captain": "yehuda",
    "state": "open",
    "is_current": True,
    "made_at": NOW,
    "decided_at": None,
    "preview": PREVIEW,
}


class DayTriesView(View):
    """Tries of one day, less those given back or granted."""

    day: date
    ours: int
    theirs: int


class PhaseTriesView(View):
    """The combined ledger of one phase.

    `allowed` is what one team could have used by now, null = no limit; `remaining` is what the
    merged team would have left at this moment.
    """

    phase: str
    days: tuple[DayTriesView, ...]
    ours: int
    theirs: int
    combined: int
    allowed: int | None
    remaining: int | None
    next_try_at: datetime | None


class MergerPreviewView(View):
    """What a merger would make of two teams; with `obstacles` it is not possible now.

    `divisions_end` are those that one team declared and the merged one would not be in.
    """

    model_config = example(PREVIEW)

    our_name: str
    their_name: str
    our_captain: str
    their_captain: str
    our_members: tuple[str, ...]
    their_members: tuple[str, ...]
    max_members: int
    phases: tuple[PhaseTriesView, ...]
    chosen: int
    finals: int
    choices_end: bool
    divisions_end: tuple[str, ...] = ()
    until: datetime
    obstacles: tuple[str, ...]


class MergerView(View):
    """A proposal; `preview` while it is open, `is_current` false when a team has changed since."""

    model_config = example(MERGER)

    id: str
    proposer_name: str
    other_name: str
    is_ours: bool
    name: str
    captain: str
    state: MergerState
    is_current: bool
    made_at: datetime
    decided_at: datetime | None
    preview: MergerPreviewView | None


class MergersView(View):
    """Proposals from and to a team, newest first."""

    model_config = example({"items": [MERGER]})

    items: tuple[MergerView, ...]


class Side(StrEnum):
    """Which of the two teams, as the proposer says it."""

    OURS = "ours"
    THEIRS = "theirs"


class MergerOrder(Order):
    """With whom to merge, whose name stays and whose captain leads."""

    model_config = example({"team": "BigChaos", "name": "ours", "captain": "ours"})

    team: str = Field(min_length=1, max_length=200, description="id or name")
    name: Side = Side.OURS
    captain: Side = Side.OURS


class Decision(StrEnum):
    """What a captain says to a proposal: the other team's first two, the proposer's last."""

    ACCEPT = "accept"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


class MergerDecision(Order):
    """A captain's word."""

    model_config = example({"decision": "accept"})

    decision: Decision
