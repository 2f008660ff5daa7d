"""Thirty finalisations at once, on both databases: one list of winners, one of every deed."""

from sqlalchemy import Engine, func
from sqlmodel import select
from tests.factories import submissions as make
from tests.factories.submissions import Work, at_once
from tests.prizes.story import GATES, PRIZES

from palio.core import audit, db
from palio.escrow import queries as funds
from palio.leaderboard import service as leaderboard
from palio.prizes import queries, rules, service, workflow
from palio.prizes.contracts import AwardState
from palio.prizes.models import AwardRow, AwardStepRow


def test_thirty_finalisations_at_once_make_one_list_of_winners(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session, prizes=PRIZES, verification=GATES)
        for index, private in enumerate(("0.3", "0.1", "0.2")):
            team = make.team(session, of=challenge, handle=f"team-{index}")
            receipt = make.submit(session, to=challenge, by=team, key="k")
            make.score(session, receipt, public="0.5", private=private)
        make.close(session, what=challenge)
    now = challenge.phases[-1].closes_at

    def finish(_: int) -> list[tuple[int, str, str]]:
        with work() as session:
            board = leaderboard.reveal(session, challenge=challenge, now=now)
            service.propose(session, challenge=challenge, standings=board.standings, now=now)
            service.run_clocks(session, challenge_id=challenge.id, now=now)
            service.follow_board(session, challenge, now=now)
            awards = queries.awards(session, challenge_id=challenge.id)
        return [(award.place, award.team_name, award.state.value) for award in awards]

    lists = at_once(30, finish)
    assert lists == [[(1, "team-1", "provisional"), (2, "team-2", "provisional")]] * 30
    with db.reading(engine) as session:
        assert session.exec(select(func.count()).select_from(AwardRow)).one() == 2
        assert session.exec(select(func.count()).select_from(AwardStepRow)).one() == 2
        deeds = list(session.exec(select(audit.AuditEvent.action)))
        assert (deeds.count("leaderboard.reveal"), deeds.count("prizes.offer")) == (1, 2)


def test_ten_confirmations_at_once_set_the_money_apart_once(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session, prizes=PRIZES[:1], verification=GATES)
        team = make.team(session, of=challenge, handle="team-0")
        receipt = make.submit(session, to=challenge, by=team, key="k")
        make.score(session, receipt, public="0.5", private="0.1")
        make.close(session, what=challenge)
        now = challenge.phases[-1].closes_at
        board = leaderboard.reveal(session, challenge=challenge, now=now)
        (award,) = service.propose(session, challenge=challenge, standings=board.standings, now=now)

    def notify(_: int) -> bool:
        try:
            with work() as session:
                workflow.notify(session, award_id=award.id, by="host", now=now)
        except rules.AwardStateError:
            return False
        return True

    assert list(at_once(10, notify)).count(True) == 1
    with work() as session:
        workflow.accept(session, award_id=award.id, by=team.captain_id, now=now)
        workflow.hand_in(session, award_id=award.id, by=team.captain_id, now=now)
        for gate in GATES.gates:
            workflow.record_gate(
                session,
                award_id=award.id,
                gate=gate,
                has_passed=True,
                evidence_sha256="a" * 64,
                words="",
                by="host",
                now=now,
            )
        due_at = queries.award(session, award.id).due_at
    assert due_at is not None

    def go_on(_: int) -> AwardState:
        with work() as session:
            service.run_clocks(session, challenge_id=challenge.id, now=due_at)
            return queries.award(session, award.id).state

    assert at_once(10, go_on) == [AwardState.PAYABLE] * 10
    with db.reading(engine) as session:
        (funding,) = funds.funding(session, challenge.id)
    assert funding.awarded == 100_001
