from decimal import Decimal
from pathlib import Path

from sqlalchemy import Engine
from tests.factories.arena import Arena, make_arena, predictions

from palio.challenges.contracts import ChallengeState
from palio.core import audit, db
from palio.core.queue import Message
from palio.leaderboard import queries as leaderboard
from palio.leaderboard.contracts import Board, Snapshot
from palio.pipeline import board_steps
from palio.pipeline.contracts import Task
from palio.prizes import queries as prizes
from palio.submissions.contracts import SubmissionKind, SubmissionState


def board(arena: Arena, which: Board) -> Snapshot:
    with db.reading(arena.engine) as session:
        snapshot = leaderboard.latest(session, challenge_id=arena.challenge_id, board=which)
    assert snapshot is not None
    return snapshot


def ranks(snapshot: Snapshot) -> list[tuple[int | None, str, Decimal]]:
    return [(row.rank, row.name, row.score) for row in snapshot.standings]


def test_three_teams_play_a_challenge_to_its_prizes(  # noqa: PLR0915 (one story)
    engine: Engine, tmp_path: Path
) -> None:
    arena = make_arena(engine, tmp_path)
    arena.launch()
    assert arena.challenge.state is ChallengeState.OPEN
    ada, bob, cyd = (arena.team(name) for name in ("ada", "bob", "cyd"))

    first = arena.submit(ada, predictions(0.5))
    arena.submit(bob, predictions(0.25))
    broken = arena.submit(cyd, b"id,rating\n1,high\n")
    arena.submit(cyd, predictions(0.5))
    last = arena.submit(ada, predictions(0.125))
    assert arena.score_all() == 6  # five, and the baseline after them
    assert arena.submission(first.submission_id).state is SubmissionState.SCORED
    assert arena.submission(broken.submission_id).state is SubmissionState.REFUSED
    assert arena.quota(cyd).used_total == 1
    assert Message(task=Task.PUBLISH, id=arena.challenge_id) in arena.sent

    assert board_steps.publish(arena.bench, arena.challenge_id) is True
    assert board_steps.publish(arena.bench, arena.challenge_id) is False
    public = board(arena, Board.PUBLIC)
    assert ranks(public) == [
        (1, "ada", Decimal("0.1250")),
        (2, "bob", Decimal("0.2500")),
        (3, "cyd", Decimal("0.5000")),
        (None, "constant", Decimal("1.0000")),
    ]
    assert public.standings[3].kind is SubmissionKind.BASELINE
    assert public.standings[0].improvement == Decimal("87.50")

    assert board_steps.settle(arena.bench, arena.challenge_id) is False
    arena.end()
    assert board_steps.settle(arena.bench, arena.challenge_id) is True
    assert board_steps.settle(arena.bench, arena.challenge_id) is False
    assert arena.challenge.state is ChallengeState.REVEALED
    private = board(arena, Board.PRIVATE)
    assert [row[:2] for row in ranks(private)] == [row[:2] for row in ranks(public)]
    assert private.standings[0].submission_id == last.submission_id

    with db.reading(engine) as session:
        awards = prizes.awards(session, challenge_id=arena.challenge_id)
        assert [(award.place, award.team_name, award.money.minor) for award in awards] == [
            (1, "ada", 100_000),
            (2, "bob", 50_000),
        ]
        assert audit.first_broken_event(session) is None
