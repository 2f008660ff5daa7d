"""Replays from many threads and deaths in the middle leave one transaction for each deed."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from tests.escrow import money
from tests.escrow.money import Till
from tests.factories.submissions import at_once

from palio.core import db
from palio.escrow import errors, queries, trial
from palio.escrow.contracts import Funding, Share, Transaction

Work = Callable[[], AbstractContextManager[Session]]
Deed = Callable[[Till], Transaction]

DEEDS: tuple[Deed, ...] = (
    lambda till: till.pledge(40_000, key="pledge"),
    lambda till: till.deposit(100_000, key="deposit"),
    lambda till: till.award("a", Share("ada", 99_999), Share("bob", 1), key="award"),
    lambda till: till.pay("a", "ada", 30_000, key="pay"),
    lambda till: till.bounce("a", "ada", key="bounce"),
    lambda till: till.pay("a", "ada", 20_000, key="pay again"),
    lambda till: till.confirm("a", "ada", key="confirm"),
    lambda till: till.claw_back("a", "bob", key="claw back"),
)
END = Funding("EUR", deposited=100_000, awarded=99_999, paid=99_999)


def test_every_deed_from_eight_threads_at_once_is_done_once(work: Work) -> None:
    with work() as session:
        challenge_id = money.challenge(session).id

    def do(deed: Deed) -> Transaction:
        with work() as session:
            return deed(Till(session, challenge_id))

    for deed in DEEDS:
        results = at_once(8, lambda _, deed=deed: do(deed))
        assert results == [results[0]] * 8
    with work() as session:
        assert queries.funding(session, challenge_id) == (END,)
        assert len(queries.statement(session, challenge_id)) == len(DEEDS)


def test_one_share_is_paid_once_under_eight_different_keys_at_once(work: Work) -> None:
    with work() as session:
        challenge_id = money.challenge(session).id
        till = Till(session, challenge_id)
        till.deposit(100_000)
        till.award("a", Share("ada", 100_000))

    def pay(number: int) -> str:
        try:
            with work() as session:
                Till(session, challenge_id).pay("a", "ada", key=f"pay {number}")
        except errors.NothingToPayError:
            return "nothing there"
        return "paid"

    assert sorted(at_once(8, pay)) == ["nothing there"] * 7 + ["paid"]


def play(engine: Engine, challenge_id: str, *, die_at: int | None = None) -> None:
    """Do every deed in a transaction of its own; die with number `die_at` written, uncommitted."""
    for number, deed in enumerate(DEEDS):
        with db.unit_of_work(engine, send=lambda _: None) as session:
            deed(Till(session, challenge_id))
            if number == die_at:
                os.kill(os.getpid(), signal.SIGKILL)


def play_and_die(address: str, challenge_id: str, die_at: int) -> None:
    play(db.open_engine(address), challenge_id, die_at=die_at)


@pytest.mark.integration
@pytest.mark.slow_on("postgresql")
def test_deeds_survive_a_kill_at_every_step(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge_id = money.challenge(session).id
    address = engine.url.render_as_string(hide_password=False)
    engine.dispose()  # no connection is open when a process is forked
    fork = multiprocessing.get_context("fork")
    for die_at in range(len(DEEDS)):
        child = fork.Process(target=play_and_die, args=(address, challenge_id, die_at))
        child.start()
        child.join(60)
        assert child.exitcode == -signal.SIGKILL
        with db.reading(engine) as session:
            assert len(queries.statement(session, challenge_id)) == die_at
            assert all(line.is_sound for line in trial.trial_balance(session))
        engine.dispose()
    play(engine, challenge_id)
    with work() as session:
        assert queries.funding(session, challenge_id) == (END,)
        assert len(queries.statement(session, challenge_id)) == len(DEEDS)
