"""Boards on both databases: one version a change, the private one once and only at the reveal."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, insert
from sqlmodel import Session, SQLModel, select
from tests.factories import submissions as make
from tests.factories.submissions import Work, at_once

from palio.accounts.models import MemberRow, PersonRow, TeamRow
from palio.challenges import queries as challenge_queries
from palio.challenges.contracts import Challenge, ChallengeState, EntryRule
from palio.core import audit, db
from palio.core.clock import database_now
from palio.leaderboard import queries, rules, service, snapshots
from palio.leaderboard.contracts import Board, Snapshot
from palio.leaderboard.models import BoardSnapshot
from palio.submissions import models
from palio.submissions import service as submissions
from palio.submissions.contracts import SubmissionKind

AT = datetime(2026, 11, 22, tzinfo=UTC)


def play(
    session: Session, challenge: Challenge, scores: dict[str, list[tuple[str, str]]]
) -> dict[str, str]:
    """Let each team submit files with these public and private scores; return team ids."""
    ids = {}
    for handle, pairs in scores.items():
        team = make.team(session, of=challenge, handle=handle)
        ids[handle] = team.id
        for index, (public, private) in enumerate(pairs):
            receipt = make.submit(session, to=challenge, by=team, key=f"k{index}")
            make.score(session, receipt, public=public, private=private)
    return ids


def publish(work: Work, challenge: Challenge) -> Snapshot:
    with work() as session:
        return service.publish(session, challenge=challenge, now=database_now(session))


def reveal(work: Work, challenge: Challenge) -> Snapshot:
    with work() as session:
        closed_at = challenge.phases[-1].closes_at
        return service.reveal(session, challenge=challenge, now=closed_at)


def test_public_board_names_ranks_and_improves_on_the_baseline(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        host = make.team(session, of=challenge, handle="host-person")
        line = make.baseline(session, to=challenge, by=host, label="baseline")
        make.score(session, line, public="0.9514", private="0.9525")
        play(
            session,
            challenge,
            {"ada": [("0.8712", "0.8800"), ("0.9000", "0.8700")], "bob": [("0.9600", "0.8000")]},
        )
    board = publish(work, challenge)
    assert (board.board, board.version) == (Board.PUBLIC, 1)
    assert board.rule == (
        "Root mean squared error, RMSE: lower is better, rounded to 4 decimals; a team's"
        " submission with the best public score counts; equal scores share a rank, the earlier"
        " one first."
    )
    assert [
        (s.rank, s.name, s.members, s.kind, s.score, s.improvement, s.entries)
        for s in board.standings
    ] == [
        (1, "ada", ("ada",), SubmissionKind.COMPETITOR, Decimal("0.8712"), Decimal("8.43"), 2),
        (None, "baseline", (), SubmissionKind.BASELINE, Decimal("0.9514"), Decimal("0.00"), 1),
        (2, "bob", ("bob",), SubmissionKind.COMPETITOR, Decimal("0.9600"), Decimal("-0.90"), 1),
    ]


def test_publishing_again_without_a_change_keeps_version_and_etag(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        play(session, challenge, {"ada": [("0.5", "0.6")]})
    first = publish(work, challenge)
    assert publish(work, challenge) == first
    with work() as session:
        play(session, challenge, {"bob": [("0.5", "0.6")]})
    second = publish(work, challenge)
    assert second.version == 2
    assert second.etag != first.etag
    with work() as session:
        assert queries.latest(session, challenge_id=challenge.id) == second


def test_publishing_at_once_makes_one_version(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        play(session, challenge, {"ada": [("0.5", "0.6")]})
    boards = at_once(12, lambda _: publish(work, challenge))
    assert {board.version for board in boards} == {1}
    with db.reading(engine) as session:
        assert session.exec(select(func.count()).select_from(BoardSnapshot)).one() == 1


def test_publishing_beside_the_reveal_does_not_block_for_ever(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        play(session, challenge, {"ada": [("0.5", "0.6")]})
        make.close(session, what=challenge)

    def act(index: int) -> int:
        return (reveal if index % 2 else publish)(work, challenge).version

    assert set(at_once(10, act)) == {1}


def test_board_before_the_first_score_is_none_then_empty(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        assert queries.latest(session, challenge_id=challenge.id) is None
    assert publish(work, challenge).standings == ()


def test_private_board_before_the_reveal_does_not_exist_for_anybody(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        play(session, challenge, {"ada": [("0.5", "0.6")]})
        with pytest.raises(rules.NotRevealedYetError):
            queries.latest(session, challenge_id=challenge.id, board=Board.PRIVATE)


def test_reveal_shows_private_scores_once_audited_and_marks_the_challenge(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session, entry_rule=EntryRule.CHOSEN)
        play(
            session,
            challenge,
            {"ada": [("0.50", "0.70"), ("0.60", "0.65")], "bob": [("0.55", "0.60")]},
        )
        make.close(session, what=challenge)
    public = publish(work, challenge)
    private = reveal(work, challenge)
    assert [(s.rank, s.name, s.score) for s in public.standings] == [
        (1, "ada", Decimal("0.50")),
        (2, "bob", Decimal("0.55")),
    ]
    assert [(s.rank, s.name, s.score) for s in private.standings] == [
        (1, "bob", Decimal("0.60")),
        (2, "ada", Decimal("0.65")),
    ]
    assert reveal(work, challenge) == private
    with work() as session:
        assert challenge_queries.by_id(session, challenge.id).state is ChallengeState.REVEALED
        assert queries.latest(session, challenge_id=challenge.id, board=Board.PRIVATE) == private
        deeds = session.exec(select(audit.AuditEvent.action)).all()
    assert list(deeds).count("leaderboard.reveal") == 1


def test_reveal_at_once_makes_one_board(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        play(session, challenge, {"ada": [("0.5", "0.6")]})
        make.close(session, what=challenge)
    boards = at_once(12, lambda _: reveal(work, challenge))
    assert boards == [boards[0]] * 12
    with db.reading(engine) as session:
        count = session.exec(select(func.count()).select_from(BoardSnapshot)).one()
    assert count == 2  # and the public one


def test_reveal_before_the_close_or_with_work_left_is_refused(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
    with pytest.raises(rules.RevealTooEarlyError, match="is open, not closed"):
        reveal(work, challenge)
    with work() as session:
        make.close(session, what=challenge)
    with pytest.raises(rules.RevealTooEarlyError, match="1 submissions received in time"):
        reveal(work, challenge)
    with work() as session:
        submissions.error(
            session,
            submission_id=receipt.submission_id,
            reason="lost",
            now=database_now(session),
        )
    assert reveal(work, challenge).standings == ()


def test_reveal_before_the_declared_instant_is_refused(work: Work) -> None:
    with work() as session:
        now = database_now(session)
        challenge = make.challenge(session, reveal_at=now + timedelta(days=60))
        make.close(session, what=challenge)
    with pytest.raises(rules.RevealTooEarlyError, match="The reveal is on"):
        reveal(work, challenge)


def test_private_scores_change_no_byte_of_the_public_board(work: Work) -> None:
    boards = []
    for slug, private in (("one", "0.1"), ("two", "0.9")):
        with work() as session:
            challenge = make.challenge(session, slug=slug, entry_rule=EntryRule.CHOSEN)
            play(
                session,
                challenge,
                {f"{slug}-a": [("0.5", private), ("0.6", "0.2")], f"{slug}-b": [("0.5", "0.5")]},
            )
        boards.append(publish(work, challenge))
    told = [
        [
            (s.rank, s.name.removeprefix(slug), s.score, s.scores, s.improvement, s.entries)
            for s in board.standings
        ]
        for slug, board in zip(("one", "two"), boards, strict=True)
    ]
    assert told[0] == told[1]


def test_latest_parses_a_stored_board_once(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    with work() as session:
        challenge = make.challenge(session)
        play(session, challenge, {"ada": [("0.5", "0.6")]})
    publish(work, challenge)
    parsed = []
    read = snapshots.from_bytes
    monkeypatch.setattr(queries, "_parsed", snapshots.SnapshotStore())  # as in a new process
    monkeypatch.setattr(snapshots, "from_bytes", lambda body: parsed.append(1) or read(body))
    for _ in range(5):
        with work() as session:
            assert queries.latest(session, challenge_id=challenge.id) is not None
    assert len(parsed) == 1


def test_store_lets_go_of_the_board_not_asked_for_longest() -> None:
    store = snapshots.SnapshotStore(size=2)
    boards = {name: Snapshot(name, Board.PUBLIC, 1, name, AT, "", ()) for name in ("a", "b", "c")}
    store.put("a", boards["a"])
    store.put("b", boards["b"])
    assert store.get("a") == boards["a"]
    store.put("c", boards["c"])
    assert [store.get(name) for name in ("a", "b", "c")] == [boards["a"], None, boards["c"]]


def test_five_thousand_teams_make_one_board(sqlite_engine: Engine) -> None:
    def work() -> AbstractContextManager[Session]:
        return db.unit_of_work(sqlite_engine, send=lambda _: None)

    with work() as session:
        challenge = make.challenge(session)
        now = database_now(session)
        fill(session, challenge, teams=5000, now=now)
    board = publish(work, challenge)
    assert len(board.standings) == 5000
    assert [s.rank for s in board.standings[:3]] == [1, 2, 3]
    assert board.standings[0].score == Decimal("0.0000")


def fill(session: Session, challenge: Challenge, *, teams: int, now: datetime) -> None:
    """Insert teams of one with one scored submission each, without the services' ceremony."""
    ids = [f"{index:032x}" for index in range(teams)]
    rows: tuple[tuple[type[SQLModel], dict[str, object]], ...] = (
        (PersonRow, {"display_name": "x", "password_hash": "-", "created_at": now}),
        (TeamRow, {"challenge_id": challenge.id, "created_at": now}),
        (MemberRow, {"challenge_id": challenge.id, "joined_at": now}),
        (
            models.Submission,
            {
                "challenge_id": challenge.id,
                "phase_id": challenge.phases[0].id,
                "kind": "competitor",
                "delivery": "predictions",
                "file_name": "p.csv",
                "sha256": "0" * 64,
                "bytes": 1,
                "note": "",
                "idempotency_key": "k",
                "state": "scored",
            },
        ),
        (models.PublicScore, {"metric": "rmse", "key_version": 1, "metric_version": 1}),
    )
    for table, fixed in rows:
        session.execute(
            insert(table), [row_of(table, i, id_, now) | fixed for i, id_ in enumerate(ids)]
        )


def row_of(table: type[SQLModel], index: int, id_: str, now: datetime) -> dict[str, object]:
    """The part of a row that differs from team to team."""
    if table is PersonRow:
        return {"id": id_, "handle": f"p{index}"}
    if table is TeamRow:
        return {"id": id_, "name": f"team {index}", "name_key": f"{index}", "captain_id": id_}
    if table is MemberRow:
        return {"team_id": id_, "person_id": id_}
    if table is models.Submission:
        at = now + timedelta(microseconds=index)
        return {"id": id_, "team_id": id_, "person_id": id_, "received_at": at}
    score = Decimal(index).scaleb(-4)
    return {"submission_id": id_, "position": 0, "exact": float(score), "rounded": str(score)}
