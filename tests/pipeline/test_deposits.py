"""A challenge whose rules demand a deposit stays shut until the money is there, by itself."""

import hashlib

import pytest
from sqlalchemy import Engine
from sqlmodel import Session
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.challenges import queries as challenges
from palio.challenges import rules
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.errors import NotOpenYetError
from palio.challenges.prize_contracts import EscrowPlan, PrizePlan
from palio.core.clock import database_now
from palio.core.money import Money
from palio.core.storage import LocalStorage
from palio.escrow import queries as escrow
from palio.escrow import rules as escrow_rules
from palio.escrow import service
from palio.escrow.contracts import Evidence
from palio.pipeline import board_steps
from palio.pipeline.bench import Bench
from palio.pipeline.leases import Terms

EVIDENCE = hashlib.sha256(b"bank statement").hexdigest()
PRIZES = (
    PrizePlan(1, "First", Money(100_000, "EUR")),
    PrizePlan(2, "Second", Money(5_000, "JPY")),
)
PLAN = EscrowPlan(is_deposit_required=True, fee_basis_points=500)


@pytest.fixture
def bench(engine: Engine, storage: LocalStorage) -> Bench:
    return Bench(engine, lambda _message: None, storage, Terms(60, 3), "w")


def deposit(session: Session, challenge: Challenge, money: Money, *, held_by: str = "") -> None:
    service.deposit(
        session,
        key=f"d{money}",
        challenge_id=challenge.id,
        minor=money.minor,
        currency=money.currency,
        evidence=Evidence(EVIDENCE, held_by=held_by),
        by="admin",
        now=database_now(session),
    )


def now_state(work: Work, challenge: Challenge) -> ChallengeState:
    with work() as session:
        return challenges.by_id(session, challenge.id).state


def test_challenge_opens_by_itself_once_prizes_and_fee_are_deposited(
    work: Work, bench: Bench
) -> None:
    with work() as session:
        challenge = make.challenge(session, prizes=PRIZES, escrow=PLAN)
        assert challenge.state is ChallengeState.SCHEDULED
        with pytest.raises(NotOpenYetError, match="prize money is deposited"):
            rules.open_phase(challenge, now=database_now(session))
        deposit(session, challenge, Money(105_000, "EUR"))
    board_steps.settle(bench, challenge.id)
    assert now_state(work, challenge) is ChallengeState.SCHEDULED
    with work() as session:
        there = escrow.funding(session, challenge.id)
        missing = escrow_rules.missing_deposit(challenge.plan, there)
        assert missing == (Money(5_250, "JPY"),)
        deposit(session, challenge, Money(5_250, "JPY"), held_by="Notary Rossi")
    assert now_state(work, challenge) is ChallengeState.OPEN  # at once, before any sweep
    with work() as session:
        open_now = challenges.by_id(session, challenge.id)
        assert rules.open_phase(open_now, now=database_now(session)).name == "main"


def test_challenge_without_that_rule_opens_by_time_alone(work: Work, bench: Bench) -> None:
    with work() as session:
        challenge = make.challenge(session, prizes=PRIZES)
    board_steps.settle(bench, challenge.id)
    assert now_state(work, challenge) is ChallengeState.OPEN
