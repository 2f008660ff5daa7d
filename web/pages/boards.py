"""The board's page: public, and after the reveal private, with the prizes on top."""

from fastapi import APIRouter, Response

from palio.accounts.access import Action
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board
from palio.prizes.contracts import AwardState
from palio.web.api.awards import awards_of
from palio.web.api.leaderboard import BoardDep, board_page, offset_of
from palio.web.deps import CallerDep, CursorDep, ReadDep, StateDep
from palio.web.pages.frame import challenge_page
from palio.web.visits import enter

router = APIRouter()
_PER_PAGE = 100


@router.get("/challenges/{slug}/board")
def show_board(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    board: BoardDep | None = None,
    cursor: CursorDep = None,
) -> Response:
    """Show a board; after the reveal the private one first."""
    visit = enter(session, slug, caller)
    has_private = visit.may(Action.READ_PRIVATE_SCORE)
    shown = board or (Board.PRIVATE if has_private else Board.PUBLIC)
    snapshot = boards.latest(session, challenge_id=visit.challenge.id, board=shown)
    view = None
    if snapshot is not None:
        view = board_page(snapshot, start=offset_of(cursor), limit=_PER_PAGE)
    team = visit.team(session)
    context = {
        "board": shown.value,
        "has_private": has_private,
        "view": view,
        "own_teams": {team.id} if team else set(),
        "awards": [
            award
            for award in awards_of(session, visit).items
            if award.state is not AwardState.DECLINED
        ],
    }
    return challenge_page(session, state, visit, "boards/show.html", context, tab="board")
