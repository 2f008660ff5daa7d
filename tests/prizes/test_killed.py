"""A process is killed in the middle of a deed: award and ledger agree, and it is done again."""

import os
import signal
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session
from tests.factories.submissions import Work
from tests.prizes import test_last_call as calls
from tests.prizes.story import HASH, Story

from palio.core import audit, db
from palio.escrow import queries as funds
from palio.escrow.contracts import Deed
from palio.leaderboard import service as leaderboard
from palio.prizes import last_call, queries, service, workflow
from palio.prizes.contracts import Award
from palio.prizes.states import GIVEN

pytestmark = pytest.mark.slow_on("postgresql")
Deed_ = Callable[[Session], object]
POINTS = (2, 6, 12, 20, 35, 55)


def die_at(engine: Engine, do: Deed_, *, statement: int) -> bool:
    """Run a deed in a process that kills itself at its n-th statement; tell whether it died."""
    address = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    child = os.fork()
    if child == 0:
        own = db.open_engine(address)
        seen = 0

        @event.listens_for(own, "after_cursor_execute")
        def count(*_: object) -> None:
            nonlocal seen
            seen += 1
            if seen == statement:
                os.kill(os.getpid(), signal.SIGKILL)

        with db.unit_of_work(own, send=lambda _: None) as session:
            do(session)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def agree(engine: Engine, challenge_id: str) -> None:
    """Check that given awards have their money in the ledger, no others have, no link is cut."""
    with db.reading(engine) as session:
        awards = queries.awards(session, challenge_id=challenge_id)
        expected = sum(award.money.minor for award in awards if award.state in GIVEN)
        found = sum(each.awarded for each in funds.funding(session, challenge_id))
        assert found == expected
        for award in awards:
            last = queries.steps(session, award_ids=[award.id])[award.id][-1]
            assert last.state is award.state
        assert audit.first_broken_event(session) is None


@pytest.fixture
def ready(work: Work) -> tuple[Story, Award, datetime]:
    """An award that becomes payable at an instant."""
    story = Story(work, "0.3", "0.1", "0.2")
    story.reveal()
    first = story.awards[0]
    story.to_eligible(first, by=story.teams[1].captain_id)
    return story, first, story.now + timedelta(days=2)


@pytest.mark.parametrize("statement", POINTS)
def test_killed_while_an_award_becomes_payable(
    engine: Engine, ready: tuple[Story, Award, datetime], statement: int
) -> None:
    story, _, at = ready
    challenge_id = story.challenge.id

    def clocks(session: Session) -> None:
        service.run_clocks(session, challenge_id=challenge_id, now=at)

    assert die_at(engine, clocks, statement=statement) is True
    agree(engine, challenge_id)
    assert story.board[0] == (1, "team-1", "split_signed")
    story.wait(2)
    assert story.board[0] == (1, "team-1", "payable")
    agree(engine, challenge_id)


@pytest.mark.parametrize("statement", [3, 12, 30])
def test_killed_while_money_is_paid_and_confirmed(
    engine: Engine, ready: tuple[Story, Award, datetime], statement: int
) -> None:
    story, first, _ = ready
    story.wait(2)
    captain = story.teams[1].captain_id

    def pay(session: Session) -> None:
        workflow.pay(
            session,
            award_id=first.id,
            person_id=captain,
            withheld_minor=1,
            receipt_sha256=HASH,
            by="host",
            now=story.now,
        )

    assert die_at(engine, pay, statement=statement) is True
    agree(engine, story.challenge.id)
    with story.work() as session:
        pay(session)
        paid = [
            each for each in funds.statement(session, story.challenge.id) if each.deed is Deed.PAY
        ]
    assert len(paid) == 1
    assert story.board[0] == (1, "team-1", "sent")


@pytest.mark.parametrize("statement", [2, 9, 25])
def test_killed_while_prizes_are_offered(engine: Engine, work: Work, statement: int) -> None:
    story = Story(work, "0.3", "0.1", "0.2")
    challenge, now = story.challenge, story.now
    story.reveal_without_awards()

    def offer(session: Session) -> None:
        board = leaderboard.reveal(session, challenge=challenge, now=now)
        service.propose(session, challenge=challenge, standings=board.standings, now=now)

    assert die_at(engine, offer, statement=statement) is True
    assert story.board == []
    with work() as session:
        offer(session)
    assert story.board == [(1, "team-1", "provisional"), (2, "team-2", "provisional")]


@pytest.mark.parametrize("statement", [3, 12, 18])
def test_killed_in_a_last_call_leaves_the_schedule_or_the_call_never_half(
    engine: Engine, work: Work, statement: int
) -> None:
    with work() as session:
        challenge, team = calls.netflix(session)
        calls.enter(session, challenge, team, public="0.8558", at=calls.REACHED)
        leaderboard.publish(session, challenge=challenge, now=calls.REACHED)

    def call(session: Session) -> None:
        last_call.call_if_reached(session, challenge_id=challenge.id, now=calls.REACHED)

    assert die_at(engine, call, statement=statement) is True
    with work() as session:
        assert queries.last_call(session, challenge_id=challenge.id, round=0) is None
        assert calls.challenges.schedule_changes(session, challenge_id=challenge.id) == ()
        call(session)
        assert calls.challenges.by_id(session, challenge.id).phases[-1].closes_at == calls.CLOSES
