"""Shapes of withdrawals and disqualifications."""

from datetime import datetime

from pydantic import Field

from palio.submissions.exclusion_contracts import TITLES, Exclusion, ReasonCode
from palio.web.api.schemas import ID, NOW, Order, View, example

EXCLUSION = {
    "id": ID,
    "team": {"id": ID, "name": "Pragmatic Chaos"},
    "submission_id": None,
    "reason": "copied",
    "title": TITLES[ReasonCode.COPIED],
    "words": "Your file of 2 December is another team's.",
    "made_at": NOW,
    "lifted_at": None,
    "lifted_words": "",
}


class ExcludedTeamView(View):
    """Whose disqualification it is."""

    id: str
    name: str


class ExclusionView(View):
    """A disqualification of a team, or of one submission; for the team itself and for hosts."""

    model_config = example(EXCLUSION)

    id: str
    team: ExcludedTeamView
    submission_id: str | None
    reason: ReasonCode
    title: str
    words: str
    made_at: datetime
    lifted_at: datetime | None
    lifted_words: str


class ExclusionsView(View):
    """Disqualifications, newest first."""

    model_config = example({"items": [EXCLUSION]})

    items: tuple[ExclusionView, ...]


class ExclusionCountView(View):
    """What everybody may know: how many, and since when. No names and no reasons."""

    model_config = example({"teams": 1, "submissions": 0, "changed_at": NOW, "words": ""})

    teams: int
    submissions: int
    changed_at: datetime | None
    words: str


class ExclusionOrder(Order):
    """Whom to disqualify, and why; the team reads the words."""

    model_config = example(
        {
            "team": "Pragmatic Chaos",
            "submission_id": None,
            "reason": "copied",
            "words": "Your file of 2 December is another team's.",
        }
    )

    team: str = Field(min_length=1, max_length=200, description="id or name")
    submission_id: str | None = Field(default=None, description="empty = the whole team")
    reason: ReasonCode
    words: str = Field(min_length=1, max_length=2000)


class LiftOrder(Order):
    """Why a disqualification ends; the team reads it."""

    model_config = example({"words": "Your appeal was right: the file was yours first."})

    words: str = Field(min_length=1, max_length=2000)


class WithdrawalOrder(Order):
    """Whether the submission is withdrawn; `words` make it a deed of the organizer."""

    model_config = example({"withdrawn": True, "words": ""})

    withdrawn: bool
    words: str = Field(default="", max_length=2000, description="for organizers: why")


def exclusion_view(exclusion: Exclusion, *, team: str) -> ExclusionView:
    """Show a disqualification."""
    return ExclusionView(
        id=exclusion.id,
        team=ExcludedTeamView(id=exclusion.team_id, name=team),
        submission_id=exclusion.submission_id,
        reason=exclusion.reason,
        title=TITLES[exclusion.reason],
        words=exclusion.words,
        made_at=exclusion.made_at,
        lifted_at=exclusion.lifted_at,
        lifted_words=exclusion.lifted_words,
    )
