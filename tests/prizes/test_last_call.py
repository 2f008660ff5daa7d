"""Last call as on netflixprize.com, on both databases: to the second, once, for everybody."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, func
from sqlmodel import Session, select
from tests.factories import submissions as make
from tests.factories.submissions import Work, at_once

from palio.accounts import messages
from palio.accounts.contracts import Team
from palio.challenges import queries as challenges
from palio.challenges import rules as challenge_rules
from palio.challenges import schedule
from palio.challenges.contracts import Challenge, PhasePlan
from palio.challenges.errors import ClosedError
from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.core import audit, db
from palio.core.money import Money
from palio.leaderboard import service as leaderboard
from palio.prizes import last_call, queries
from palio.prizes.models import LastCallRow
from palio.submissions import exclusions
from palio.submissions.exclusion_contracts import ReasonCode

OPENED = datetime(2006, 10, 2, tzinfo=UTC)
PLANNED_CLOSE = datetime(2011, 10, 2, tzinfo=UTC)
REACHED = datetime(2009, 6, 26, 18, 42, 37, tzinfo=UTC)
CLOSES = datetime(2009, 7, 26, 18, 42, 37, tzinfo=UTC)
SECOND = timedelta(seconds=1)
GRAND = PrizePlan(
    1,
    "Grand Prize",
    Money(100_000_000, "USD"),
    kind=PrizeKind.THRESHOLD,
    improvement=Decimal(10),
    last_call_days=30,
)


def netflix(session: Session, **changes: Any) -> tuple[Challenge, Team]:
    phase = PhasePlan("main", OPENED, PLANNED_CLOSE, make.QUOTA)
    challenge = make.challenge(session, phases=(phase,), prizes=(GRAND,), **changes)
    team = make.team(session, of=challenge, handle="bpc")
    enter(session, challenge, None, public="0.9514", at=OPENED)
    return challenge, team


def enter(
    session: Session, challenge: Challenge, team: Team | None, *, public: str, at: datetime
) -> None:
    """Score a submission that was received at this instant; None = the baseline."""
    make.score_at(
        session,
        to=challenge,
        by=team or make.team(session, of=challenge, handle="hostess"),
        at=at,
        public=public,
        private=public,
        baseline="" if team else "baseline",
    )


def call(session: Session, challenge: Challenge, *, now: datetime) -> bool:
    leaderboard.publish(session, challenge=challenge, now=now)
    called = last_call.call_if_reached(session, challenge_id=challenge.id, now=now)
    return called is not None


def test_last_call_of_2009_ends_to_the_second_for_everybody(work: Work) -> None:
    with work() as session:
        challenge, team = netflix(session)
        enter(session, challenge, team, public="0.8558", at=REACHED)
        assert call(session, challenge, now=REACHED + 90 * SECOND) is True
    with work() as session:
        found = queries.last_call(session, challenge_id=challenge.id, round=0)
        assert found is not None
        assert (found.reached_at, found.closes_at) == (REACHED, CLOSES)
        assert (found.line, found.score) == (Decimal("0.8563"), Decimal("0.8558"))
        challenge = challenges.by_id(session, challenge.id)
        assert challenge.phases[-1].closes_at == CLOSES
        (change,) = challenges.schedule_changes(session, challenge_id=challenge.id)
        assert (change.closes_at_before, change.closes_at_after) == (PLANNED_CLOSE, CLOSES)
        assert "Last call: a public score of 0.8558" in change.reason
        (told,) = messages.messages(session, person_id=team.captain_id).items
        assert "closes for everybody on 2009-07-26 18:42:37 UTC" in told.text
        deeds = list(session.exec(select(audit.AuditEvent.action)))
        assert deeds.count("challenges.last_call") == 1
    assert challenge_rules.open_phase(challenge, now=CLOSES - SECOND).name == "main"
    with pytest.raises(ClosedError):
        challenge_rules.open_phase(challenge, now=CLOSES + SECOND)
    with pytest.raises(ClosedError):
        challenge_rules.open_phase(challenge, now=CLOSES)


def test_a_score_short_of_the_line_calls_nothing(work: Work) -> None:
    with work() as session:
        challenge, team = netflix(session)
        enter(session, challenge, team, public="0.8564", at=REACHED)
        assert call(session, challenge, now=REACHED) is False
        after = challenges.by_id(session, challenge.id)
    assert after.phases == challenge.phases


def test_the_earliest_receipt_counts_also_when_a_better_score_is_known_at_once(work: Work) -> None:
    with work() as session:
        challenge, team = netflix(session)
        enter(session, challenge, team, public="0.8558", at=REACHED)
        enter(session, challenge, team, public="0.8550", at=REACHED + 3600 * SECOND)
        assert call(session, challenge, now=REACHED + 7200 * SECOND) is True
        found = queries.last_call(session, challenge_id=challenge.id, round=0)
    assert found is not None
    assert found.closes_at == CLOSES


def test_ten_calls_at_once_and_one_later_are_one(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge, team = netflix(session)
        enter(session, challenge, team, public="0.8558", at=REACHED)
        leaderboard.publish(session, challenge=challenge, now=REACHED)

    def once(_: int) -> bool:
        with work() as session:
            called = last_call.call_if_reached(session, challenge_id=challenge.id, now=REACHED)
        return called is not None

    assert list(at_once(10, once)).count(True) == 1
    with work() as session:
        enter(session, challenge, team, public="0.8500", at=REACHED + 86400 * SECOND)
        assert call(session, challenge, now=REACHED + 86401 * SECOND) is False
    with db.reading(engine) as session:
        assert session.exec(select(func.count()).select_from(LastCallRow)).one() == 1
        assert challenges.by_id(session, challenge.id).phases[-1].closes_at == CLOSES


def test_a_call_known_after_its_own_deadline_closes_in_a_second(work: Work) -> None:
    late = CLOSES + timedelta(days=5)
    with work() as session:
        challenge, team = netflix(session)
        enter(session, challenge, team, public="0.8558", at=REACHED)
        assert call(session, challenge, now=late) is True
        after = challenges.by_id(session, challenge.id)
    assert after.phases[-1].closes_at == late + SECOND


def test_a_call_by_a_team_that_is_disqualified_stays_until_the_organizer_gives_more_time(
    work: Work,
) -> None:
    with work() as session:
        challenge, team = netflix(session)
        enter(session, challenge, team, public="0.8558", at=REACHED)
        assert call(session, challenge, now=REACHED) is True
        exclusions.disqualify(
            session, challenge=challenge, team_id=team.id, reason=ReasonCode.COPIED,
            words="Copied.", by="host", now=REACHED,
        )  # fmt: skip
        assert call(session, challenge, now=REACHED + SECOND) is False
        assert challenges.by_id(session, challenge.id).phases[-1].closes_at == CLOSES
        longer = schedule.extend_phase(
            session, challenge_id=challenge.id, phase_id=challenge.phases[-1].id,
            closes_at=PLANNED_CLOSE, reason="Who called had copied.", by="host", now=REACHED,
        )  # fmt: skip
        assert longer.phases[-1].closes_at == PLANNED_CLOSE
        other = make.team(session, of=challenge, handle="other")
        enter(session, challenge, other, public="0.8550", at=REACHED + SECOND)
        assert call(session, challenge, now=REACHED + 2 * SECOND) is False
        assert challenges.by_id(session, challenge.id).phases[-1].closes_at == PLANNED_CLOSE
