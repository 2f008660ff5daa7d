"""Shapes of awards: the public strip, the file of one award, and what is done with it."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from palio.challenges.prize_contracts import Gate, PrizeKind
from palio.escrow.contracts import PaymentState
from palio.prizes.contracts import Award, AwardState, LastCall, Step
from palio.prizes.rules import WORDS_MAX_CHARS
from palio.web.api.schemas import (
    ID,
    MONEY,
    NOW,
    SHA256,
    MoneyView,
    Order,
    View,
    example,
    money_view,
)
from palio.web.api.schemas_prizes import PRIZE, PrizeView

STEP: dict[str, Any] = {"state": "notified", "at": NOW}
AWARD: dict[str, Any] = {
    "id": ID,
    "place": 1,
    "title": "First prize",
    "money": MONEY,
    "team": "Pragmatic Chaos",
    "team_id": ID,
    "score": "0.8972",
    "state": "notified",
    "made_at": NOW,
    "decided_at": None,
    "kind": "rank",
    "due_at": NOW,
    "waiting_since": None,
    "steps": [STEP],
}
LAST_CALL: dict[str, Any] = {
    "prize": "Grand prize",
    "line": "0.8563",
    "score": "0.8558",
    "reached_at": NOW,
    "closes_at": NOW,
}
SHARE: dict[str, Any] = {
    "handle": "ada",
    "basis_points": 10_000,
    "money": None,
    "has_signed": True,
    "payment": "none",
    "held_tax": None,
}


class StepView(View):
    """A state an award came into."""

    state: AwardState
    at: datetime


class AwardView(View):
    """A prize and the team it is offered or given to; `due_at` is when time moves it on.

    `waiting_since`: the organizer has not looked at it within the time of the rules.
    """

    model_config = example(AWARD)

    id: str
    place: int
    title: str
    money: MoneyView
    team: str
    team_id: str
    score: str
    state: AwardState
    made_at: datetime
    decided_at: datetime | None
    kind: PrizeKind
    due_at: datetime | None
    waiting_since: datetime | None
    steps: tuple[StepView, ...]


class AwardsView(View):
    """The awards of a challenge; before the reveal only those of progress prizes."""

    model_config = example({"items": [AWARD]})

    items: tuple[AwardView, ...]


class LastCallView(View):
    """A public score reached the line of a prize: everybody has until `closes_at`."""

    prize: str
    line: str
    score: str
    reached_at: datetime
    closes_at: datetime


class PrizesView(View):
    """Where the prizes of a challenge stand, for everybody."""

    model_config = example({"prizes": [PRIZE], "last_call": LAST_CALL, "awards": [AWARD]})

    prizes: tuple[PrizeView, ...]
    last_call: LastCallView | None
    awards: tuple[AwardView, ...]


class GateView(View):
    """A gate: None = nobody has looked yet. The document itself is not here."""

    gate: Gate
    has_passed: bool | None
    evidence_sha256: str
    words: str
    at: datetime | None


class ShareView(View):
    """A member's part; `money` once the split is frozen, `held_tax` until it is passed on."""

    handle: str
    basis_points: int
    money: MoneyView | None
    has_signed: bool
    payment: PaymentState
    held_tax: MoneyView | None


class RerunView(View):
    """A run of the winner's code; numbers only after the reveal."""

    submission_id: str
    has_passed: bool | None
    words: str
    difference: float | None
    allowed: float | None
    agreement: float | None
    at: datetime


class AwardFileView(View):
    """Everything about one award, for its team and the organizers."""

    model_config = example(
        {
            "award": AWARD,
            "gates": [
                {
                    "gate": "identity",
                    "has_passed": True,
                    "evidence_sha256": SHA256,
                    "words": "",
                    "at": NOW,
                }
            ],
            "split_number": 0,
            "shares": [SHARE],
            "reruns": [],
            "needs_code": True,
        }
    )

    award: AwardView
    gates: tuple[GateView, ...]
    split_number: int
    shares: tuple[ShareView, ...]
    reruns: tuple[RerunView, ...]
    needs_code: bool


class Move(StrEnum):
    """What can be done with an award in a word."""

    NOTIFY = "notify"
    ACCEPT = "accept"
    TURN_DOWN = "turn_down"
    HAND_IN = "hand_in"
    FORFEIT = "forfeit"
    CLAW_BACK = "claw_back"


class MoveOrder(Order):
    """A step of the team (accept, turn_down, hand_in) or the organizer (the others)."""

    model_config = example({"move": "accept", "words": ""})

    move: Move
    words: str = Field(default="", max_length=WORDS_MAX_CHARS)


class GateOrder(Order):
    """What was found at a gate: the hash of what was seen, or words."""

    model_config = example({"has_passed": True, "evidence_sha256": SHA256, "words": ""})

    has_passed: bool
    evidence_sha256: str = ""
    words: str = Field(default="", max_length=WORDS_MAX_CHARS)


class SplitOrder(Order):
    """Parts by handle in basis points, 10,000 together."""

    model_config = example({"parts": {"ada": 6000, "grace": 4000}})

    parts: dict[str, int]


class SignatureOrder(Order):
    """The split to be signed: its `split_number`, as it was read."""

    model_config = example({"split_number": 1})

    split_number: int = Field(ge=0, lt=2**31)


class PaymentOrder(Order):
    """A share was sent: tax withheld, in the award's currency, and the SHA-256 of the receipt."""

    model_config = example({"withheld": "300.00", "receipt_sha256": SHA256})

    withheld: Annotated[str, Field(max_length=24, examples=["300.00"])] = "0"
    receipt_sha256: str


class TaxOrder(Order):
    """The tax withheld was paid to the tax office: the SHA-256 of its receipt."""

    model_config = example({"receipt_sha256": SHA256})

    receipt_sha256: str


class DivisionOrder(Order):
    """The division the team belongs to; empty for none."""

    model_config = example({"division": "students"})

    division: str = Field(max_length=200)


class DivisionView(View):
    """The division a team declared."""

    model_config = example({"division": "students", "divisions": ["students"]})

    division: str
    divisions: tuple[str, ...]


def award_view(
    award: Award,
    *,
    steps: tuple[Step, ...] = (),
    is_named: bool = True,
    has_score: bool = True,
    waiting_since: datetime | None = None,
) -> AwardView:
    """Show one award; before the reveal without what the board does not show to everybody."""
    return AwardView(
        id=award.id,
        place=award.place,
        title=award.title,
        money=money_view(award.money),
        team=award.team_name if is_named else "a team",
        team_id=award.team_id if is_named else "",
        score=str(award.score) if has_score else "",
        state=award.state,
        made_at=award.made_at,
        decided_at=award.decided_at,
        kind=award.kind,
        due_at=award.due_at,
        waiting_since=waiting_since,
        steps=tuple(StepView(state=step.state, at=step.at) for step in steps),
    )


def last_call_view(call: LastCall, *, has_score: bool) -> LastCallView:
    """Show a last call; whose score it was is the board's to tell."""
    return LastCallView(
        prize=call.prize_title,
        line=str(call.line) if has_score else "",
        score=str(call.score) if has_score else "",
        reached_at=call.reached_at,
        closes_at=call.closes_at,
    )
