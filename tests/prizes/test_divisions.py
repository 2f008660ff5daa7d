"""Divisions on both databases: declared before the first submission, first-timers found."""

import pytest
from tests.factories import submissions as make
from tests.factories.submissions import Work

from palio.accounts import queries as people
from palio.accounts import service as accounts
from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import FIRST_TIMERS, PrizeKind, PrizePlan
from palio.core.money import Money
from palio.leaderboard import service as leaderboard
from palio.prizes import divisions, service

PRIZES = (
    PrizePlan(1, "First", Money(100, "EUR")),
    PrizePlan(1, "Student", Money(50, "EUR"), kind=PrizeKind.DIVISION, division="students"),
    PrizePlan(1, "Newcomer", Money(25, "EUR"), kind=PrizeKind.DIVISION, division=FIRST_TIMERS),
)


def declare(work: Work, challenge: Challenge, team_id: str, *, by: str, what: str) -> None:
    with work() as session:
        divisions.declare(
            session,
            challenge=challenge,
            team_id=team_id,
            division=what,
            by=by,
            now=challenge.phases[0].opens_at,
        )


def test_the_best_of_each_division_wins_its_prize(work: Work) -> None:
    with work() as session:
        before = make.challenge(session, slug="before")
        challenge = make.challenge(session, prizes=PRIZES, divisions=("students",))
        old = make.team(session, of=before, handle="old-hand")
        make.submit(session, to=before, by=old, key="k")
        now = make.database_now(session)
        teams = [
            accounts.solo_team(
                session,
                challenge_id=challenge.id,
                person=people.person(session, old.captain_id),
                now=now,
            ),
            make.team(session, of=challenge, handle="student"),
            make.team(session, of=challenge, handle="newcomer"),
        ]
    declare(work, challenge, teams[1].id, by=teams[1].captain_id, what="students")
    with work() as session:
        for team, private in zip(teams, ("0.1", "0.3", "0.2"), strict=True):
            receipt = make.submit(session, to=challenge, by=team, key="k")
            make.score(session, receipt, public="0.5", private=private)
        make.close(session, what=challenge)
        at = challenge.phases[-1].closes_at
        board = leaderboard.reveal(session, challenge=challenge, now=at)
        awards = service.propose(session, challenge=challenge, standings=board.standings, now=at)
    assert {(award.title, award.team_name) for award in awards} == {
        ("First", "old-hand"),
        ("Student", "student"),
        ("Newcomer", "newcomer"),
    }


def test_a_division_is_declared_by_the_captain_before_the_first_submission(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session, divisions=("students",))
        team = make.team(session, of=challenge)
    with pytest.raises(divisions.UnknownDivisionError):
        declare(work, challenge, team.id, by=team.captain_id, what="pupils")
    with pytest.raises(divisions.NotCaptainOfTeamError):
        declare(work, challenge, team.id, by="somebody", what="students")
    declare(work, challenge, team.id, by=team.captain_id, what="students")
    declare(work, challenge, team.id, by=team.captain_id, what="")
    with work() as session:
        assert divisions.of_team(session, team.id) == ""
        make.submit(session, to=challenge, by=team, key="k")
    with pytest.raises(divisions.DivisionFixedError):
        declare(work, challenge, team.id, by=team.captain_id, what="students")
