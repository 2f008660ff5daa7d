"""Invitations by results on both databases: who is asked, how often, and at what cost."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import event
from sqlmodel import Session
from tests.factories import submissions as make
from tests.factories.submissions import Work
from tests.reputation.test_service import played

from palio.accounts import messages
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.reputation import rules, service
from palio.reputation.contracts import Wanted


def invite(session: Session, challenge: Challenge, wanted: Wanted, now: datetime) -> int:
    return service.invite(
        session, challenge_id=challenge.id, wanted=wanted, words="Come!", by="host", now=now
    )


def test_invitations_go_to_those_who_opted_in_and_match_once_and_each_alone(work: Work) -> None:
    with work() as session:
        world = played(session)
        for handle in ("ada", "bob"):
            world.chooses(handle, takes_invitations=True)
        other = make.challenge(session, slug="other")
        assert invite(session, other, Wanted(finishes=2), world.now) == 0
        assert invite(session, other, Wanted(top_percent=34), world.now) == 1
        (letter,) = messages.messages(session, person_id=world.id("ada")).items[:1]
        assert letter.kind == "reputation.invitation"
        assert "bob" not in letter.text
        assert invite(session, other, Wanted(), world.now) == 1
        assert invite(session, other, Wanted(), world.now) == 0
        assert messages.unread_count(session, world.id("cyd")) == 0


def test_inviting_asks_the_database_no_more_often_for_more_people(work: Work) -> None:
    counts = []
    with work() as session:
        world = played(session, *(f"p-{number}" for number in range(6)))
        for number, people in enumerate((1, 5)):
            other = make.challenge(session, slug=f"other-{number}")
            for place in range(people):
                world.chooses(f"p-{place}", takes_invitations=True)
            bind = session.get_bind()
            asked: list[object] = []

            def note(*told: object, asked: list[object] = asked) -> None:
                asked.append(told[2])

            event.listen(bind, "before_cursor_execute", note)
            assert invite(session, other, Wanted(finishes=2), world.now) == 0
            event.remove(bind, "before_cursor_execute", note)
            counts.append(len(asked))
    assert counts[0] == counts[1] > 0


def test_who_takes_part_already_is_not_invited(work: Work) -> None:
    with work() as session:
        world = played(session)
        other = make.challenge(session, slug="other")
        for handle in ("ada", "bob"):
            world.chooses(handle, takes_invitations=True)
        challenges.accept_rules(
            session,
            challenge_id=other.id,
            person_id=world.id("bob"),
            rules_sha256=other.rules_sha256,
            now=world.now,
        )
        assert invite(session, other, Wanted(), world.now) == 1
        assert messages.unread_count(session, world.id("bob")) == 0


def test_nobody_is_invited_more_than_three_times_a_week(work: Work) -> None:
    with work() as session:
        world = played(session)
        world.chooses("ada", takes_invitations=True)
        others = [make.challenge(session, slug=f"other-{number}") for number in range(4)]
        assert [invite(session, other, Wanted(), world.now) for other in others] == [1, 1, 1, 0]
        week_later = world.now + timedelta(days=7)
        assert invite(session, others[3], Wanted(), week_later) == 1


def test_finished_challenge_invites_nobody(work: Work) -> None:
    with work() as session:
        world = played(session)
        with pytest.raises(rules.TooLateToInviteError):
            invite(session, world.challenge, Wanted(), world.now)
