"""The real history, replayed through the product at its real instants."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine
from tests.factories import netflix
from tests.factories.arena import Arena, make_arena
from tests.factories.netflix import predictions, utc
from tests.factories.set_clock import SetClock, clock_set_by_test

from palio.accounts import service as accounts
from palio.accounts.contracts import Person, Team
from palio.challenges.contracts import ChallengeState
from palio.challenges.errors import ClosedError
from palio.challenges.packs import read_pack
from palio.challenges.prize_contracts import Gate
from palio.core import audit, db
from palio.core.storage import LocalStorage
from palio.escrow import queries as escrow
from palio.escrow import service as escrow_service
from palio.escrow.contracts import Evidence, Funding
from palio.leaderboard import queries as boards
from palio.leaderboard.contracts import Board, Snapshot
from palio.pipeline import board_steps, launch, prize_steps
from palio.prizes import queries as prizes
from palio.prizes import workflow
from palio.prizes.contracts import Award, AwardState

NETFLIX = "netflix"
RECEIPT = hashlib.sha256(b"wire transfer").hexdigest()
MINUTE = timedelta(minutes=1)


class History:
    """One site, one clock, and the people of the Netflix Prize."""

    def __init__(self, arena: Arena, clock: SetClock) -> None:
        self.arena = arena
        self.clock = clock
        self.host = ""

    def at(self, instant: str) -> datetime:
        self.clock.set(utc(instant))
        return self.clock.now

    def person(self, handle: str) -> Person:
        with self.arena.bench.work() as session:
            return accounts.sign_up(
                session,
                handle=handle,
                display_name=handle.title(),
                email=None,
                password_hash="-",  # noqa: S106 (nobody signs in)
                now=self.clock.now,
            )

    def launch(self, folder: Path) -> None:
        self.host = self.person(NETFLIX).id
        with self.arena.bench.work() as session:
            self.arena.challenge_id = launch.publish_pack(
                session,
                pack=read_pack(netflix.write_pack(folder)),
                blobs=self.arena.bench.blobs,
                sealed=self.arena.sealed,
                hidden=LocalStorage(self.arena.folder / "hidden"),
                organizer_id=self.host,
                now=self.clock.now,
            ).id

    def deposit(self, minor: int) -> None:
        with self.arena.bench.work() as session:
            escrow_service.deposit(
                session,
                key="deposit",
                challenge_id=self.arena.challenge_id,
                minor=minor,
                currency="USD",
                evidence=Evidence(sha256=RECEIPT, held_by=""),
                by=self.host,
                now=self.clock.now,
            )

    def team(self, name: str, *handles: str) -> Team:
        people = [self.person(handle) for handle in handles]
        with self.arena.bench.work() as session:
            team = accounts.create_team(
                session,
                challenge_id=self.arena.challenge_id,
                person=people[0],
                name=name,
                now=self.clock.now,
            )
            if people[1:]:
                link = accounts.invite(
                    session,
                    team_id=team.id,
                    by=people[0].id,
                    merge_deadline=None,
                    now=self.clock.now,
                    days=7,
                )
            for person in people[1:]:
                team = accounts.accept_invite(
                    session,
                    code=link.secret,
                    person=person,
                    max_members=10,
                    merge_deadline=None,
                    now=self.clock.now,
                )
        return team

    def enter(self, instant: str, team: Team, *, quiz: float, test: float) -> str:
        """Submit at this instant, score it, and let the board and the clocks follow."""
        self.at(instant)
        receipt = self.arena.submit(team, predictions(quiz, test))
        self.arena.score_all()
        board_steps.publish(self.arena.bench, self.arena.challenge_id, at_once=True)
        return receipt.submission_id

    def sweep(self, instant: str) -> None:
        self.at(instant)
        board_steps.settle(self.arena.bench, self.arena.challenge_id)
        prize_steps.look_after(self.arena.bench)

    def board(self, which: Board = Board.PUBLIC) -> Snapshot:
        with db.reading(self.arena.engine) as session:
            board = boards.latest(session, challenge_id=self.arena.challenge_id, board=which)
        assert board is not None
        return board

    def awards(self) -> tuple[Award, ...]:
        with db.reading(self.arena.engine) as session:
            return prizes.awards(session, challenge_id=self.arena.challenge_id)

    def funding(self) -> Funding:
        with db.reading(self.arena.engine) as session:
            return escrow.funding_in(session, self.arena.challenge_id, "USD")

    def verify_and_pay(self, award: Award, team: Team) -> None:
        """Take a winner from notice to confirmed payment."""
        now = self.clock.now
        with self.arena.bench.work() as session:
            workflow.notify(session, award_id=award.id, by=self.host, now=now)
            workflow.accept(session, award_id=award.id, by=team.captain_id, now=now)
            workflow.hand_in(session, award_id=award.id, by=team.captain_id, now=now)
            for member in team.members:
                workflow.sign_split(session, award_id=award.id, by=member.person_id, now=now)
            for gate in (Gate.CODE, Gate.IDENTITY, Gate.LICENCE):
                workflow.record_gate(
                    session,
                    award_id=award.id,
                    gate=gate,
                    has_passed=True,
                    evidence_sha256=RECEIPT,
                    words="Seen by the judges.",
                    by=self.host,
                    now=now,
                )
            for member in team.members:
                workflow.pay(
                    session,
                    award_id=award.id,
                    person_id=member.person_id,
                    withheld_minor=100,
                    receipt_sha256=RECEIPT,
                    by=self.host,
                    now=now,
                )
            for member in team.members:
                workflow.confirm_receipt(
                    session,
                    award_id=award.id,
                    person_id=member.person_id,
                    by=member.person_id,
                    now=now,
                )
                workflow.pass_on_tax(
                    session,
                    award_id=award.id,
                    person_id=member.person_id,
                    receipt_sha256=RECEIPT,
                    by=self.host,
                    now=now,
                )


def ranks(board: Snapshot) -> list[tuple[int | None, str, str, str]]:
    return [
        (row.rank, row.name, str(row.score), str(row.improvement))
        for row in board.standings
        if row.rank is not None
    ]


def prize_lines(board: Snapshot) -> dict[str, Decimal]:
    return {line.title: line.score for line in board.lines}


@pytest.mark.slow_on("postgresql")
def test_the_netflix_prize_from_2006_to_2009(engine: Engine, tmp_path: Path) -> None:  # noqa: PLR0915 (one story)
    arena = make_arena(engine, tmp_path)
    with clock_set_by_test(engine) as clock:
        history = History(arena, clock)
        history.at("2006-09-30 12:00:00")
        history.launch(tmp_path / "pack")

        # Its rules demand a deposit: it does not open before the money is there.
        history.sweep("2006-10-02 00:00:00")
        assert arena.challenge.state is ChallengeState.SCHEDULED
        history.deposit(110_000_000)
        history.sweep("2006-10-02 00:00:01")
        assert arena.challenge.state is ChallengeState.OPEN

        # 2007: KorBell, 8.43 % on the quiz, the last file 31 minutes before the first anniversary.
        history.at("2007-09-01 00:00:00")
        korbell = history.team("KorBell", "bell", "koren", "volinsky")
        bellkor = history.team("BellKor in BigChaos", "jahrer", "toscher")
        history.enter("2007-10-01 23:29:20", korbell, quiz=0.8712, test=0.8723)
        history.sweep("2007-10-02 00:00:01")
        [first] = history.awards()
        assert (first.title, first.team_id) == ("Progress Prize 2007", korbell.id)
        history.at("2007-11-13 12:00:00")
        history.verify_and_pay(first, korbell)

        # 2008: the bar is one percent below KorBell; BellKor in BigChaos passes it, 9.44 %.
        history.enter("2008-09-30 12:00:00", bellkor, quiz=0.8616, test=0.8627)
        history.sweep("2008-10-02 00:00:01")
        second = next(one for one in history.awards() if one.team_id == bellkor.id)
        assert second.state is AwardState.PROVISIONAL
        history.at("2008-12-10 12:00:00")
        history.verify_and_pay(second, bellkor)
        assert ranks(history.board()) == [
            (1, "BellKor in BigChaos", "0.8616", "9.44"),
            (2, "KorBell", "0.8712", "8.43"),
        ]
        lines = prize_lines(history.board())
        assert lines["Grand Prize"] == Decimal("0.8563")
        assert arena.challenge.phases[-1].closes_at == utc("2011-10-02 00:00:00")

        # 2009: 10.05 % on the quiz starts the last call for everybody.
        history.at("2009-06-01 00:00:00")
        names = ("chabbert", "martin", "michael", "andreas", "robert", "yehuda", "chris")
        pragmatic = history.team("BellKor's Pragmatic Chaos", *names)
        ensemble = history.team("The Ensemble", "lester", "joe")
        history.enter("2009-06-26 18:42:37", pragmatic, quiz=0.8558, test=0.8570)
        assert arena.challenge.phases[-1].closes_at == utc("2009-07-26 18:42:37")
        with db.reading(engine) as session:
            call = prizes.last_call(session, challenge_id=arena.challenge_id, round=0)
        assert call is not None
        assert (call.reached_at, call.closes_at) == (
            utc("2009-06-26 18:42:37"),
            utc("2009-07-26 18:42:37"),
        )

        # The last half hour: the rivals take the lead on the quiz four minutes before the end.
        chaos = history.enter("2009-07-26 18:18:28", pragmatic, quiz=0.8554, test=0.856704)
        history.enter("2009-07-26 18:38:22", ensemble, quiz=0.8553, test=0.856714)
        assert ranks(history.board())[:2] == [
            (1, "The Ensemble", "0.8553", "10.10"),
            (2, "BellKor's Pragmatic Chaos", "0.8554", "10.09"),
        ]
        history.at("2009-07-26 18:42:38")
        with pytest.raises(ClosedError):
            arena.submit(korbell, predictions(0.8, 0.8))

        # The reveal: both 0.8567, 10.06 %; the earlier entry comes first.
        history.sweep("2009-07-26 18:43:00")
        assert arena.challenge.state is ChallengeState.REVEALED
        private = history.board(Board.PRIVATE)
        assert ranks(private)[:2] == [
            (1, "BellKor's Pragmatic Chaos", "0.8567", "10.06"),
            (1, "The Ensemble", "0.8567", "10.06"),
        ]
        assert private.standings[0].submission_id == chaos
        assert prize_lines(private)["Grand Prize"] == Decimal("0.8572")

        grand = next(one for one in history.awards() if one.title == "Grand Prize")
        assert (grand.team_id, grand.money.minor) == (pragmatic.id, 100_000_000)
        history.at("2009-09-21 14:00:00")
        history.verify_and_pay(grand, pragmatic)
        history.sweep("2009-09-21 14:01:00")

        # The ledger to the cent: everything deposited was paid, nothing is left.
        assert [one.state for one in history.awards()] == [AwardState.CONFIRMED] * 3
        funding = history.funding()
        assert (funding.deposited, funding.paid) == (110_000_000, 110_000_000)
        with db.reading(engine) as session:
            shares = sorted(
                share.minor for share in prizes.award_file(session, grand.id).split.shares
            )
            assert shares == [14_285_714] * 5 + [14_285_715] * 2
            assert audit.first_broken_event(session) is None
            on = escrow.balances(session, arena.challenge_id, "USD")
            assert set(on.values()) == {0}
        assert arena.challenge.state is ChallengeState.AWARDED
