"""What is done to a challenge, on both databases."""

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, col, select
from tests.challenges.plans import CLOSES, OPENS, PLAN, TWO_PHASES

from palio.challenges import errors, queries, schedule, service
from palio.challenges.contracts import Challenge, ChallengePlan, ChallengeState
from palio.core import audit

Work = Callable[[], AbstractContextManager[Session]]
BEFORE = OPENS - timedelta(days=1)
DURING = OPENS + timedelta(days=1)


def publish(
    work: Work, *, plan: ChallengePlan = PLAN, rules: str = "Be fair.", at: timedelta = timedelta(0)
) -> Challenge:
    with work() as session:
        return service.publish(
            session,
            plan=plan,
            description="Predict ratings.",
            rules=rules,
            organizer_id="host",
            now=BEFORE + at,
        )


def actions(session: Session) -> list[str]:
    in_order = select(audit.AuditEvent.action).order_by(col(audit.AuditEvent.id))
    return list(session.exec(in_order))


def test_published_challenge_reads_back_whole(work: Work) -> None:
    made = publish(work, plan=TWO_PHASES)
    with work() as session:
        read = queries.by_slug(session, "netflix-mini")
        assert read == made == queries.by_id(session, made.id)
        assert read.plan == TWO_PHASES
        assert read.state is ChallengeState.SCHEDULED
        assert [(p.name, p.opens_at, p.closes_at, p.quota) for p in read.phases] == [
            (p.name, p.opens_at, p.closes_at, p.quota) for p in TWO_PHASES.phases
        ]
        assert queries.text(session, challenge_id=made.id, kind="rules") == "Be fair."
        assert queries.text(session, challenge_id=made.id, kind="description") == (
            "Predict ratings."
        )
        assert read.rules_sha256 == hashlib.sha256(b"Be fair.").hexdigest()
        assert actions(session) == ["challenges.scheduled"]


def test_challenge_published_after_its_opening_is_open_at_once(work: Work) -> None:
    assert publish(work, at=timedelta(days=2)).state is ChallengeState.OPEN


def test_challenge_whose_phases_are_over_is_not_published(work: Work) -> None:
    with pytest.raises(errors.OverBeforeLaunchError):
        publish(work, at=timedelta(days=31))


def test_slug_taken_is_said_in_words(work: Work) -> None:
    publish(work)
    with pytest.raises(errors.SlugTakenError, match="'netflix-mini'"):
        publish(work)


def test_slug_published_twice_at_once_is_taken_once(work: Work) -> None:
    ends: list[str] = []

    def attempt() -> None:
        try:
            publish(work)
            ends.append("published")
        except errors.SlugTakenError:
            ends.append("taken")

    threads = [Thread(target=attempt) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ends) == ["published"] + ["taken"] * 5


def test_draft_is_its_organizers_and_becomes_the_published_challenge(work: Work) -> None:
    with work() as session:
        draft = service.create_draft(
            session, plan=TWO_PHASES, description="d", rules="r", organizer_id="host", now=BEFORE
        )
        assert (draft.state, draft.published_at) == (ChallengeState.DRAFT, None)
        assert queries.page(session).items == ()
        assert queries.page(session, include_drafts_of="somebody").items == ()
        assert queries.page(session, include_drafts_of="host").items == (draft,)
        assert queries.due(session, now=CLOSES) == ()
    made = publish(work)
    assert (made.id, made.plan, len(made.phases)) == (draft.id, PLAN, 1)


def test_draft_of_somebody_else_holds_its_slug(work: Work) -> None:
    with work() as session:
        service.create_draft(
            session, plan=PLAN, description="d", rules="r", organizer_id="other", now=BEFORE
        )
    with pytest.raises(errors.SlugTakenError):
        publish(work)


@pytest.mark.parametrize(
    ("days", "state"),
    [
        (0, None),
        (1, ChallengeState.OPEN),
        (30, ChallengeState.OPEN),
        (31, ChallengeState.CLOSED),
        (400, ChallengeState.CLOSED),
    ],
)
def test_time_moves_a_challenge_as_far_as_it_has_come(
    work: Work, days: int, state: ChallengeState | None
) -> None:
    made = publish(work)
    now = BEFORE + timedelta(days=days)
    with work() as session:
        assert queries.due(session, now=now) == ((made.id,) if state else ())
        moved = service.advance(session, challenge_id=made.id, now=now)
        assert (moved and moved.state) == state
        assert service.advance(session, challenge_id=made.id, now=now) is None
        assert queries.due(session, now=now) == ()


def test_challenge_goes_to_its_end_and_every_step_is_audited(work: Work) -> None:
    made = publish(work)
    with work() as session:
        service.advance(session, challenge_id=made.id, now=CLOSES)
        assert service.mark_revealed(session, challenge_id=made.id, now=CLOSES) is True
        assert service.mark_revealed(session, challenge_id=made.id, now=CLOSES) is False
        assert service.mark_awarded(session, challenge_id=made.id, now=CLOSES) is True
        assert service.mark_awarded(session, challenge_id=made.id, now=CLOSES) is False
        assert service.archive(session, challenge_id=made.id, by="host", now=CLOSES) is True
        assert queries.by_id(session, made.id).revealed_at == CLOSES
        assert queries.ids_in_state(session, ChallengeState.ARCHIVED) == (made.id,)
        assert actions(session) == [
            f"challenges.{state}"
            for state in ("scheduled", "open", "closed", "revealed", "awarded", "archived")
        ]
        assert audit.first_broken_event(session) is None


def test_open_challenge_is_not_revealed(work: Work) -> None:
    made = publish(work, at=timedelta(days=2))
    with work() as session:
        with pytest.raises(errors.IllegalMoveError, match="open cannot become revealed"):
            service.mark_revealed(session, challenge_id=made.id, now=DURING)
        session.flush()
        assert queries.by_id(session, made.id) == made


def test_extension_moves_the_close_in_public(work: Work) -> None:
    made = publish(work, at=timedelta(days=2))
    later = CLOSES + timedelta(days=7)
    with work() as session:
        extended = schedule.extend_phase(
            session,
            challenge_id=made.id,
            phase_id=made.phases[0].id,
            closes_at=later,
            reason=" The server was away. ",
            by="host",
            now=DURING,
        )
        assert extended.phases[0].closes_at == later
        assert extended.plan == PLAN
        (change,) = queries.schedule_changes(session, challenge_id=made.id)
        assert (change.phase, change.closes_at_before, change.closes_at_after) == (
            "main",
            CLOSES,
            later,
        )
        assert (change.reason, change.at) == ("The server was away.", DURING)
        assert actions(session)[-1] == "challenges.extend"
        assert queries.due(session, now=CLOSES) == ()
        assert queries.due(session, now=later) == (made.id,)


def test_refused_extension_leaves_nothing(work: Work) -> None:
    made = publish(work)
    with work() as session, pytest.raises(errors.BadExtensionError, match="later time"):
        schedule.extend_phase(
            session,
            challenge_id=made.id,
            phase_id=made.phases[0].id,
            closes_at=CLOSES,
            reason="r",
            by="host",
            now=DURING,
        )
    with work() as session:
        assert queries.schedule_changes(session, challenge_id=made.id) == ()


def test_phase_of_another_challenge_is_not_extended(work: Work) -> None:
    made = publish(work)
    other = publish(work, plan=replace(PLAN, slug="other"))
    with work() as session, pytest.raises(errors.PhaseNotFoundError):
        schedule.extend_phase(
            session,
            challenge_id=made.id,
            phase_id=other.phases[0].id,
            closes_at=CLOSES + timedelta(days=1),
            reason="r",
            by="host",
            now=DURING,
        )


def test_rules_are_accepted_with_the_hash_in_force(work: Work) -> None:
    made = publish(work)
    with work() as session:
        assert queries.has_accepted(session, challenge_id=made.id, person_id="p") is False
        for _ in range(2):
            service.accept_rules(
                session,
                challenge_id=made.id,
                person_id="p",
                rules_sha256=made.rules_sha256,
                now=DURING,
            )
        assert queries.has_accepted(session, challenge_id=made.id, person_id="p") is True
        assert queries.has_accepted(session, challenge_id=made.id, person_id="q") is False


def test_old_rules_are_not_accepted(work: Work) -> None:
    made = publish(work)
    with work() as session, pytest.raises(errors.RulesChangedError):
        service.accept_rules(
            session, challenge_id=made.id, person_id="p", rules_sha256="0" * 64, now=DURING
        )


def test_pages_follow_each_other_newest_first(work: Work) -> None:
    made = [publish(work, plan=replace(PLAN, slug=f"c-{n}")) for n in range(5)]
    with work() as session:
        seen: list[Challenge] = []
        cursor = None
        while True:
            page = queries.page(session, cursor=cursor, limit=2)
            seen += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == sorted(made, key=lambda challenge: challenge.id, reverse=True)


def test_page_of_twenty_costs_as_many_statements_as_a_page_of_one(
    work: Work, engine: Engine
) -> None:
    for number in range(20):
        publish(work, plan=replace(PLAN, slug=f"c-{number}"))
    statements: list[str] = []

    def note(*args: Any) -> None:
        statements.append(args[2])

    event.listen(engine, "before_cursor_execute", note)
    counts = []
    for limit in (1, 20):
        statements.clear()
        with work() as session:
            assert len(queries.page(session, limit=limit).items) == limit
        counts.append(len([text for text in statements if text.startswith("SELECT")]))
    event.remove(engine, "before_cursor_execute", note)
    assert counts == [2, 2]


def test_unknown_challenge_is_said_in_words(work: Work) -> None:
    with work() as session:
        with pytest.raises(errors.ChallengeNotFoundError, match="'nothing'"):
            queries.by_slug(session, "nothing")
        for read in (
            lambda: queries.by_id(session, "x"),
            lambda: queries.text(session, challenge_id="x", kind="rules"),
            lambda: service.advance(session, challenge_id="x", now=DURING),
            lambda: service.lock_challenge(session, "x"),
            lambda: service.lock_challenge_shared(session, "x"),
        ):
            with pytest.raises(errors.ChallengeNotFoundError):
                read()


def test_lock_shows_an_extension_made_since_the_session_began(work: Work) -> None:
    made = publish(work, at=timedelta(days=2))
    later = CLOSES + timedelta(days=1)
    with work() as session:
        schedule.extend_phase(
            session,
            challenge_id=made.id,
            phase_id=made.phases[0].id,
            closes_at=later,
            reason="r",
            by="host",
            now=DURING,
        )
    with work() as session:
        assert service.lock_challenge(session, made.id).phases[0].closes_at == later
        assert service.lock_challenge_shared(session, made.id).phases[0].closes_at == later
