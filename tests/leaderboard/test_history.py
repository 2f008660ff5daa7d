"""Shake-up, race, a board at an instant, a row explained from its own data."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select
from tests.factories import submissions as make
from tests.factories.submissions import Work
from tests.leaderboard.test_service import play

from palio.challenges.board_contracts import BoardPlan, PhaseBoards
from palio.challenges.contracts import PhasePlan
from palio.challenges.service import lock_challenge_shared
from palio.core.clock import database_now
from palio.leaderboard import explain, own_entries, queries, race, service
from palio.leaderboard import shakeup as shake
from palio.leaderboard.contracts import Board, Column, Snapshot, Standing
from palio.leaderboard.rules import NotRevealedYetError
from palio.submissions import service as submissions
from palio.submissions.contracts import SubmissionKind
from palio.submissions.models import Submission

AT = datetime(2026, 11, 22, tzinfo=UTC)
RMSE = Column("rmse", "rmse", 4, is_lower_better=True, order=1)


def row(team: str, rank: int | None, *scores: str, minute: int = 0) -> Standing:
    values = tuple(map(Decimal, scores or ["0"]))
    return Standing(
        rank=rank,
        team_id=team,
        name=team.title(),
        members=(),
        kind=SubmissionKind.COMPETITOR if rank else SubmissionKind.HOST,
        score=values[0],
        scores=tuple(zip(("rmse", "mae"), values, strict=False)),
        improvement=None,
        entries=1,
        submission_id=f"{team}-1",
        received_at=AT + timedelta(minutes=minute),
    )


def board(*rows: Standing, columns: tuple[Column, ...] = (RMSE,)) -> Snapshot:
    return Snapshot("c", Board.PUBLIC, 3, "e", AT, "rule", rows, columns)


def test_shakeup_of_twenty_teams_is_what_the_definitions_say() -> None:
    public = [row(f"t{i:02}", i) for i in range(1, 21)]
    # the best two of the private board come from ranks 3 and 1, the public second is third
    order = [3, 1, 2, *range(4, 21)]
    private = [row(f"t{team:02}", rank) for rank, team in enumerate(order, start=1)]
    found = shake.shakeup(public, private)
    assert found.teams == 20
    assert found.overall == pytest.approx((2 + 1 + 1) / 20 / 20)
    assert found.top == pytest.approx((2 + 1) / 2 / 20)  # the best floor(0.1 * 20) private ranks
    assert found.spearman == pytest.approx(1 - 6 * (4 + 1 + 1) / (20 * (400 - 1)))
    assert [(move.team_id, move.public, move.private) for move in found.moves[:3]] == [
        ("t03", 3, 1),
        ("t01", 1, 2),
        ("t02", 2, 3),
    ]


def test_shakeup_without_teams_or_with_all_tied_has_no_figures() -> None:
    assert shake.shakeup([], []) == shake.Shakeup(0, None, None, None, ())
    tied = [row("a", 1), row("b", 1)]
    assert shake.shakeup(tied, tied) == shake.Shakeup(
        2, 0.0, None, None, (shake.Move("a", "A", 1, 1), shake.Move("b", "B", 1, 1))
    )


def test_shakeup_passes_over_hosts_and_teams_on_one_board_only() -> None:
    public = [row("a", 1), row("h", None), row("b", 2)]
    private = [row("c", 1), row("h", None), row("a", 2), row("b", 3)]
    moves = shake.shakeup(public, private).moves
    assert [(move.team_id, move.public, move.private) for move in moves] == [
        ("a", 1, 2),
        ("b", 2, 3),
    ]


@given(st.lists(st.integers(1, 9), min_size=2, max_size=9), st.randoms(use_true_random=False))
def test_spearman_is_one_with_itself_and_never_beyond(values: list[int], random: object) -> None:
    other = list(values)
    random.shuffle(other)  # type: ignore[attr-defined]
    same, mixed = shake.spearman(values, values), shake.spearman(values, other)
    assert same is None or same == pytest.approx(1)
    assert mixed is None or -1 - 1e-9 <= mixed <= 1 + 1e-9


@given(st.integers(0, 200), st.integers(2, 60))
def test_spread_keeps_order_and_both_ends(count: int, most: int) -> None:
    found = race.spread(range(count), most=most)
    assert list(found) == sorted(set(found))
    assert len(found) == min(count, most)
    assert found[:1] + found[-1:] == tuple(range(count))[:1] + tuple(range(count))[-1:]


def recomputed_rank(why: explain.Explanation) -> int | None:
    """The rank that follows from the explanation alone, as anybody can work it out."""
    if why.standing.rank is None:
        return None
    above = [
        group for group in why.better if explain.is_better(group.values, why.values, why.order)
    ]
    return 1 + sum(group.rows for group in above)


def test_explanation_of_seventh_says_who_is_better_and_who_ties() -> None:
    rows = [row(f"t{i}", i, f"0.{i}") for i in range(1, 7)]
    rows += [row("g", 7, "0.8"), row("h", None, "0.05"), row("i", 7, "0.8", minute=5)]
    snapshot = board(*rows)
    why = explain.explain(snapshot, explain.row_of(snapshot, ["g"]))
    assert [(group.values, group.rows) for group in why.better] == [
        ((Decimal(f"0.{i}"),), 1) for i in range(1, 7)
    ]
    assert why.ties == (explain.Tie("I", AT + timedelta(minutes=5)),)
    assert recomputed_rank(why) == 7
    assert recomputed_rank(replace(why, better=why.better[1:])) == 6
    host = explain.explain(snapshot, explain.row_of(snapshot, ["h"]))
    assert (host.better, recomputed_rank(host)) == ((), None)
    assert explain.row_of(snapshot, ["z", "i", "t6"]).team_id == "t6"  # before a merger
    with pytest.raises(explain.NoSuchRowError, match="no row"):
        explain.row_of(snapshot, ["z"])


two = (RMSE, Column("mae", "mae", 2, is_lower_better=False, order=2))
scores = st.sampled_from(["0.1", "0.2", "0.3"])


@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=15))
def test_explanation_recomputes_every_rank_from_its_own_data(pairs: list[tuple[str, str]]) -> None:
    keys = sorted((Decimal(a), -Decimal(b)) for a, b in pairs)
    rows = [
        row(f"t{i}", 1 + sum(other < key for other in keys), str(key[0]), str(-key[1]))
        for i, key in enumerate(keys)
    ]
    snapshot = board(*rows, columns=two)
    for standing in rows:
        why = explain.explain(snapshot, standing)
        assert recomputed_rank(why) == standing.rank
        assert len(why.ties) == sum(other.rank == standing.rank for other in rows) - 1


def publish_at(session: Session, challenge_id: str, at: datetime) -> Snapshot:
    found = lock_challenge_shared(session, challenge_id)
    return service.publish(session, challenge=found, now=at)


def test_board_at_an_instant_and_the_race_to_now(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        start = database_now(session)
        play(session, challenge, {"ada": [("0.5", "0.6")]})
        publish_at(session, challenge.id, start)
    hours = [start + timedelta(hours=hour) for hour in range(3)]
    for hour, (name, score) in zip(hours[1:], (("bob", "0.4"), ("cleo", "0.45")), strict=True):
        with work() as session:
            play(session, challenge, {name: [(score, "0.6")]})
            publish_at(session, challenge.id, hour)

    def names(instant: datetime | None) -> list[str] | None:
        with work() as session:
            found = queries.at(
                session, challenge_id=challenge.id, board=Board.PUBLIC, instant=instant
            )
        return None if found is None else [standing.name for standing in found.standings]

    assert names(start - timedelta(seconds=1)) is None
    assert names(start) == ["ada"]
    assert names(hours[1] + timedelta(minutes=59)) == ["bob", "ada"]
    assert names(None) == names(hours[2]) == ["bob", "cleo", "ada"]
    with work() as session:
        run = race.race(session, challenge_id=challenge.id, board=Board.PUBLIC, teams=2)
        with pytest.raises(NotRevealedYetError):
            race.race(session, challenge_id=challenge.id, board=Board.PRIVATE, teams=2)
        with pytest.raises(NotRevealedYetError):
            queries.at(session, challenge_id=challenge.id, board=Board.PRIVATE, instant=start)
    assert (run.version, run.instants) == (3, tuple(hours))
    assert [(racer.name, racer.ranks, racer.scores) for racer in run.racers] == [
        ("bob", (None, 1, 1), (None, "0.4000", "0.4000")),
        ("cleo", (None, None, 2), (None, None, "0.4500")),
    ]


def test_deeds_that_touch_a_row_are_told_and_others_are_not(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        ids = play(session, challenge, {"ada": [("0.5", "0.6")], "bob": [("0.5", "0.6")]})
        now = database_now(session)
        for handle in ("ada", "bob"):
            submissions.grant(
                session,
                team_id=ids[handle],
                challenge=challenge,
                tries=2,
                reason="x",
                by="host",
                now=now,
            )
        deeds = explain.deeds_about(
            session, challenge_id=challenge.id, subject_ids={ids["ada"]}, until=now
        )
        before = explain.deeds_about(
            session,
            challenge_id=challenge.id,
            subject_ids={ids["ada"]},
            until=now - timedelta(seconds=1),
        )
    assert [(deed.action, deed.words) for deed in deeds] == [
        ("submissions.grant", "The organizer granted the team more tries.")
    ]
    assert before == ()


def test_own_entries_say_which_may_stand_and_are_private_ones_after_the_reveal_only(
    work: Work,
) -> None:
    with work() as session:
        challenge = make.challenge(session)
        team_id = play(session, challenge, {"ada": [("0.50", "0.70"), ("0.60", "0.65")]})["ada"]
        now = database_now(session)
        row = service.publish(session, challenge=challenge, now=now).standings[0]
        found = own_entries.own_entries(
            session,
            challenge=challenge,
            board=Board.PUBLIC,
            team_id=team_id,
            submission_id=row.submission_id,
            now=now,
        )
        assert [(str(own.entry.rounded), own.may_stand) for own in found] == [
            ("0.50", True),
            ("0.60", False),
        ]
        with pytest.raises(NotRevealedYetError):
            own_entries.own_entries(
                session,
                challenge=challenge,
                board=Board.PRIVATE,
                team_id=team_id,
                submission_id=row.submission_id,
                now=now,
            )


def test_own_entries_are_those_of_the_rows_phase_where_phases_stand_apart(work: Work) -> None:
    with work() as session:
        now = database_now(session)
        phases = tuple(
            PhasePlan(name, now + timedelta(days=begin), now + timedelta(days=end), make.QUOTA)
            for name, begin, end in (("practice", -2, -1), ("final", -1, 30))
        )
        challenge = make.challenge(
            session, phases=phases, board=BoardPlan(phases=PhaseBoards.APART)
        )
        team_id = play(session, challenge, {"ada": [("0.30", "0.3"), ("0.50", "0.5")]})["ada"]
        wanted = select(Submission).order_by(col(Submission.received_at))
        first, last = session.exec(wanted).all()
        first.phase_id = challenge.phases[0].id
        session.add(first)
        session.flush()
        for entry in (first, last):
            found = own_entries.own_entries(
                session,
                challenge=challenge,
                board=Board.PUBLIC,
                team_id=team_id,
                submission_id=entry.id,
                now=now,
            )
            assert [(own.entry.submission_id, own.may_stand) for own in found] == [(entry.id, True)]
