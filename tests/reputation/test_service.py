"""Ratings, thanks, profiles and invitations on both databases."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session
from tests.factories import submissions as make
from tests.factories.submissions import Work, at_once

from palio.accounts import service as accounts
from palio.accounts.contracts import Role, Team
from palio.cases.contracts import CaseState
from palio.cases.models import CaseRow
from palio.challenges import queries as challenge_queries
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, EntryRule
from palio.challenges.prize_contracts import PrizePlan
from palio.core.clock import database_now
from palio.core.money import Money
from palio.leaderboard import service as leaderboard
from palio.prizes import queries as awards
from palio.prizes import service as prizes
from palio.reputation import queries, rules, service
from palio.reputation.contracts import Profile, Question
from palio.submissions import exclusions
from palio.submissions.exclusion_contracts import ReasonCode

pytestmark = pytest.mark.slow_on("postgresql")


@dataclass
class World:
    """An awarded challenge: ada won, bob came second, cyd third; hostess organized."""

    session: Session
    challenge: Challenge
    hostess: str
    teams: dict[str, Team]
    now: datetime

    def challenge_now(self) -> Challenge:
        return challenge_queries.by_id(self.session, self.challenge.id)

    def id(self, handle: str) -> str:
        return self.hostess if handle == "hostess" else self.teams[handle].captain_id

    def rate(self, from_: str, to: str, question: Question, stars: int = 5) -> None:
        service.rate(
            self.session,
            challenge_id=self.challenge.id,
            from_id=self.id(from_),
            to_id=self.id(to),
            question=question,
            stars=stars,
            now=self.now,
        )

    def thank(self, from_: str, to: str) -> None:
        service.thank(
            self.session,
            challenge_id=self.challenge.id,
            from_id=self.id(from_),
            to_id=self.id(to),
            now=self.now,
        )

    def chooses(
        self, handle: str, *, is_hidden: bool = False, takes_invitations: bool = False
    ) -> None:
        service.choose(
            self.session,
            person_id=self.id(handle),
            is_hidden=is_hidden,
            takes_invitations=takes_invitations,
            now=self.now,
        )

    def profile(self, handle: str, viewer: str = "") -> Profile:
        viewer_id = self.id(viewer) if viewer else None
        return queries.profile(self.session, handle=handle, viewer_id=viewer_id, now=self.now)


def person(session: Session, handle: str) -> str:
    return accounts.sign_up(
        session,
        handle=handle,
        display_name=handle.title(),
        email=None,
        password_hash="-",  # noqa: S106 (nobody signs in)
        now=database_now(session),
    ).id


def played(
    session: Session,
    *handles: str,
    is_awarded: bool = True,
    rule: EntryRule = EntryRule.BEST_PUBLIC,
    entries: int = 1,
) -> World:
    """Play a challenge to its awards; the first one has the best private score."""
    hostess = person(session, "hostess")
    prizes_ = (PrizePlan(1, "First", Money(100_000, "EUR")),)
    plan = make.plan(session, prizes=prizes_, entry_rule=rule)
    challenge = challenges.publish(
        session,
        plan=plan,
        description="x",
        rules="x",
        organizer_id=hostess,
        now=database_now(session),
    )
    teams = {}
    for place, handle in enumerate(handles or ("ada", "bob", "cyd"), start=1):
        teams[handle] = make.team(session, of=challenge, handle=handle)
        for entry in range(entries):
            receipt = make.submit(session, to=challenge, by=teams[handle], key=f"k{entry}")
            make.score(session, receipt, public="0.5", private=f"0.{place:02}{entry}")
    now = challenge.phases[-1].closes_at
    make.close(session, what=challenge)
    board = leaderboard.reveal(session, challenge=challenge, now=now)
    challenges.mark_revealed(session, challenge_id=challenge.id, now=now)
    if is_awarded:
        prizes.propose(session, challenge=challenge, standings=board.standings, now=now)
        (award,) = awards.awards(session, challenge_id=challenge.id)
        prizes.confirm(session, award_id=award.id, by=hostess, now=now)
    return World(session, challenge, hostess, teams, now)


def test_profile_counts_finishes_prizes_medals_and_points(work: Work) -> None:
    with work() as session:
        world = played(session, *(f"p-{number}" for number in range(10)))
        first, last = world.profile("p-0"), world.profile("p-9")
        (finish,) = first.finishes
        assert (finish.rank, finish.teams, finish.medal, first.prizes[0].money) == (
            1,
            10,
            "gold",
            Money(100_000, "EUR"),
        )
        expected = rules.points(rank=1, teams=10, members=1, days=0)
        assert first.points == pytest.approx(expected)
        assert (last.finishes[0].rank, last.finishes[0].medal, last.prizes) == (10, None, ())
        assert world.profile("hostess").organized == 1


def test_place_counts_teams_where_every_submission_has_a_row(work: Work) -> None:
    with work() as session:
        world = played(session, "ada", "bob", rule=EntryRule.ALL, entries=3)
        finishes = [world.profile(handle).finishes[0] for handle in ("ada", "bob")]
        assert [(finish.rank, finish.teams) for finish in finishes] == [(1, 2), (2, 2)]


def test_before_the_award_nobody_rates_or_thanks(work: Work) -> None:
    with work() as session:
        world = played(session, is_awarded=False)
        for deed in (
            lambda: world.rate("ada", "hostess", Question.RULES_CLEAR),
            lambda: world.thank("ada", "bob"),
        ):
            with pytest.raises(rules.NotOverError):
                deed()


@pytest.mark.parametrize(
    ("from_", "to", "question", "is_allowed"),
    [
        ("ada", "hostess", Question.PAID_ON_TIME, True),
        ("bob", "hostess", Question.RULES_CLEAR, True),
        ("bob", "hostess", Question.PAID_ON_TIME, False),  # won nothing
        ("bob", "ada", Question.REPRODUCIBLE, False),
        ("hostess", "ada", Question.WELL_DOCUMENTED, True),
        ("hostess", "bob", Question.REPRODUCIBLE, False),  # no winner
        ("hostess", "ada", Question.RULES_CLEAR, False),
        ("ada", "ada", Question.RULES_CLEAR, False),
    ],
)
def test_who_rates_whom_on_what(
    work: Work, from_: str, to: str, question: Question, *, is_allowed: bool
) -> None:
    with work() as session:
        world = played(session)
        if not is_allowed:
            with pytest.raises(rules.NotYoursToRateError):
                world.rate(from_, to, question)
            return
        world.rate(from_, to, question)
        with pytest.raises(rules.RatedAlreadyError):
            world.rate(from_, to, question, stars=1)
        (mark,) = world.profile(to).marks
        assert (mark.question, mark.count, mark.mean) == (question, 1, None)


def test_organizers_mean_is_shown_from_three_ratings(work: Work) -> None:
    with work() as session:
        world = played(session)
        for handle, stars in (("ada", 5), ("bob", 4)):
            world.rate(handle, "hostess", Question.RULES_CLEAR, stars)
        assert world.profile("hostess").marks[0].mean is None
        world.rate("cyd", "hostess", Question.RULES_CLEAR, 3)
        assert world.profile("hostess").marks[0].mean == 4.0


def test_all_organizers_have_one_voice(work: Work) -> None:
    with work() as session:
        world = played(session)
        helper = person(session, "helper")
        accounts.grant_role(
            session,
            person_id=helper,
            challenge_id=world.challenge.id,
            role=Role.ORGANIZER,
            by=world.hostess,
            now=world.now,
        )
        world.rate("hostess", "ada", Question.REPRODUCIBLE)
        open_lines = queries.feedback(session, challenge=world.challenge_now(), person_id=helper)
        ada = next(line for line in open_lines if line.handle == "ada")
        assert ada.questions == (Question.WELL_DOCUMENTED,)


def test_thanks_are_one_each_way_and_only_among_those_who_met(work: Work) -> None:
    with work() as session:
        world = played(session)
        world.thank("ada", "bob")
        world.thank("bob", "ada")
        world.thank("cyd", "ada")
        world.thank("ada", "hostess")
        with pytest.raises(rules.RatedAlreadyError):
            world.thank("ada", "bob")
        stranger = person(session, "stranger")
        for from_id, to_id in ((stranger, world.id("ada")), (world.id("ada"), world.id("ada"))):
            with pytest.raises(rules.NotYoursToRateError):
                service.thank(
                    session,
                    challenge_id=world.challenge.id,
                    from_id=from_id,
                    to_id=to_id,
                    now=world.now,
                )
        assert (world.profile("ada").thanks, world.profile("hostess").thanks) == (2, 1)


def test_thirty_thanks_at_once_are_one(work: Work) -> None:
    with work() as session:
        world = played(session)

    def thank(_: int) -> str:
        try:
            with work() as session:
                World(session, world.challenge, world.hostess, world.teams, world.now).thank(
                    "ada", "bob"
                )
        except rules.RatedAlreadyError:
            return "again"
        return "thanked"

    assert sorted(at_once(10, thank)) == ["again"] * 9 + ["thanked"]


def test_hidden_profile_is_seen_by_its_owner_alone(work: Work) -> None:
    with work() as session:
        world = played(session)
        world.chooses("ada", is_hidden=True)
        for viewer in ("", "bob", "hostess"):
            with pytest.raises(rules.ProfileNotFoundError):
                world.profile("ada", viewer)
        assert world.profile("ada", "ada").is_hidden
        with pytest.raises(rules.ProfileNotFoundError):
            world.profile("nobody")


def test_disqualification_is_shown_for_two_years(work: Work) -> None:
    with work() as session:
        world = played(session)
        exclusions.disqualify(
            session,
            challenge=world.challenge_now(),
            team_id=world.teams["cyd"].id,
            reason=ReasonCode.COPIED,
            words="Copied.",
            by=world.hostess,
            now=world.now,
        )
        (found,) = world.profile("cyd").disqualifications
        assert (found.slug, found.at) == (world.challenge.slug, world.now)
        later = World(
            session,
            world.challenge,
            world.hostess,
            world.teams,
            world.now + timedelta(days=731),
        )
        assert later.profile("cyd").disqualifications == ()


def test_disqualification_is_not_shown_while_a_case_is_open(work: Work) -> None:
    with work() as session:
        world = played(session)
        exclusions.disqualify(
            session,
            challenge=world.challenge_now(),
            team_id=world.teams["cyd"].id,
            reason=ReasonCode.COPIED,
            words="Copied.",
            by=world.hostess,
            now=world.now,
        )
        case = CaseRow(
            challenge_id=world.challenge.id,
            team_id=world.teams["cyd"].id,
            state=CaseState.APPEALED.value,
            opened_at=world.now,
        )
        session.add(case)
        session.flush()
        assert world.profile("cyd").disqualifications == ()
        case.state = CaseState.CLOSED.value
        session.flush()
        assert len(world.profile("cyd").disqualifications) == 1
