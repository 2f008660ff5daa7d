"""Boards as JSON and CSV: paged, from a cache, with a strong ETag so that polling is cheap."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from palio.core.paging import BadCursorError, decode_cursor, encode_cursor
from palio.leaderboard.contracts import Board, Snapshot
from palio.leaderboard.rendering import to_csv
from palio.web.api.schemas import problems
from palio.web.api.schemas_boards import BoardView, columns_view, line_view, standing_view
from palio.web.board_visits import Shown, WantedDep, enter_board, shown
from palio.web.deps import LIMIT, CallerDep, CursorDep, LimitDep, ReadDep, StateDep
from palio.web.visits import Visit

router = APIRouter(prefix="/api/v1/challenges", tags=["leaderboard"])
MatchDep = Annotated[str | None, Header(alias="If-None-Match")]


@router.get("/{slug}/leaderboard", responses=problems(403, 404), response_model=BoardView)
def read_leaderboard(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    wanted: WantedDep,
    cursor: CursorDep = None,
    limit: LimitDep = LIMIT,
    if_none_match: MatchDep = None,
) -> Response:
    """Show one page of a board, now or at any instant; 304 while it has not changed."""
    visit = enter_board(session, slug, caller)
    found = shown(session, visit, wanted)
    start = offset_of(cursor)
    if found is None:
        empty = empty_board(visit, wanted.which)
        return answer(empty.model_dump_json().encode(), etag="", if_none_match=None)
    etag = etag_of(found.snapshot)
    body = state.boards.get(
        f"{visit.challenge.id}:{etag}",
        f"{found.phase}:{start}:{limit}",
        lambda: board_page(visit, found, start=start, limit=limit).model_dump_json().encode(),
    )
    return answer(body, etag=etag, if_none_match=if_none_match)


@router.get(
    "/{slug}/leaderboard.csv",
    responses={
        **problems(403, 404),
        200: {"content": {"text/csv": {"example": "rank,team\r\n"}}},
    },
    response_class=Response,
)
def read_leaderboard_csv(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    wanted: WantedDep,
    if_none_match: MatchDep = None,
) -> Response:
    """Give the whole board as CSV."""
    visit = enter_board(session, slug, caller)
    found = shown(session, visit, wanted)
    if found is None:
        return Response("", media_type="text/csv")
    etag = etag_of(found.snapshot)
    body = state.boards.get(
        f"{visit.challenge.id}:{etag}",
        f"{found.phase}:csv",
        lambda: to_csv(found.snapshot, phase=found.phase).encode(),
    )
    return answer(body, media_type="text/csv", etag=etag, if_none_match=if_none_match)


def board_page(visit: Visit, found: Shown, *, start: int, limit: int) -> BoardView:
    """Return the rows from `start` on, with the lines among them."""
    snapshot = found.snapshot
    rows = found.standings[start : start + limit]
    end = start + len(rows)
    is_last = end >= len(found.standings)
    freezes_at = visit.challenge.plan.board.freeze_at
    return BoardView(
        board=snapshot.board,
        version=snapshot.version,
        rule=snapshot.rule,
        made_at=snapshot.made_at,
        columns=columns_view(snapshot),
        items=tuple(standing_view(row, is_anonymous=snapshot.is_anonymous) for row in rows),
        lines=tuple(
            line_view(line)
            for line in found.lines
            if start <= line.position and (is_last or line.position < end)
        ),
        phase=found.phase,
        phases=(
            *(earlier.phase for earlier in snapshot.earlier),
            *([snapshot.phase] if snapshot.phase else []),
        ),
        is_anonymous=snapshot.is_anonymous,
        chance_words=snapshot.chance_words,
        freezes_at=freezes_at if snapshot.board is Board.PUBLIC else None,
        next_cursor=None if is_last else encode_cursor(str(end)),
    )


def empty_board(visit: Visit, board: Board) -> BoardView:
    """Return the board before the first score."""
    return BoardView(
        board=board,
        version=0,
        rule="",
        made_at=visit.challenge.published_at,
        columns=(),
        items=(),
        lines=(),
        phase="",
        phases=(),
        is_anonymous=False,
        chance_words="",
        freezes_at=None,
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


def answer(
    body: bytes,
    *,
    media_type: str = "application/json",
    etag: str,
    if_none_match: str | None,
) -> Response:
    """Return what was rendered, or that it has not changed."""
    headers = {"Cache-Control": "no-cache"}
    if etag:
        headers["ETag"] = etag
    if has_match(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
