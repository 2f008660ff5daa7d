"""Teams that merge with an award open or a division declared, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import Session, col
from tests.factories import mergers as make_mergers
from tests.factories import submissions as make
from tests.factories.submissions import Work
from tests.prizes.test_progress import DATES, enter, netflix

from palio.accounts import messages
from palio.accounts import queries as people
from palio.accounts.contracts import Team
from palio.accounts.models import TeamRow
from palio.challenges.contracts import Challenge
from palio.challenges.prize_contracts import Gate, VerificationPlan
from palio.pipeline import corrections
from palio.pipeline.models import BoardWork
from palio.prizes import divisions, moves, progress, queries, rules, service, workflow
from palio.prizes.contracts import Award, AwardState
from palio.prizes.models import AwardRow
from palio.submissions import mergers

pytestmark = pytest.mark.slow_on("postgresql")

GATES = VerificationPlan(gates=(Gate.IDENTITY,))
AT = datetime(2007, 9, 1, tzinfo=UTC)


def unite(work: Work, challenge: Challenge, asked: str, *, by: str) -> Team:
    """The team of `by` proposes to that of `asked`, who accepts."""
    with work() as session:
        ours, theirs = (
            next(
                team
                for team in people.teams(session, challenge_id=challenge.id).values()
                if person in {member.person_id for member in team.members}
            )
            for person in (by, asked)
        )
        now = DATES[0] + timedelta(days=1)
        proposal = mergers.propose(
            session,
            challenge=challenge,
            team_id=ours.id,
            other_team_id=theirs.id,
            keeps_our_name=True,
            keeps_our_captain=True,
            by=by,
            now=now,
        )
        return corrections.merge_teams(
            session,
            merger_id=proposal.id,
            challenge=challenge,
            by=asked,
            now=now,
        )


def launched(session: Session, **changes: object) -> Challenge:
    challenge = netflix(session, **changes)
    session.add(BoardWork(challenge_id=challenge.id))
    session.flush()
    return challenge


def two_teams(work: Work) -> tuple[Challenge, dict[str, str], Award]:
    """Two teams, their captains by name, and the open award of the team "one"."""
    with work() as session:
        challenge = launched(session, verification=GATES)
        captains = {
            name: enter(
                session, challenge, name, public="0.8800", private=private, at=AT.replace(day=day)
            )
            for name, private, day in (("one", "0.8711", 1), ("two", "0.8722", 2))
        }
        progress.judge_due(session, challenge_id=challenge.id, now=DATES[0])
        (award,) = queries.awards(session, challenge_id=challenge.id)
    return challenge, captains, award


def make_older(session: Session, team_id: str) -> None:
    """Let a team be the one whose id goes on."""
    session.execute(
        update(TeamRow)
        .where(col(TeamRow.id) == team_id)
        .values(created_at=datetime(2006, 1, 1, tzinfo=UTC))
    )


@pytest.mark.parametrize("is_older", [True, False], ids=["goes on", "is gone"])
def test_an_open_award_goes_on_with_the_merged_team_and_its_shares_stay(
    work: Work, *, is_older: bool
) -> None:
    challenge, captains, award = two_teams(work)
    one, two = captains["one"], captains["two"]
    other = next(
        team
        for team in teams_of(work, challenge)
        if team.id != award.team_id and team.captain_id == two
    )
    with work() as session:
        make_older(session, award.team_id if is_older else other.id)
    merged = unite(work, challenge, two, by=one)
    assert (merged.id == award.team_id) is is_older
    with work() as session:
        file = queries.award_file(session, award.id)
        assert (file.award.team_id, file.award.team_name) == (merged.id, "one")
        assert [(share.person_id, share.basis_points) for share in file.split.shares] == [
            (one, 10_000)
        ]
        workflow.notify(session, award_id=award.id, by="host", now=DATES[0])
        with pytest.raises(rules.NotYourAwardError):
            workflow.accept(session, award_id=award.id, by=two, now=DATES[0])
        accepted = workflow.accept(session, award_id=award.id, by=one, now=DATES[0])
        said, told = (
            [m.text for m in messages.messages(session, person_id=each).items]
            for each in (two, one)
        )
    assert any(text.startswith("You have won Progress Prize") for text in told)
    assert not any("You have won" in text or "is accepted" in text for text in said)
    assert accepted.state is AwardState.ACCEPTED
    if not is_older:
        assert any("shared by those who were in one when it was offered" in each for each in said)


def teams_of(work: Work, challenge: Challenge) -> tuple[Team, ...]:
    with work() as session:
        return tuple(people.teams(session, challenge_id=challenge.id).values())


def test_a_captain_without_a_part_does_not_speak_for_those_who_have_one(work: Work) -> None:
    challenge, captains, award = two_teams(work)
    one, two = captains["one"], captains["two"]
    merged = unite(work, challenge, one, by=two)  # who proposes stays captain
    assert merged.captain_id == two
    with work() as session:
        workflow.notify(session, award_id=award.id, by="host", now=DATES[0])
        with pytest.raises(rules.NotYourAwardError):
            workflow.turn_down(session, award_id=award.id, by=two, now=DATES[0])
        assert (
            workflow.accept(session, award_id=award.id, by=one, now=DATES[0]).state
            is AwardState.ACCEPTED
        )


def test_turning_one_prize_down_leaves_a_prize_of_other_people_alone(work: Work) -> None:
    challenge, captains, award = two_teams(work)
    one, two = captains["one"], captains["two"]
    merged = unite(work, challenge, one, by=two)
    with work() as session:
        theirs = AwardRow(
            challenge_id=challenge.id,
            team_id=merged.id,
            team_name=merged.name,
            place=1,
            title="First",
            minor=100,
            currency="EUR",
            score="1",
            submission_id=award.submission_id,
            state=AwardState.PROVISIONAL.value,
            made_at=AT,
            kind="rank",
            pot="rank",
        )
        session.add(theirs)
        session.flush()
        moves.mark(session, theirs, challenge=challenge, by="system", now=DATES[0])
        workflow.notify(session, award_id=award.id, by="host", now=DATES[0])
        workflow.turn_down(session, award_id=award.id, by=one, now=DATES[0])
        found = {each.id: each.state for each in queries.awards(session, challenge_id=challenge.id)}
    assert found == {award.id: AwardState.DECLINED, theirs.id: AwardState.PROVISIONAL}


@pytest.mark.parametrize("is_older", [True, False], ids=["loser goes on", "loser is gone"])
def test_a_team_that_lost_the_prize_does_not_get_it_by_merging(
    work: Work, *, is_older: bool
) -> None:
    challenge, captains, award = two_teams(work)
    with work() as session:
        service.decline(session, award_id=award.id, by="host", now=DATES[0])
        _, second = queries.awards(session, challenge_id=challenge.id)
        make_older(session, award.team_id if is_older else second.team_id)
    merged = unite(work, challenge, captains["one"], by=captains["two"])
    with work() as session:
        after = queries.award(session, second.id)
        assert (after.team_id, after.state) == (merged.id, AwardState.PROVISIONAL)
        assert queries.award(session, award.id).state is AwardState.DECLINED
        service.decline(session, award_id=second.id, by="host", now=DATES[0])
        assert len(queries.awards(session, challenge_id=challenge.id)) == 2


@pytest.mark.parametrize(
    ("ours", "theirs", "left"),
    [
        ("students", "students", "students"),
        ("students", "", ""),
        ("", "students", ""),
        ("students", "seniors", ""),
    ],
)
def test_the_merged_team_is_in_a_division_only_if_both_were(
    work: Work, ours: str, theirs: str, left: str
) -> None:
    with work() as session:
        challenge, ada, bob = make_mergers.pair(session, divisions=("students", "seniors"))
        session.add(BoardWork(challenge_id=challenge.id))
        for team, division in ((ada, ours), (bob, theirs)):
            divisions.declare(
                session,
                challenge=challenge,
                team_id=team.id,
                division=division,
                by=team.captain_id,
                now=make.database_now(session),
            )
    merged = unite(work, challenge, bob.captain_id, by=ada.captain_id)
    with work() as session:
        assert divisions.of_team(session, merged.id) == left
        found = divisions.members(session, challenge=challenge)
    expected = {merged.id} if left else set()
    assert found == {"students": expected, "seniors": set()}
