"""Metrics that are no mean over rows get rank intervals from resampled rows, before the reveal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, text
from sqlmodel import select
from tests.factories.arena import ROWS, TRUTH, Arena, make_arena
from tests.factories.rescoring import Rescoring

from palio.core import db, queue
from palio.datasets.contracts import AnswerKeyRef
from palio.leaderboard import chance_words
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board, Snapshot
from palio.leaderboard.rules import NotRevealedYetError
from palio.pipeline import board_steps, draw_asks, draw_steps
from palio.pipeline.contracts import Task
from palio.scoring import resampling
from palio.scoring.key import AnswerKey
from palio.submissions.draw_models import PrivateDraws

pytestmark = pytest.mark.slow_on("postgresql")

PEARSON = '[[metrics]]\nname = "pearson"\ndigits = 4\n'
TEAMS = (("ada", 0.1), ("bob", 0.105), ("cyd", 3.0))


def noisy(spread: float, *, seed: int) -> bytes:
    noise = np.random.default_rng(seed).normal(size=ROWS) * spread
    rows = (f"{row + 1},{min(5.0, max(0.5, TRUTH[row] + noise[row])):.4f}" for row in range(ROWS))
    return ("\n".join(["id,rating", *rows]) + "\n").encode()


@pytest.fixture
def closed(engine: Engine, tmp_path: Path) -> Arena:
    """A closed challenge by correlation, everything scored: two near teams and one far away."""
    arena = make_arena(engine, tmp_path)
    arena.launch(metrics=PEARSON)
    for seed, (handle, spread) in enumerate(TEAMS):
        arena.submit(arena.team(handle), noisy(spread, seed=seed))
    arena.score_all()
    arena.end()
    arena.sent.clear()
    return arena


def board(arena: Arena) -> Snapshot:
    with db.reading(arena.engine) as session:
        found = boards.latest(session, challenge_id=arena.challenge_id, board=Board.PRIVATE)
    assert found is not None
    return found


def kept(arena: Arena) -> dict[tuple[str, int], tuple[float, bytes]]:
    """What was worked out, by submission and version of the answers."""
    with db.reading(arena.engine) as session:
        return {
            (row.submission_id, row.key_version): (row.exact, row.scores)
            for row in session.exec(select(PrivateDraws))
        }


def end_patience(arena: Arena) -> None:
    past = arena.now() - timedelta(milliseconds=100)
    shown = past if arena.engine.dialect.name == "postgresql" else f"{past:%Y-%m-%d %H:%M:%S.%f}"
    with arena.engine.begin() as connection:
        connection.execute(text("UPDATE board_work SET draws_until = :at"), {"at": shown})


def dying(arena: Arena, *, at: int) -> Callable[[AnswerKeyRef], AnswerKey]:
    """Open answers, until the process ends in the middle of the n-th submission."""
    opened = 0

    def open_key(key: AnswerKeyRef) -> AnswerKey:
        nonlocal opened
        opened += 1
        if opened == at:
            raise SystemExit
        return arena.bench.open_key(key)

    return open_key


def test_reveal_waits_until_a_worker_with_the_answers_has_compared(closed: Arena) -> None:
    assert not board_steps.settle(closed.bench, closed.challenge_id)
    assert closed.challenge.revealed_at is None
    draw_asks.ask(closed.bench)
    assert closed.sent == [queue.Message(task=Task.SETTLE, id=closed.challenge_id)]
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 3
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 0
    assert board_steps.settle(closed.bench, closed.challenge_id)
    made = board(closed)
    ranked = [row for row in made.standings if row.rank]
    assert [(row.rank, row.rank_low, row.rank_high) for row in ranked] == [
        (1, 1, 2),
        (2, 1, 2),
        (3, 3, 3),
    ]
    assert [row.is_tied_with_first for row in ranked][2] is False
    assert made.chance_words == chance_words.of_draws(
        lines=3, ranked=3, draws=1000, rows=ROWS // 2, data_rows=ROWS // 2
    )
    closed.sent.clear()
    draw_asks.ask(closed.bench)
    assert closed.sent == []


def test_reveal_does_not_wait_for_ever(closed: Arena) -> None:
    assert not board_steps.settle(closed.bench, closed.challenge_id)
    end_patience(closed)
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 0
    assert board_steps.settle(closed.bench, closed.challenge_id)
    made = board(closed)
    assert made.chance_words == chance_words.NOT_WORKED_OUT
    assert {row.rank_low for row in made.standings} == {None}


def test_death_in_the_middle_loses_one_submission_and_changes_no_number(closed: Arena) -> None:
    dead = replace(closed.bench, worker="dead", open_key=dying(closed, at=2))
    with pytest.raises(SystemExit):
        draw_steps.work_out(dead, closed.challenge_id)
    (first,) = kept(closed).items()
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 0  # its turn is not over
    with closed.engine.begin() as connection:
        connection.execute(text("DELETE FROM turn"))
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 2
    found = kept(closed)
    assert found[first[0]] == first[1]
    with closed.engine.begin() as connection:
        connection.execute(text("DELETE FROM private_draws"))
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 3
    assert kept(closed) == found


def test_death_between_work_and_reveal_leaves_no_board(closed: Arena) -> None:
    draw_steps.work_out(closed.bench, closed.challenge_id)
    with db.reading(closed.engine) as session, pytest.raises(NotRevealedYetError):
        boards.latest(session, challenge_id=closed.challenge_id, board=Board.PRIVATE)
    assert closed.challenge.revealed_at is None
    assert board_steps.settle(closed.bench, closed.challenge_id)
    assert board(closed).version == 1
    assert not board_steps.settle(closed.bench, closed.challenge_id)


def test_what_cannot_be_worked_out_does_not_hold_the_reveal_up(closed: Arena) -> None:
    def open_key(_: AnswerKeyRef) -> AnswerKey:
        raise OSError("gone")

    broken = replace(closed.bench, open_key=open_key)
    assert draw_steps.work_out(broken, closed.challenge_id) == 0
    assert board_steps.settle(closed.bench, closed.challenge_id)
    assert board(closed).chance_words == chance_words.NOT_WORKED_OUT


def test_lines_beyond_the_compared_ones_have_no_interval_and_the_board_says_so(
    closed: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resampling, "LINES", 2)
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 2
    assert board_steps.settle(closed.bench, closed.challenge_id)
    made = board(closed)
    # Nobody compared is surely worse than the first two: the others may be anywhere behind.
    assert [(row.rank_low, row.rank_high) for row in made.standings if row.rank] == [
        (1, 3),
        (1, 3),
        (None, None),
    ]
    assert made.chance_words.endswith(" Only the first 2 lines are compared; the others have none.")


@pytest.mark.parametrize("state", ["revealed", "awarded"])
def test_rescored_board_gets_its_intervals_as_its_next_version(closed: Arena, state: str) -> None:
    draw_steps.work_out(closed.bench, closed.challenge_id)
    board_steps.settle(closed.bench, closed.challenge_id)
    with closed.engine.begin() as connection:
        connection.execute(text("UPDATE challenge SET state = :state"), {"state": state})
    sets = Rescoring(closed)
    sets.correct(lambda row, truth: truth if row else 1.5)
    sets.score_all()
    closed.sent.clear()
    sets.apply()
    assert (board(closed).version, board(closed).chance_words) == (2, chance_words.NOT_WORKED_OUT)
    assert queue.Message(task=Task.SETTLE, id=closed.challenge_id) in closed.sent
    closed.sent.clear()
    draw_asks.ask(closed.bench)
    assert closed.sent == [queue.Message(task=Task.SETTLE, id=closed.challenge_id)]
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 3
    made = board(closed)
    assert made.version == 3
    assert [row.rank_high for row in made.standings if row.rank] == [2, 2, 3]
    assert len(kept(closed)) == 6
    assert draw_steps.work_out(closed.bench, closed.challenge_id) == 0
    assert board(closed).version == 3


def test_nothing_is_worked_out_before_the_close(engine: Engine, tmp_path: Path) -> None:
    arena = make_arena(engine, tmp_path)
    arena.launch(metrics=PEARSON)
    arena.submit(arena.team("ada"), noisy(0.1, seed=1))
    arena.score_all()
    assert draw_steps.work_out(arena.bench, arena.challenge_id) == 0
    assert kept(arena) == {}
