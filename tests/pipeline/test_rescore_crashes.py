"""Processes killed (SIGKILL) at every write of apply and of scoring: the old board or the new."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event
from tests.factories.arena import Arena, make_arena
from tests.factories.rescoring import Rescoring, bobs, two_teams

from palio.core import db
from palio.leaderboard.contracts import Board
from palio.pipeline import board_steps, steps, tables

AT_COMMIT = "commit"
Deed = Callable[[Rescoring], object]


def writes(engine: Engine, hit: Callable[[int | str], None]) -> None:
    """Call `hit` before every statement that writes, with its number, and before each commit."""
    count = 0

    @event.listens_for(engine, "before_cursor_execute")
    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        nonlocal count
        if statement.split(None, 1)[0] in ("INSERT", "UPDATE", "DELETE"):
            count += 1
            hit(count)

    @event.listens_for(engine, "commit")
    def commit(_connection: Any) -> None:
        hit(AT_COMMIT)


def in_a_child(sets: Rescoring, deed: Deed, hit: Callable[[int | str], None]) -> int:
    """Do a deed in a process of its own, with its own connections; return how it ended."""
    arena = sets.arena
    address = arena.engine.url.render_as_string(hide_password=False)
    arena.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            engine = db.open_engine(address)
            own = make_arena(engine, arena.folder)
            own.challenge_id = arena.challenge_id
            writes(engine, hit)
            deed(Rescoring(own))
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def kill_at(place: int | str) -> Callable[[int | str], None]:
    def hit(here: int | str) -> None:
        if here == place:
            os.kill(os.getpid(), signal.SIGKILL)

    return hit


def count_writes(sets: Rescoring, deed: Deed) -> int:
    """Return how many writes a deed makes up to its last commit, without doing it."""
    reader, writer = os.pipe()
    done: list[int] = []

    def hit(here: int | str) -> None:
        if here == AT_COMMIT:
            os.write(writer, f"{len(done)}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)
        done.append(1)

    in_a_child(sets, deed, hit)
    os.close(writer)
    with os.fdopen(reader) as file:
        return int(file.readline())


def dump(engine: Engine) -> dict[str, list[str]]:
    """Everything in the database."""
    with engine.connect() as connection:
        return {
            table.name: sorted(repr(tuple(row)) for row in connection.execute(table.select()))
            for table in tables.metadata.sorted_tables
        }


@pytest.fixture
def sets(arena: Arena) -> Rescoring:
    """A revealed challenge with offered prizes; an open set would turn the board round."""
    made = two_teams(arena)
    arena.end()
    assert board_steps.settle(arena.bench, arena.challenge_id)
    made.correct(bobs)
    return made


def boards(sets: Rescoring) -> tuple[str, str]:
    """Who leads on the public and on the final board."""
    return sets.board()[0][1], sets.board(Board.PRIVATE)[0][1]


@pytest.mark.slow_on("postgresql")
@pytest.mark.parametrize("steps_between", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_apply_killed_at_every_write_leaves_everything_as_it_was(
    sets: Rescoring, steps_between: int
) -> None:
    sets.score_all()
    before = dump(sets.arena.engine)
    count = count_writes(sets, Rescoring.apply)
    assert count > 10
    for place in (*range(1, count + 1, steps_between), count, AT_COMMIT):
        assert in_a_child(sets, Rescoring.apply, kill_at(place)) == signal.SIGKILL
        assert dump(sets.arena.engine) == before, place
    assert boards(sets) == ("ada", "ada")

    def apply_and_die(child: Rescoring) -> None:
        child.apply()
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_a_child(sets, apply_and_die, kill_at(0)) == signal.SIGKILL
    assert boards(sets) == ("bob", "bob")
    assert sets.count("message WHERE kind = 'rescore.applied'") == 2
    assert sets.count("score_version WHERE state = 'active'") == 1


@pytest.mark.slow
def test_a_worker_killed_at_every_write_scores_each_submission_once(sets: Rescoring) -> None:
    arena = sets.arena

    def score_one(child: Rescoring) -> None:
        steps.score_next(child.arena.bench, on_lost=lambda: None)

    places: list[int | str] = []
    place = 0
    while True:
        place += 1
        if in_a_child(sets, score_one, kill_at(place)) != signal.SIGKILL:
            break  # it made fewer writes than this, and so has scored one
        places.append(place)
        results = sets.count("shadow_result")
        assert sets.count("public_score WHERE key_version = 2") == results == 0
        arena.change_jobs("lease_until = created_at, attempts = 0")
    assert len(places) > 3
    assert sets.count("shadow_result") == 1
    sets.score_all()
    assert boards(sets) == ("ada", "ada")
    assert sets.count("public_score WHERE key_version = 2") == 3
    assert sets.count("private_score WHERE key_version = 2") == 3
    sets.apply()
    assert boards(sets) == ("bob", "bob")
