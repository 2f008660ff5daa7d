"""What [board] does to real boards: freeze, made-up names, hosts, late entries, verified lines."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, update
from sqlmodel import col, select
from tests.factories import submissions as make
from tests.factories.set_clock import SetClock, clock_set_by_test
from tests.factories.submissions import QUOTA, Work
from tests.leaderboard.test_history import recomputed_rank
from tests.leaderboard.test_service import play

from palio.accounts import service as accounts
from palio.accounts.contracts import Role
from palio.challenges import schedule
from palio.challenges.board_contracts import Audience, BoardLine, BoardPlan, PhaseBoards
from palio.challenges.contracts import (
    Challenge,
    PhasePlan,
)
from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.core.clock import database_now
from palio.core.money import Money
from palio.leaderboard import anonymity, explain, queries, rules, service
from palio.leaderboard.contracts import Board, LineKind, Snapshot
from palio.submissions import exclusions, models
from palio.submissions import queries as submission_queries
from palio.submissions.contracts import SubmissionKind
from palio.submissions.exclusion_contracts import ReasonCode


@pytest.fixture
def clock(engine: Engine) -> Iterator[SetClock]:
    with clock_set_by_test(engine) as clock:
        clock.set(datetime(2026, 11, 22, tzinfo=UTC))
        yield clock


def publish(work: Work, challenge: Challenge, *, at: datetime | None = None) -> Snapshot:
    with work() as session:
        now = at or database_now(session)
        return service.publish(session, challenge=challenge, now=now)


def reveal(work: Work, challenge: Challenge) -> Snapshot:
    with work() as session:
        make.close(session, what=challenge)
        closed_at = challenge.phases[-1].closes_at
        return service.reveal(session, challenge=challenge, now=closed_at)


def latest(work: Work, challenge: Challenge, board: Board = Board.PUBLIC) -> Snapshot:
    with work() as session:
        found = queries.latest(session, challenge_id=challenge.id, board=board)
    assert found is not None
    return found


def names(board: Snapshot) -> list[tuple[int | None, str]]:
    return [(row.rank, row.name) for row in board.standings]


def test_frozen_board_stands_still_until_the_reveal(work: Work) -> None:
    with work() as session:
        soon = database_now(session) + timedelta(seconds=1)
        challenge = make.challenge(session, board=BoardPlan(freeze_at=soon))
        play(session, challenge, {"ada": [("0.5", "0.6")]})
    publish(work, challenge)
    with work() as session:
        play(session, challenge, {"bob": [("0.4", "0.7")]})
        in_order = select(models.Submission).order_by(col(models.Submission.id))
        row = session.exec(in_order).all()[-1]
        row.received_at = soon  # exactly at the freeze is after it
        session.add(row)
    frozen = publish(work, challenge, at=soon + timedelta(hours=1))
    assert (frozen.version, names(frozen)) == (1, [(1, "ada")])
    reveal(work, challenge)
    assert names(latest(work, challenge)) == [(1, "bob"), (2, "ada")]


def test_disqualified_team_leaves_the_frozen_board_and_nothing_else_moves(work: Work) -> None:
    with work() as session:
        soon = database_now(session) + timedelta(seconds=1)
        challenge = make.challenge(session, board=BoardPlan(freeze_at=soon))
        ids = play(session, challenge, {"ada": [("0.5", "0.6")], "bob": [("0.6", "0.5")]})
    before = publish(work, challenge)
    with work() as session:
        bob = accounts.lock_team(session, team_id=ids["bob"])
        late = make.submit(session, to=challenge, by=bob, key="late")
        make.score(session, late, public="0.1", private="0.1")
        row = session.get_one(models.Submission, late.submission_id)
        row.received_at = soon + timedelta(hours=1)
        session.add(row)
        exclusions.disqualify(
            session,
            challenge=challenge,
            team_id=ids["ada"],
            reason=ReasonCode.COPIED,
            words="Copied.",
            by="host",
            now=database_now(session),
        )
    frozen = publish(work, challenge, at=soon + timedelta(hours=2))
    assert names(before) == [(1, "ada"), (2, "bob")]
    assert [(row.rank, row.name, row.score, row.entries) for row in frozen.standings] == [
        (1, "bob", Decimal("0.6"), 1)
    ]
    with work() as session:  # the old board stays, dated
        then = queries.at(
            session, challenge_id=challenge.id, board=Board.PUBLIC, instant=before.made_at
        )
    assert then == before


def test_anonymous_board_has_made_up_names_until_the_reveal(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session, board=BoardPlan(is_anonymous=True))
        host = make.team(session, of=challenge, handle="host-person")
        line = make.baseline(session, to=challenge, by=host, label="Mean")
        make.score(session, line, public="0.9", private="0.9")
        play(session, challenge, {"ada": [("0.5", "0.6")], "bob": [("0.6", "0.5")]})
    board = publish(work, challenge)
    assert board.is_anonymous
    shown = {row.name for row in board.standings}
    assert len(shown) == 3
    assert shown.isdisjoint({"ada", "bob"})
    assert {row.members for row in board.standings} == {()}
    assert "Mean" in shown
    assert publish(work, challenge) == board  # the names stay
    private = reveal(work, challenge)
    assert not private.is_anonymous
    assert names(private) == [(1, "bob"), (2, "ada"), (None, "Mean")]
    assert names(latest(work, challenge)) == [(1, "ada"), (2, "bob"), (None, "Mean")]


def test_board_that_was_revealed_stays_unfrozen_and_named_when_the_challenge_opens_again(
    work: Work,
) -> None:
    with work() as session:
        soon = database_now(session) + timedelta(seconds=1)
        plan = BoardPlan(freeze_at=soon, is_anonymous=True)
        challenge = make.challenge(session, board=plan)
        play(session, challenge, {"ada": [("0.5", "0.6")]})
    reveal(work, challenge)
    with work() as session:
        end = challenge.phases[-1].closes_at
        challenge = schedule.reopen(
            session,
            challenge_id=challenge.id,
            closes_at=end + timedelta(days=30),
            reason="Nobody verified.",
            now=end,
        )
        play(session, challenge, {"bob": [("0.4", "0.7")]})
        in_order = select(models.Submission).order_by(col(models.Submission.id))
        row = session.exec(in_order).all()[-1]
        row.received_at = end
        session.add(row)
    board = publish(work, challenge, at=end + timedelta(hours=1))
    assert names(board) == [(1, "bob"), (2, "ada")]
    assert not board.is_anonymous


def test_made_up_names_differ_by_team_and_by_key() -> None:
    found = {anonymity.made_up(bytes([key]) * 32, team) for key in (1, 2) for team in "abcdefgh"}
    assert len(found) == 16


def test_a_team_with_a_judge_in_it_is_marked_whenever_the_role_came(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        ids = play(session, challenge, {"ada": [("0.5", "0.6")], "bob": [("0.6", "0.5")]})
    assert names(publish(work, challenge)) == [(1, "ada"), (2, "bob")]
    with work() as session:
        team = accounts.lock_team(session, team_id=ids["ada"])
        accounts.grant_role(
            session,
            person_id=team.captain_id,
            challenge_id=challenge.id,
            role=Role.JUDGE,
            by="host",
            now=database_now(session),
        )
        receipt = make.submit(session, to=challenge, by=team, key="later")
        kind = submission_queries.submission(session, receipt.submission_id).kind
        make.score(session, receipt, public="0.1", private="0.1")
    assert kind is SubmissionKind.HOST
    board = publish(work, challenge)
    assert names(board) == [(None, "ada"), (1, "bob")]
    assert board.standings[0].kind is SubmissionKind.HOST
    assert names(reveal(work, challenge)) == [(None, "ada"), (1, "bob")]


def prize(kind: PrizeKind, percent: str, **more: object) -> PrizePlan:
    money = Money(minor=5_000_000, currency="USD")
    return PrizePlan(1, kind.value, money, kind, Decimal(percent), **more)  # type: ignore[arg-type]


def withdraw(work: Work, submission_id: str, *, at: datetime | None) -> None:
    with work() as session:
        session.execute(
            update(models.Submission)
            .where(col(models.Submission.id) == submission_id)
            .values(withdrawn_at=at)
        )


def test_prize_lines_follow_the_baseline_and_the_last_verified_winner(work: Work) -> None:
    with work() as session:
        now = database_now(session)
        prizes = (
            prize(PrizeKind.THRESHOLD, "10", last_call_days=30),
            prize(PrizeKind.PROGRESS, "1", dates=(now + timedelta(days=20),)),
        )
        lines = (BoardLine("Cinematch", Decimal("0.9514"), Decimal("0.9525")),)
        challenge = make.challenge(session, prizes=prizes, board=BoardPlan(lines=lines))
        host = make.team(session, of=challenge, handle="host-person")
        base = make.baseline(session, to=challenge, by=host, label="baseline")
        make.score(session, base, public="0.9514", private="0.9525")
        play(session, challenge, {"korbell": [("0.8712", "0.8723")]})
    first = publish(work, challenge)
    assert [(line.kind, str(line.score), str(line.improvement)) for line in first.lines] == [
        (LineKind.PRIZE, "0.8563", "10.00"),
        (LineKind.PROGRESS, "0.9419", "1.00"),
        (LineKind.DECLARED, "0.9514", "0.00"),
    ]
    winner = first.standings[0]
    with work() as session:
        for _ in range(2):
            service.mark_verified(
                session,
                challenge=challenge,
                submission_id=winner.submission_id,
                title="Progress prize 2007",
                now=now,
            )
    second = publish(work, challenge)
    assert [(line.kind, str(line.score), line.position) for line in second.lines] == [
        (LineKind.PRIZE, "0.8563", 0),
        (LineKind.PROGRESS, "0.8625", 0),
        (LineKind.VERIFIED, "0.8712", 1),
        (LineKind.DECLARED, "0.9514", 2),
    ]
    withdraw(work, winner.submission_id, at=now)
    third = publish(work, challenge)
    assert [row.name for row in third.standings] == ["baseline"]
    assert [(line.kind, str(line.score), line.position) for line in third.lines] == [
        (LineKind.PRIZE, "0.8563", 0),
        (LineKind.PROGRESS, "0.8625", 0),  # the bar stays, and so does its line
        (LineKind.VERIFIED, "0.8712", 0),
        (LineKind.DECLARED, "0.9514", 1),
    ]
    withdraw(work, winner.submission_id, at=None)
    private = reveal(work, challenge)  # the dates of the progress prize are over
    assert [(line.kind, str(line.score)) for line in private.lines] == [
        (LineKind.PRIZE, "0.8572"),
        (LineKind.VERIFIED, "0.8723"),
        (LineKind.DECLARED, "0.9525"),
    ]


def test_progress_prize_of_a_date_after_the_close_has_no_line(work: Work) -> None:
    """As when a last call set the close before it."""
    with work() as session:
        now = database_now(session)
        prizes = (
            prize(PrizeKind.PROGRESS, "1", dates=(now + timedelta(days=40),)),
            prize(PrizeKind.THRESHOLD, "10"),
        )
        challenge = make.challenge(session, prizes=prizes)
        host = make.team(session, of=challenge, handle="host-person")
        base = make.baseline(session, to=challenge, by=host, label="baseline")
        make.score(session, base, public="0.9514", private="0.9525")
    assert [line.kind for line in publish(work, challenge).lines] == [LineKind.PRIZE]


def test_phases_apart_keep_the_board_of_the_phase_before(work: Work) -> None:
    with work() as session:
        now = database_now(session)
        phases = tuple(
            PhasePlan(name, now + timedelta(days=begin), now + timedelta(days=end), QUOTA)
            for name, begin, end in (("practice", -2, -1), ("final", -1, 30))
        )
        challenge = make.challenge(
            session, phases=phases, board=BoardPlan(phases=PhaseBoards.APART)
        )
        play(session, challenge, {"ada": [("0.5", "0.6")], "bob": [("0.6", "0.5")]})
        row = session.exec(
            select(models.Submission).order_by(models.Submission.received_at)  # type: ignore[arg-type]
        ).first()
        assert row is not None
        row.phase_id = challenge.phases[0].id
        session.add(row)
    board = publish(work, challenge)
    assert (board.phase, names(board)) == ("final", [(1, "bob")])
    assert [(e.phase, [s.name for s in e.standings]) for e in board.earlier] == [
        ("practice", ["ada"])
    ]
    assert "each phase has a board, and the last one decides" in board.rule


@pytest.mark.parametrize(
    ("audience", "who", "may"),
    [
        (Audience.EVERYBODY, "spectator", True),
        (Audience.PARTICIPANTS, "spectator", False),
        (Audience.PARTICIPANTS, "participant", True),
        (Audience.PARTICIPANTS, "host", True),
        (Audience.ORGANIZERS, "participant", False),
        (Audience.ORGANIZERS, "host", True),
    ],
)
def test_audience_is_as_declared_until_the_reveal(
    work: Work, *, audience: Audience, who: str, may: bool
) -> None:

    with work() as session:
        challenge = make.challenge(session, board=BoardPlan(audience=audience))
        now = database_now(session)

    def look(at: Challenge) -> bool:
        try:
            rules.check_audience(at, is_participant=who == "participant", is_host=who == "host")
        except rules.BoardNotShownError:
            return False
        return True

    assert look(challenge) is may
    assert look(replace(challenge, revealed_at=now))


@given(st.text(min_size=1, max_size=5))
def test_made_up_name_says_nothing_of_the_id(team_id: str) -> None:
    name = anonymity.made_up(b"k" * 32, team_id)
    assert name == anonymity.made_up(b"k" * 32, team_id)
    assert len(name.split()) == 3


def test_explanation_of_a_real_board_recomputes_its_ranks(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        scores = {"ada": "0.5", "bob": "0.4", "cleo": "0.5", "dan": "0.3", "eve": "0.9"}
        play(session, challenge, {name: [(score, "0.5")] for name, score in scores.items()})
    board = publish(work, challenge)
    assert [row.rank for row in board.standings] == [1, 2, 3, 3, 5]
    for row in board.standings:
        assert recomputed_rank(explain.explain(board, row)) == row.rank
