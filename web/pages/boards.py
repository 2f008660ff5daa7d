"""The board's pages: rows with the prizes on top, any version of it, its race, a row explained."""

from collections.abc import Sequence

from fastapi import APIRouter, Response
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.challenges.contracts import ChallengeState
from palio.leaderboard import queries as boards
from palio.leaderboard import rules
from palio.leaderboard.contracts import Board, Line
from palio.prizes.states import LOST
from palio.web import race_chart
from palio.web.api.awards import prizes_of
from palio.web.api.board_history import RACERS, explanation_view, race_body, shakeup_view
from palio.web.api.exclusions import count_of
from palio.web.api.leaderboard import board_page, offset_of
from palio.web.api.schemas_boards import LineView, shown_id
from palio.web.api.schemas_history import RaceView
from palio.web.board_visits import Shown, Wanted, WantedDep, enter_board, shown
from palio.web.deps import CallerDep, CursorDep, ReadDep, StateDep
from palio.web.pages.frame import challenge_page
from palio.web.pages.prizes import STRIP
from palio.web.visits import Visit

router = APIRouter()
_PER_PAGE = 100
_OVER = (
    ChallengeState.CLOSED,
    ChallengeState.REVEALED,
    ChallengeState.AWARDED,
    ChallengeState.ARCHIVED,
)


@router.get("/challenges/{slug}/board")
def show_board(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    wanted: WantedDep,
    cursor: CursorDep = None,
) -> Response:
    """Show a board, now or at any instant; after the reveal the private one first."""
    visit = enter_board(session, slug, caller)
    wanted = _settled(visit, wanted)
    found = shown(session, visit, wanted)
    start = offset_of(cursor)
    view = board_page(visit, found, start=start, limit=_PER_PAGE) if found else None
    prizes = prizes_of(session, visit)
    context = {
        "board": wanted.which.value,
        "boards": _boards(visit),
        "at": wanted.at.removesuffix("Z"),
        "view": view,
        "start": start,
        "lines_at": _lines_at(view.lines if view else ()),
        "own_rows": _own_rows(session, visit, found),
        "frozen_since": rules.frozen_since(visit.challenge, now=visit.now),
        "exclusion_words": count_of(session, visit).words,
        "shakeup": _shakeup(session, wanted, found),
        **STRIP,
        "last_call": prizes.last_call,
        "awards": [award for award in prizes.awards if award.state not in LOST],
    }
    return challenge_page(session, state, visit, "boards/show.html", context, tab="board")


@router.get("/challenges/{slug}/board/race")
def show_race(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    wanted: WantedDep,
) -> Response:
    """Draw how the best teams came where they are."""
    visit = enter_board(session, slug, caller)
    wanted = _settled(visit, Wanted(board=wanted.board))
    snapshot = boards.latest(session, challenge_id=visit.challenge.id, board=wanted.which)
    race = None
    if snapshot is not None:
        body = race_body(session, state, visit, snapshot, teams=RACERS)
        race = RaceView.model_validate_json(body)
    context = {
        "board": wanted.which.value,
        "boards": _boards(visit),
        "race": race,
        "chart": race_chart.draw(race) if race and len(race.instants) > 1 else None,
    }
    return challenge_page(session, state, visit, "boards/race.html", context, tab="board")


@router.get("/challenges/{slug}/board/rows/{team_id}")
def show_row(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    team_id: str,
    wanted: WantedDep,
) -> Response:
    """Say why a row stands where it does."""
    visit = enter_board(session, slug, caller)
    wanted = _settled(visit, wanted)
    context = {
        "board": wanted.which.value,
        "at": wanted.at,
        "phase": wanted.phase,
        "why": explanation_view(session, visit, team_id, wanted),
    }
    return challenge_page(session, state, visit, "boards/row.html", context, tab="board")


def _settled(visit: Visit, wanted: Wanted) -> Wanted:
    """Choose a board where none is named; a time from the page's form is in UTC."""
    is_bare = bool(wanted.at) and wanted.at[-1].isdigit() and "+" not in wanted.at
    has_private = visit.may(Action.READ_PRIVATE_SCORE)
    return Wanted(
        board=wanted.board or (Board.PRIVATE if has_private else Board.PUBLIC),
        at=f"{wanted.at}Z" if is_bare else wanted.at,
        phase=wanted.phase,
    )


def _boards(visit: Visit) -> list[tuple[str, str]]:
    """Return the boards there are for this visitor, with their titles."""
    found = [(Board.PUBLIC, "Public board")]
    if visit.may(Action.READ_PRIVATE_SCORE):
        found.append((Board.PRIVATE, "Private board (final)"))
    if visit.challenge.plan.board.has_late_entries and visit.challenge.state in _OVER:
        found.append((Board.LATE, "After the bell"))
    return [(board.value, title) for board, title in found]


def _lines_at(lines: Sequence[LineView | Line]) -> dict[int, list[LineView | Line]]:
    places: dict[int, list[LineView | Line]] = {}
    for line in lines:
        places.setdefault(line.position, []).append(line)
    return places


def _own_rows(session: Session, visit: Visit, found: Shown | None) -> set[str]:
    team = visit.team(session)
    if team is None or found is None:
        return set()
    own = accounts.lineage(session, team.id)
    is_anonymous = found.snapshot.is_anonymous
    return {
        shown_id(row, is_anonymous=is_anonymous) for row in found.standings if row.team_id in own
    }


def _shakeup(session: Session, wanted: Wanted, found: Shown | None) -> object:
    if found is None or wanted.which is not Board.PRIVATE or wanted.phase:
        return None
    return shakeup_view(session, found.snapshot)
