"""A challenge with winners, told step by step, for tests of awards."""

from datetime import timedelta
from typing import Any

from sqlmodel import Session
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.accounts import messages
from palio.accounts.contracts import Team
from palio.challenges import queries as challenges
from palio.challenges.contracts import ChallengeState
from palio.challenges.prize_contracts import (
    Gate,
    PrizePlan,
    VerificationPlan,
)
from palio.core.money import Money
from palio.leaderboard import service as leaderboard
from palio.prizes import queries, service, workflow
from palio.prizes.contracts import Award, AwardState
from palio.submissions import exclusions
from palio.submissions.exclusion_contracts import Exclusion, ReasonCode

S = AwardState
HASH = "a" * 64
GATES = VerificationPlan(gates=(Gate.IDENTITY, Gate.CODE), hold_days=2)
PRIZES = (
    PrizePlan(1, "First", Money(100_001, "EUR")),
    PrizePlan(2, "Second", Money(50_000, "EUR")),
)
DAY = timedelta(days=1)


class Story:
    """A revealed challenge with teams of known private scores, and a clock of its own."""

    def __init__(self, work: Work, *scores: str, **changes: Any) -> None:
        self.work = work
        self.teams: list[Team] = []
        with work() as session:
            wanted: dict[str, Any] = {"prizes": PRIZES, "verification": GATES} | changes
            self.challenge = make.challenge(session, **wanted)
            for index, private in enumerate(scores):
                team = make.team(session, of=self.challenge, handle=f"team-{index}")
                receipt = make.submit(session, to=self.challenge, by=team, key="k")
                make.score(session, receipt, public="0.5", private=private)
                self.teams.append(team)
        self.now = self.challenge.phases[-1].closes_at

    def reveal_without_awards(self) -> None:
        with self.work() as session:
            make.close(session, what=self.challenge)
            leaderboard.reveal(session, challenge=self.challenge, now=self.now)

    def reveal(self) -> None:
        with self.work() as session:
            make.close(session, what=self.challenge)
            board = leaderboard.reveal(session, challenge=self.challenge, now=self.now)
            service.propose(
                session, challenge=self.challenge, standings=board.standings, now=self.now
            )

    @property
    def awards(self) -> tuple[Award, ...]:
        with self.work() as session:
            return queries.awards(session, challenge_id=self.challenge.id)

    @property
    def board(self) -> list[tuple[int, str, str]]:
        return [(a.place, a.team_name, a.state.value) for a in self.awards]

    @property
    def state(self) -> ChallengeState:
        with self.work() as session:
            return challenges.by_id(session, self.challenge.id).state

    def wait(self, days: int) -> None:
        self.now += days * DAY
        with self.work() as session:
            service.run_clocks(session, challenge_id=self.challenge.id, now=self.now)

    def disqualify(self, team_id: str) -> Exclusion:
        """A host takes the team off the board, and the awards follow."""
        with self.work() as session:
            made = exclusions.disqualify(
                session,
                challenge=self.challenge,
                team_id=team_id,
                reason=ReasonCode.COPIED,
                words="Copied.",
                by="host",
                now=self.now,
            )
            self._follow(session)
        return made

    def lift(self, exclusion: Exclusion) -> None:
        """The host lets the team in again, and the awards follow."""
        with self.work() as session:
            exclusions.lift(
                session,
                exclusion_id=exclusion.id,
                challenge=self.challenge,
                words="A mistake.",
                by="host",
                now=self.now,
            )
            self._follow(session)

    def _follow(self, session: Session) -> None:
        leaderboard.rereveal(session, challenge=self.challenge, reason="x", by="host", now=self.now)
        service.follow_board(session, self.challenge, now=self.now)

    def notify(self, award: Award) -> Award:
        with self.work() as session:
            return workflow.notify(session, award_id=award.id, by="host", now=self.now)

    def accept(self, award: Award, *, by: str) -> Award:
        with self.work() as session:
            return workflow.accept(session, award_id=award.id, by=by, now=self.now)

    def hand_in(self, award: Award, *, by: str) -> Award:
        with self.work() as session:
            return workflow.hand_in(session, award_id=award.id, by=by, now=self.now)

    def gate(self, award: Award, gate: Gate, *, has_passed: bool = True) -> Award:
        with self.work() as session:
            return workflow.record_gate(
                session,
                award_id=award.id,
                gate=gate,
                has_passed=has_passed,
                evidence_sha256=HASH,
                words="",
                by="host",
                now=self.now,
            )

    def to_eligible(self, award: Award, *, by: str) -> Award:
        self.notify(award)
        self.accept(award, by=by)
        self.hand_in(award, by=by)
        self.gate(award, Gate.CODE)
        return self.gate(award, Gate.IDENTITY)

    def texts(self, person_id: str) -> list[str]:
        with self.work() as session:
            page = messages.messages(session, person_id=person_id)
            return [message.text for message in reversed(page.items)]


def steps(session: Session, award: Award) -> list[str]:
    return [step.state.value for step in queries.award_file(session, award.id).steps]
