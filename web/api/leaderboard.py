"""Boards as JSON and CSV: paged, from a cache, with a strong ETag so that polling is cheap."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from palio.core.paging import BadCursorError, decode_cursor, encode_cursor
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board, Snapshot
from palio.leaderboard.rendering import to_csv
from palio.web.api.schemas import problems
from palio.web.api.schemas_boards import BoardView, standing_view
from palio.web.deps import LIMIT, CallerDep, CursorDep, LimitDep, ReadDep, StateDep
from palio.web.visits import Visit, enter

router = APIRouter(prefix="/api/v1/challenges", tags=["leaderboard"])
BoardDep = Annotated[Board, Query(description="private exists after the reveal")]
MatchDep = Annotated[str | None, Header(alias="If-None-Match")]


@router.get("/{slug}/leaderboard", responses=problems(404), response_model=BoardView)
def read_leaderboard(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    board: BoardDep = Board.PUBLIC,
    cursor: CursorDep = None,
    limit: LimitDep = LIMIT,
    if_none_match: MatchDep = None,
) -> Response:
    """Show one page of a board; answers 304 while the board has not changed."""
    visit = enter(session, slug, caller)
    snapshot = boards.latest(session, challenge_id=visit.challenge.id, board=board)
    start = offset_of(cursor)
    if snapshot is None:
        empty = empty_board(visit, board)
        return _json(empty.model_dump_json().encode(), etag="", if_none_match=None)
    etag = etag_of(snapshot)
    body = state.boards.get(
        f"{visit.challenge.id}:{etag}",
        f"{board}:{start}:{limit}",
        lambda: board_page(snapshot, start=start, limit=limit).model_dump_json().encode(),
    )
    return _json(body, etag=etag, if_none_match=if_none_match)


@router.get(
    "/{slug}/leaderboard.csv",
    responses={**problems(404), 200: {"content": {"text/csv": {"example": "rank,team\r\n"}}}},
    response_class=Response,
)
def read_leaderboard_csv(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    board: BoardDep = Board.PUBLIC,
    if_none_match: MatchDep = None,
) -> Response:
    """Give the whole board as CSV."""
    visit = enter(session, slug, caller)
    snapshot = boards.latest(session, challenge_id=visit.challenge.id, board=board)
    if snapshot is None:
        return Response("", media_type="text/csv")
    etag = etag_of(snapshot)
    body = state.boards.get(
        f"{visit.challenge.id}:{etag}", f"{board}:csv", lambda: to_csv(snapshot).encode()
    )
    return _answer(body, media_type="text/csv", etag=etag, if_none_match=if_none_match)


def board_page(snapshot: Snapshot, *, start: int, limit: int) -> BoardView:
    """Return the rows from `start` on."""
    standings = snapshot.standings[start : start + limit]
    end = start + len(standings)
    return BoardView(
        board=snapshot.board,
        version=snapshot.version,
        rule=snapshot.rule,
        made_at=snapshot.made_at,
        items=tuple(standing_view(standing) for standing in standings),
        next_cursor=encode_cursor(str(end)) if end < len(snapshot.standings) else None,
    )


def empty_board(visit: Visit, board: Board) -> BoardView:
    """Return the board before the first score."""
    return BoardView(
        board=board,
        version=0,
        rule="",
        made_at=visit.challenge.published_at,
        items=(),
        next_cursor=None,
    )


def offset_of(cursor: str | None) -> int:
    """Return the row a cursor points at; raises `BadCursorError`."""
    if not cursor:
        return 0
    text = decode_cursor(cursor)
    if not text.isdecimal() or len(text) > 9:  # noqa: PLR2004 (no board is longer)
        raise BadCursorError("This cursor is not known; start from the first page.")
    return int(text)


def etag_of(snapshot: Snapshot) -> str:
    """Return the strong ETag of every answer made from this snapshot."""
    return f'"{snapshot.board[:2]}{snapshot.version}-{snapshot.etag}"'


def has_match(if_none_match: str | None, etag: str) -> bool:
    """Say whether the client has this state already (RFC 9110 §13.1.2, weak comparison)."""
    if if_none_match is None or not etag:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags


def _json(body: bytes, *, etag: str, if_none_match: str | None) -> Response:
    return _answer(body, media_type="application/json", etag=etag, if_none_match=if_none_match)


def _answer(body: bytes, *, media_type: str, etag: str, if_none_match: str | None) -> Response:
    headers = {"Cache-Control": "no-cache"}
    if etag:
        headers["ETag"] = etag
    if has_match(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
