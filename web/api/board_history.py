"""A board's past and reasons: the race, the shake-up at the reveal, why a row is where it is."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session

from palio.accounts import queries as accounts
from palio.accounts.access import Action
from palio.leaderboard import explain, own_entries, queries, race, shakeup
from palio.leaderboard.contracts import Board, Snapshot, Standing
from palio.web.api.leaderboard import MatchDep, answer, etag_of
from palio.web.api.schemas import problems
from palio.web.api.schemas_boards import ColumnView, shown_id, standing_view
from palio.web.api.schemas_history import (
    DeedView,
    ExplanationView,
    GroupView,
    MoveView,
    OwnEntryView,
    RacerView,
    RaceView,
    ShakeupView,
    TieView,
)
from palio.web.api.schemas_submissions import ScoreView
from palio.web.board_visits import Wanted, WantedDep, enter_board, shown
from palio.web.deps import CallerDep, ReadDep, StateDep
from palio.web.state import WebState
from palio.web.visits import Visit

router = APIRouter(prefix="/api/v1/challenges", tags=["leaderboard"])
RACERS = 10
OWN = "own"
RacersDep = Annotated[int, Query(ge=1, le=race.TEAMS_MOST, description="the best so many")]


@router.get("/{slug}/leaderboard/race", responses=problems(403, 404), response_model=RaceView)
def read_race(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    board: Board = Board.PUBLIC,
    teams: RacersDep = RACERS,
    if_none_match: MatchDep = None,
) -> Response:
    """Show how the best teams came where they are: data for a race chart."""
    visit = enter_board(session, slug, caller)
    snapshot = queries.latest(session, challenge_id=visit.challenge.id, board=board)
    if snapshot is None:
        empty = RaceView(board=board, version=0, instants=(), racers=())
        return answer(empty.model_dump_json().encode(), etag="", if_none_match=None)
    body = race_body(session, state, visit, snapshot, teams=teams)
    return answer(body, etag=etag_of(snapshot), if_none_match=if_none_match)


def race_body(
    session: Session, state: WebState, visit: Visit, snapshot: Snapshot, *, teams: int
) -> bytes:
    """Return the race that leads to a board as JSON, made once."""
    return state.boards.get(
        f"{visit.challenge.id}:{etag_of(snapshot)}",
        f"race:{teams}",
        lambda: _race_view(session, visit, snapshot, teams=teams).model_dump_json().encode(),
    )


def _race_view(session: Session, visit: Visit, snapshot: Snapshot, *, teams: int) -> RaceView:
    run = race.race(session, challenge_id=visit.challenge.id, board=snapshot.board, teams=teams)
    ids = {row.team_id: _id(snapshot, row) for row in snapshot.standings}
    return RaceView(
        board=run.board,
        version=run.version,
        instants=run.instants,
        racers=tuple(
            RacerView(
                team=racer.name,
                team_id=ids.get(racer.team_id, ""),
                ranks=racer.ranks,
                scores=racer.scores,
            )
            for racer in run.racers
        ),
    )


@router.get("/{slug}/leaderboard/shakeup", responses=problems(404), response_model=ShakeupView)
def read_shakeup(
    session: ReadDep,
    state: StateDep,
    caller: CallerDep,
    slug: str,
    if_none_match: MatchDep = None,
) -> Response:
    """Show how far the final order is from the public one; after the reveal."""
    visit = enter_board(session, slug, caller)
    private = queries.latest(session, challenge_id=visit.challenge.id, board=Board.PRIVATE)
    if private is None:
        empty = ShakeupView(teams=0, overall=None, top=None, spearman=None, moves=())
        return answer(empty.model_dump_json().encode(), etag="", if_none_match=None)
    etag = etag_of(private)
    body = state.boards.get(
        f"{visit.challenge.id}:{etag}",
        "shakeup",
        lambda: shakeup_view(session, private).model_dump_json().encode(),
    )
    return answer(body, etag=etag, if_none_match=if_none_match)


def shakeup_view(session: Session, private: Snapshot) -> ShakeupView:
    """Compare a private board with the public one of the reveal."""
    public = queries.at(
        session,
        challenge_id=private.challenge_id,
        board=Board.PUBLIC,
        instant=private.made_at,
    )
    found = shakeup.shakeup(public.standings if public else (), private.standings)
    return ShakeupView(
        teams=found.teams,
        overall=found.overall,
        top=found.top,
        spearman=found.spearman,
        moves=tuple(
            MoveView(team=move.name, team_id=move.team_id, public=move.public, private=move.private)
            for move in found.moves
        ),
    )


@router.get("/{slug}/leaderboard/rows/{team_id}", responses=problems(400, 403, 404))
def explain_row(
    session: ReadDep, caller: CallerDep, slug: str, team_id: str, wanted: WantedDep
) -> ExplanationView:
    """Say why a team stands where it does; with all rows counted, about its best one.

    `team_id` is the one shown on the board, or `own`.
    """
    return explanation_view(session, enter_board(session, slug, caller), team_id, wanted)


def explanation_view(
    session: Session, visit: Visit, team_id: str, wanted: Wanted
) -> ExplanationView:
    """Explain a row; raises `NoSuchRowError`, `BadInstantError`, `NotRevealedYetError`."""
    snapshot, row = _row(session, visit, team_id, wanted)
    deeds = explain.deeds_about(
        session,
        challenge_id=visit.challenge.id,
        subject_ids={*accounts.lineage(session, row.team_id), row.submission_id},
        until=snapshot.made_at,
    )
    found = explain.explain(snapshot, row, deeds=deeds)
    return ExplanationView(
        board=snapshot.board,
        version=found.version,
        made_at=found.made_at,
        rule=found.rule,
        order=tuple(ColumnView.model_validate(column) for column in found.order),
        row=standing_view(row, is_anonymous=snapshot.is_anonymous),
        values=tuple(map(str, found.values)),
        better=tuple(
            GroupView(values=tuple(map(str, group.values)), rows=group.rows)
            for group in found.better
        ),
        ties=tuple(TieView(team=tie.name, received_at=tie.received_at) for tie in found.ties),
        deeds=tuple(DeedView.model_validate(deed) for deed in found.deeds),
        submissions=_own_entries(session, visit, snapshot, row) if not wanted.at else (),
    )


def _row(session: Session, visit: Visit, team_id: str, wanted: Wanted) -> tuple[Snapshot, Standing]:
    found = shown(session, visit, wanted)
    if found is None or not found.snapshot.columns:  # of before boards knew their columns
        raise explain.NoSuchRowError("There is no board that could be explained yet.")
    snapshot = replace(found.snapshot, standings=found.standings)
    own = visit.team(session)
    if team_id == OWN and own is not None:
        return snapshot, explain.row_of(snapshot, accounts.lineage(session, own.id))
    for row in snapshot.standings:
        if row.team_id and shown_id(row, is_anonymous=snapshot.is_anonymous) == team_id:
            return snapshot, row
    raise explain.NoSuchRowError("This team has no row on this board.")


def _own_entries(
    session: Session, visit: Visit, snapshot: Snapshot, row: Standing
) -> tuple[OwnEntryView, ...]:
    team = accounts.team(session, row.team_id)
    is_hidden = snapshot.is_anonymous and visit.team(session) != team
    if is_hidden or not visit.may(Action.READ_SUBMISSION, team=team):
        return ()
    found = own_entries.own_entries(
        session,
        challenge=visit.challenge,
        board=snapshot.board,
        team_id=team.id,
        submission_id=row.submission_id,
        now=visit.now,
    )
    return tuple(
        OwnEntryView(
            id=own.entry.submission_id,
            received_at=own.entry.received_at,
            scores=tuple(
                ScoreView(metric=metric, score=str(score))
                for metric, score in own.entry.all_rounded
            ),
            is_chosen=own.entry.is_chosen,
            may_stand=own.may_stand,
            counts=own.entry.submission_id == row.submission_id,
        )
        for own in found
    )


def _id(snapshot: Snapshot, row: Standing) -> str:
    return shown_id(row, is_anonymous=snapshot.is_anonymous)
