"""Which of the caller's submissions would count now, by which rule, and until when it changes."""

from datetime import datetime

from fastapi import APIRouter
from sqlmodel import Session

from palio.accounts.access import Action
from palio.challenges.contracts import EntryRule
from palio.leaderboard import finals
from palio.web.api.schemas import ID, NOW, View, example, problems
from palio.web.api.teams import own_team
from palio.web.deps import ReadDep, SignedInDep
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["submissions"])


class FinalView(View):
    """A submission that would count; not chosen = the rule's fallback put it here."""

    submission_id: str
    file_name: str
    is_chosen: bool


class FinalsView(View):
    """What would count of a team if the challenge closed now, from what the team is told."""

    model_config = example(
        {
            "rule": "chosen",
            "limit": 2,
            "items": [{"submission_id": ID, "file_name": "blend.csv", "is_chosen": True}],
            "until": NOW,
            "untold": 0,
            "words": "Choose up to 2 submissions until 2026-12-31 00:00:00 UTC.",
        }
    )

    rule: EntryRule
    limit: int
    items: tuple[FinalView, ...]
    until: datetime
    untold: int
    words: str


@router.get("/{slug}/finals", responses=problems(401, 404))
def read_finals(session: ReadDep, caller: SignedInDep, slug: str) -> FinalsView:
    """Show which of the own team's submissions would count now, and by which rule."""
    visit = enter(session, slug, caller)
    return finals_of(session, visit)


def finals_of(session: Session, visit: Visit) -> FinalsView:
    """Return what would count of the caller's team now; raises `TeamNotFoundError`."""
    team = own_team(session, visit)
    visit.require(Action.READ_SUBMISSION, team=team)
    return FinalsView.model_validate(
        finals.finals_now(session, challenge=visit.challenge, team_id=team.id, now=visit.now)
    )
