"""Awards on both databases: proposed once, decided once, the next team moves up."""

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, col, select
from tests.cases.test_desk import close, scanned
from tests.factories import submissions as make
from tests.factories.submissions import Work, at_once

from palio.accounts import messages
from palio.accounts import queries as accounts
from palio.cases import queries as cases
from palio.cases import service as case_service
from palio.challenges import queries as challenge_queries
from palio.challenges.contracts import Challenge, ChallengeState
from palio.challenges.prize_contracts import PrizePlan, TieRule
from palio.core import audit, db
from palio.core.clock import database_now
from palio.core.money import Money
from palio.leaderboard import service as leaderboard
from palio.leaderboard.contracts import Standing
from palio.prizes import queries, rules, service
from palio.prizes.contracts import Award, AwardState
from palio.prizes.models import AwardRow

PRIZES = (
    PrizePlan(1, "First", Money(100_000, "EUR")),
    PrizePlan(2, "Second", Money(50_001, "EUR")),
)


def end(
    session: Session, *scores: str, tie_rule: TieRule = TieRule.EARLIER
) -> tuple[Challenge, tuple[Standing, ...]]:
    """Play a challenge to its reveal; team-0, team-1 … have these private scores."""
    challenge = make.challenge(session, prizes=PRIZES, tie_rule=tie_rule)
    for index, private in enumerate(scores):
        team = make.team(session, of=challenge, handle=f"team-{index}")
        receipt = make.submit(session, to=challenge, by=team, key="k")
        make.score(session, receipt, public="0.5", private=private)
    make.close(session, what=challenge)
    closed_at = challenge.phases[-1].closes_at
    board = leaderboard.reveal(session, challenge=challenge, now=closed_at)
    return challenge, board.standings


def propose(work: Work, challenge: Challenge, standings: tuple[Standing, ...]) -> tuple[Award, ...]:
    with work() as session:
        return service.propose(
            session, challenge=challenge, standings=standings, now=database_now(session)
        )


def standing_awards(work: Work, challenge: Challenge) -> list[tuple[int, str, int, str]]:
    with work() as session:
        return [
            (a.place, a.team_name, a.money.minor, a.state.value)
            for a in queries.awards(session, challenge_id=challenge.id)
        ]


def state_of(work: Work, challenge: Challenge) -> ChallengeState:
    with work() as session:
        return challenge_queries.by_id(session, challenge.id).state


def confirm(work: Work, award: Award) -> Award:
    with work() as session:
        return service.confirm(session, award_id=award.id, by="host", now=database_now(session))


def decline(work: Work, award: Award) -> Award:
    with work() as session:
        return service.decline(session, award_id=award.id, by="host", now=database_now(session))


def test_prizes_follow_the_private_board_and_are_confirmed_best_first(work: Work) -> None:
    with work() as session:
        challenge, standings = end(session, "0.3", "0.1", "0.2")
    first, second = propose(work, challenge, standings)
    assert (first.team_name, first.title, first.money) == ("team-1", "First", PRIZES[0].money)
    assert first.state is AwardState.PROVISIONAL
    with pytest.raises(rules.BetterPlaceOpenError):
        confirm(work, second)
    assert confirm(work, first).state is AwardState.CONFIRMED
    with pytest.raises(rules.AwardDecidedError):
        confirm(work, first)
    assert state_of(work, challenge) is ChallengeState.REVEALED
    assert confirm(work, second).decided_at is not None
    assert state_of(work, challenge) is ChallengeState.AWARDED
    with work() as session:
        in_order = select(audit.AuditEvent.action).order_by(col(audit.AuditEvent.id))
        deeds = list(session.exec(in_order))
        assert audit.first_broken_event(session) is None
    assert [deed for deed in deeds if deed.startswith("prizes.")] == [
        "prizes.offer",
        "prizes.offer",
        "prizes.confirmed",
        "prizes.confirmed",
    ]


def test_thirty_proposals_at_once_make_one_list(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge, standings = end(session, "0.3", "0.1", "0.2")
    lists = at_once(30, lambda _: propose(work, challenge, standings))
    assert lists == [lists[0]] * 30
    with db.reading(engine) as session:
        assert session.exec(select(func.count()).select_from(AwardRow)).one() == 2


def test_declined_prize_goes_to_the_next_in_rank(work: Work) -> None:
    with work() as session:
        challenge, standings = end(session, "0.3", "0.1", "0.2")
    first, second = propose(work, challenge, standings)
    assert decline(work, first).state is AwardState.DECLINED
    assert standing_awards(work, challenge) == [
        (1, "team-1", 100_000, "declined"),
        (1, "team-2", 100_000, "provisional"),
        (2, "team-0", 50_001, "provisional"),
    ]
    with pytest.raises(rules.AwardDecidedError):
        decline(work, first)
    with work() as session:
        assert queries.award(session, second.id).place == 1
        captain = accounts.team(session, first.team_id).captain_id
        told = messages.messages(session, person_id=captain).items
    assert [each.kind for each in told] == ["award.declined"]


def test_when_everybody_declines_the_challenge_is_awarded_to_nobody(work: Work) -> None:
    with work() as session:
        challenge, standings = end(session, "0.1", "0.2")
    first, second = propose(work, challenge, standings)
    decline(work, second)
    assert state_of(work, challenge) is ChallengeState.REVEALED
    decline(work, first)
    assert state_of(work, challenge) is ChallengeState.AWARDED
    assert {state for *_, state in standing_awards(work, challenge)} == {"declined"}


def test_tied_award_grows_when_the_other_tied_team_declines(work: Work) -> None:
    with work() as session:
        challenge, standings = end(session, "0.1", "0.1", "0.2", tie_rule=TieRule.SHARED)
    one, two = propose(work, challenge, standings)
    assert (one.money.minor, two.money.minor) == (75_001, 75_000)
    confirm(work, one)
    decline(work, two)
    assert standing_awards(work, challenge) == [
        (1, "team-0", 100_000, "provisional"),
        (1, "team-1", 75_000, "declined"),
        (2, "team-2", 50_001, "provisional"),
    ]


def test_decisions_at_once_are_taken_once(work: Work) -> None:
    with work() as session:
        challenge, standings = end(session, "0.1", "0.2", "0.3")
    first, _ = propose(work, challenge, standings)

    def decide(index: int) -> bool:
        try:
            (confirm if index % 2 else decline)(work, first)
        except rules.AwardDecidedError:
            return False
        return True

    assert list(at_once(10, decide)).count(True) == 1


def test_challenge_without_prizes_has_no_awards_and_stays_revealed(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        make.close(session, what=challenge)
        board = leaderboard.reveal(session, challenge=challenge, now=challenge.phases[-1].closes_at)
    assert propose(work, challenge, board.standings) == ()
    assert state_of(work, challenge) is ChallengeState.REVEALED


def test_challenge_is_put_away_once_every_award_is_decided(work: Work) -> None:
    with work() as session:
        challenge, standings = end(session, "0.1")
    (award,) = propose(work, challenge, standings)

    def archive() -> bool:
        with work() as session:
            now = database_now(session)
            return service.archive(session, challenge_id=challenge.id, by="host", now=now)

    with pytest.raises(rules.AwardsUndecidedError) as told:
        archive()
    assert str(told.value) == (
        f"Every award has to be decided first. Open: {award.title} ({award.team_name})."
    )
    confirm(work, award)
    assert (archive(), archive()) == (True, False)
    assert state_of(work, challenge) is ChallengeState.ARCHIVED


def test_challenge_with_an_open_case_is_not_put_away(work: Work) -> None:
    with work() as session:
        challenge, standings = end(session, "0.1")
    (award,) = propose(work, challenge, standings)
    confirm(work, award)
    with work() as session:
        now = database_now(session)
        scanned(session, challenge.id, close(award.team_id))
        (finding,) = cases.findings(session, challenge_id=challenge.id)
        case = case_service.open_case(
            session, challenge=challenge, team_id=award.team_id, finding_ids=[finding.id],
            words="Why?", by="olga", now=now,
        )  # fmt: skip
        with pytest.raises(rules.CasesOpenError):
            service.archive(session, challenge_id=challenge.id, by="host", now=now)
        case_service.drop(session, case_id=case.id, words="A mistake.", by="olga", now=now)
        assert service.archive(session, challenge_id=challenge.id, by="host", now=now)


def test_unknown_award_is_not_found(work: Work) -> None:
    with work() as session, pytest.raises(rules.AwardNotFoundError):
        service.confirm(session, award_id="x", by="host", now=database_now(session))
