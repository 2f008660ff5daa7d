"""kill -9 at every write of awards and ledger: the old state or the new one, never some of each."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.flows.any_order import awards, children, promises
from tests.flows.any_order.children import Deed, do_again, do_at_last
from tests.flows.any_order.files import by_name
from tests.flows.any_order.look import Memory
from tests.flows.any_order.rules_of_challenges import GRAND, VERIFIED, WORD, Kind
from tests.flows.any_order.site import Site, Stages

from palio.challenges.contracts import ChallengeState
from palio.escrow import queries as funds
from palio.pipeline import prize_steps
from palio.pipeline.corrections import correct_boards
from palio.prizes import queries
from palio.submissions import exclusions
from palio.submissions.exclusion_contracts import ReasonCode

SLOW = pytest.mark.slow


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=SLOW)])
def stages(request: pytest.FixtureRequest, tmp_path: Path) -> Stages:
    """Sites to copy, on each database."""
    is_sqlite = request.param == "sqlite"
    return Stages(
        tmp_path, postgres=None if is_sqlite else request.getfixturevalue("postgres_address")
    )


@pytest.fixture(params=["few", pytest.param("every", marks=SLOW)])
def stride(request: pytest.FixtureRequest, stages: Stages) -> int:
    """From one kill to the next, in writes."""
    return 40 if request.param == "few" else 1 if stages.is_sqlite else 9


@pytest.fixture
def verified(stages: Stages) -> Iterator[Site]:
    """Three winners to verify: one in front, two that share the second place."""
    stages.make(VERIFIED)
    with stages.copy(VERIFIED, "over") as site:
        yield site


def board(site: Site) -> list[tuple[int, str, str]]:
    with site.reading() as session:
        found = queries.awards(session, challenge_id=site.challenge_id)
    return [(award.place, award.team_name, award.state.value) for award in found]


def step(verb: awards.Verb, name: str) -> Deed:
    """One step of the award of the team that is called so."""

    def deed(site: Site) -> None:
        with site.reading() as session:
            found = queries.awards(session, challenge_id=site.challenge_id)
        award = next(award for award in found if award.team_name == name)
        with site.work() as session:
            verb(session, award, site, 1)

    return deed


def clocks(site: Site) -> None:
    prize_steps.run_clocks(site.arena.bench, site.challenge_id)


def disqualify(site: Site, *, team: int) -> None:
    with site.work() as session:
        exclusions.disqualify(
            session,
            challenge=site.challenge,
            team_id=site.teams[team],
            reason=ReasonCode.OTHER_RULE,
            words="Rule 3.",
            by=site.host,
            now=site.now,
        )
        correct_boards(
            session, challenge_id=site.challenge_id, reason="test", by=site.host, now=site.now
        )


def all_of(site: Site, stride: int, *deeds: Deed) -> None:
    """Do one deed after the other, each killed at every write, then once more."""
    memory = Memory()
    for deed in deeds:
        assert do_at_last(site, memory, deed, stride=stride) == 0  # one transaction each
        do_again(site, deed)
        promises.check(site, memory)


def test_an_award_killed_at_every_step_to_the_money_and_back(verified: Site, stride: int) -> None:
    go = partial(step, name="Cyd")
    all_of(
        verified,
        stride,
        go(awards.notify),
        go(awards.accept),
        go(awards.hand_in),
        go(awards.look_at_gate),
    )
    assert board(verified)[0] == (1, "Cyd", "split_signed")
    verified.wait(hours=25)
    all_of(verified, stride, clocks)
    assert board(verified)[0] == (1, "Cyd", "payable")
    all_of(verified, stride, go(awards.pay), go(awards.say_came_back))
    all_of(verified, stride, go(awards.pay), go(awards.say_arrived))
    assert board(verified)[0] == (1, "Cyd", "confirmed")
    with verified.reading() as session:
        funding = funds.funding_in(session, verified.challenge_id, "EUR")
    assert (funding.awarded, funding.paid) == (100_001, 100_001)
    all_of(verified, stride, go(awards.claw_back))
    assert sorted(board(verified)) == [
        (1, "Ada", "provisional"),
        (1, "Bob", "provisional"),
        (1, "Cyd", "clawed_back"),
    ]


@SLOW
def test_winners_killed_while_they_go_and_the_challenge_opens_again(
    verified: Site, stride: int
) -> None:
    all_of(verified, stride, partial(disqualify, team=2), step(awards.decline, "Ada"))
    assert sorted(state for _, _, state in board(verified)) == [
        "declined",
        "disqualified",
        "provisional",
    ]
    all_of(verified, stride, step(awards.decline, "Bob"))
    assert verified.challenge.state is ChallengeState.OPEN
    assert verified.challenge.round == 1
    assert verified.challenge.phases[-1].closes_at == verified.now + timedelta(days=2)


def told(site: Site) -> list[tuple[str, str]]:
    """What everybody was told, without ids."""
    with site.reading() as session:
        look = promises.Look(session, site, Memory())
        return sorted((row.kind, row.text) for row in look.rows("message"))


def last_call(site: Site) -> None:
    site.submit(site.team(0), by_name("best"), key="best")
    site.score()


def over(site: Site) -> None:
    site.clock.set(site.challenge.phases[-1].closes_at)


@pytest.mark.parametrize(
    ("kind", "stage", "prepare"),
    [
        pytest.param(GRAND, "open", last_call, marks=SLOW, id="last call"),
        pytest.param(WORD, "played", over, id="reveal"),
    ],
)
def test_a_sweep_killed_at_every_step_ends_as_without(
    stages: Stages, kind: Kind, stage: str, prepare: Callable[[Site], None], stride: int
) -> None:
    """A last call, and a reveal with its offers: several transactions, each whole."""
    stages.make(kind)
    with stages.copy(kind, stage) as site:
        prepare(site)
        site.sweep()
        expected = board(site), told(site), site.challenge.phases[-1].closes_at
    with stages.copy(kind, stage) as site:
        prepare(site)
        do_at_last(site, Memory(), Site.sweep, stride=stride)
        do_again(site, Site.sweep)
        assert (board(site), told(site), site.challenge.phases[-1].closes_at) == expected


@SLOW
def test_thirty_processes_that_sweep_at_once_finish_once(stages: Stages) -> None:
    stages.make(WORD)
    with stages.copy(WORD, "played") as site:
        over(site)
        site.sweep()
        expected = board(site), told(site)
    with stages.copy(WORD, "played") as site:
        over(site)
        running = [children.start(site, Site.sweep) for _ in range(30)]
        assert [children.is_killed(child) for child in running] == [False] * 30
        promises.check(site, Memory())
        assert (board(site), told(site)) == expected
        with site.reading() as session:
            rows = promises.Look(session, site, Memory()).rows
            kept = [row.version for row in rows("board_snapshot") if row.board == "private"]
            assert kept == [1]
            assert len({row.team_id for row in rows("award")}) == len(rows("award")) == 2
