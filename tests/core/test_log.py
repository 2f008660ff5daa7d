from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, select

from palio.core import audit, checkpoints, db, log, log_triggers, merkle
from palio.core.log_models import AuditEvent
from palio.core.notes import Checkpoint, Signer

Work = Callable[[], AbstractContextManager[Session]]
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SIGNER = Signer("palio.example/log", b"k" * 32)


def note(session: Session, subject: str) -> None:
    audit.record(session, actor_id="ada", action="test.note", subject_id=subject, now=AT)


def fill(work: Work, count: int, *, each: int = 1) -> None:
    for start in range(0, count, each):
        with work() as session:
            for subject in range(start, start + each):
                note(session, str(subject))


def leaves(session: Session) -> list[bytes]:
    return [entry.record.leaf() for entry in log.entries(session, first=0, limit=1000)]


@pytest.mark.parametrize("each", [1, 3, 21])
def test_every_event_is_a_leaf_in_the_order_of_commits(
    engine: Engine, work: Work, each: int
) -> None:
    fill(work, 21, each=each)
    with db.reading(engine) as session:
        found = log.entries(session, first=0, limit=100)
        assert [entry.index for entry in found] == list(range(21))
        assert log.head(session) == log.Head(21, merkle.root_of(leaves(session)))
        subjects = session.exec(select(AuditEvent.hash).order_by(AuditEvent.id)).all()  # type: ignore[arg-type]  # SQLModel's
        assert [entry.record.hash for entry in found] == list(subjects)
        assert audit.first_broken_event(session) is None


def test_an_empty_log_has_the_empty_root(engine: Engine) -> None:
    with db.reading(engine) as session:
        assert log.head(session) == log.Head(0, merkle.EMPTY_ROOT)
        assert log.entries(session, first=0, limit=10) == ()


def test_proofs_from_stored_nodes_hold(engine: Engine, work: Work) -> None:
    fill(work, 13)
    with db.reading(engine) as session:
        whole = leaves(session)
        for size in range(1, 14):
            root = log.root(session, size=size)
            assert root == merkle.root_of(whole[:size])
            for index in range(size):
                proof = log.inclusion_proof(session, index=index, size=size)
                merkle.check_inclusion(proof, leaf=whole[index], index=index, size=size, root=root)
            proof = log.consistency_proof(session, first=size, second=13)
            merkle.check_consistency(
                proof, first=size, second=13, first_root=root, second_root=log.head(session).root
            )
        siblings = log.siblings(session, indices=[2, 11], size=13)
        held = {2: whole[2], 11: whole[11]}
        assert merkle.root_with(held, siblings, size=13) == log.head(session).root


def test_what_the_log_does_not_have_is_said(engine: Engine, work: Work) -> None:
    fill(work, 3)
    with db.reading(engine) as session:
        for ask in (
            lambda: log.root(session, size=5),
            lambda: log.inclusion_proof(session, index=3, size=3),
            lambda: log.consistency_proof(session, first=3, second=2),
            lambda: log.index_of(session, "no hash"),
        ):
            with pytest.raises(log.LogEntryNotFoundError):
                ask()


def test_a_deed_taken_back_leaves_no_leaf(engine: Engine, work: Work) -> None:
    with work() as session:
        note(session, "kept")
        with suppress(ZeroDivisionError), session.begin_nested():
            note(session, "taken back")
            raise ZeroDivisionError
    with work() as session, suppress(ZeroDivisionError), session.begin_nested():
        note(session, "taken back too")
        raise ZeroDivisionError
    with db.reading(engine) as session:
        assert log.head(session).size == 1
        assert audit.first_broken_event(session) is None


def test_writers_at_once_get_places_without_gaps(engine: Engine, work: Work) -> None:
    def write(subject: int) -> None:
        with work() as session:
            note(session, str(subject))
            note(session, f"{subject} again")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(write, range(60)))
    with db.reading(engine) as session:
        found = log.entries(session, first=0, limit=1000)
        assert [entry.index for entry in found] == list(range(120))
        assert log.head(session).root == merkle.root_of(leaves(session))
        assert audit.first_broken_event(session) is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET action = 'test.forged'",
        "UPDATE audit_event SET detail = '{}'",
        "UPDATE audit_event SET salt = ''",
        "UPDATE audit_event SET salt = '', actor_id = '', subject_id = '', detail = '', hash = '0'",
        "DELETE FROM audit_event",
        "UPDATE log_node SET event_hash = NULL",
        "DELETE FROM log_node WHERE level = 0",
        "UPDATE log_state SET size = size - 1",
        "UPDATE log_state SET peaks = peaks",
        "DELETE FROM log_state",
        "DELETE FROM log_checkpoint",
        "UPDATE log_checkpoint SET note = ''",
        "DELETE FROM log_key",
    ],
)
def test_the_database_refuses_to_change_the_log(engine: Engine, work: Work, statement: str) -> None:
    fill(work, 2)
    with work() as session:
        checkpoints.sign_head(session, SIGNER, now=AT)
    with pytest.raises(DatabaseError, match="append-only"), engine.begin() as connection:
        connection.execute(text(statement))


def test_a_forged_event_and_a_missing_leaf_are_named(engine: Engine, work: Work) -> None:
    fill(work, 3)
    with engine.begin() as connection:
        for table in ("audit_event", "log_node"):
            on = f" ON {table}" if engine.dialect.name == "postgresql" else ""
            connection.execute(text(f"DROP TRIGGER {table}_no_update{on}"))
        connection.execute(text("UPDATE audit_event SET actor_id = 'bob' WHERE subject_id = '1'"))
    try:
        with db.reading(engine) as session:
            wanted = select(AuditEvent.id).where(AuditEvent.subject_id == "1")
            assert audit.first_broken_event(session) == session.exec(wanted).one()
    finally:
        with engine.begin() as connection:
            log_triggers.create(connection)


def test_an_erased_event_tells_nothing_and_proves_as_before(engine: Engine, work: Work) -> None:
    fill(work, 3)
    with db.reading(engine) as session:
        before, second = log.head(session), log.entries(session, first=1, limit=1)[0]
    with work() as session:
        audit.erase(
            session,
            event_hash=second.record.hash,
            by="admin",
            reason="asked to be forgotten",
            now=AT,
        )
    with db.reading(engine) as session:
        wanted = select(AuditEvent).where(AuditEvent.hash == second.record.hash)
        event = session.exec(wanted).one()
        assert (event.salt, event.actor_id, event.subject_id, event.detail) == ("", "", "", "")
        assert log.entries(session, first=1, limit=1) == (second,)
        assert log.root(session, size=3) == before.root
        assert audit.first_broken_event(session) is None
        last = log.entries(session, first=3, limit=1)[0]
        assert last.record.kind == "audit.erase"


def test_an_event_that_is_not_there_is_not_erased(work: Work) -> None:
    with work() as session, pytest.raises(audit.EventNotFoundError):
        audit.erase(session, event_hash="none", by="admin", reason="", now=AT)


def test_an_event_that_names_nobody_is_kept_and_none_is_erased_twice(work: Work) -> None:
    with work() as session:
        kind, challenge = "challenges.commitment", "c1"
        kept = audit.append(
            session, kind=kind, subject_id=challenge, challenge_id=challenge, payload={}, now=AT
        )
        gone = audit.append(
            session, kind="a.b", subject_id="s1", challenge_id=challenge, payload={}, now=AT
        )
    with work() as session:
        audit.erase(session, event_hash=gone, by="admin", reason="asked", now=AT)
    for event_hash, words in ((kept, "names nobody"), (gone, "left to forget")):
        with work() as session, pytest.raises(audit.NothingToForgetError, match=words):
            audit.erase(session, event_hash=event_hash, by="admin", reason="asked", now=AT)


def test_a_checkpoint_says_length_and_root_and_is_kept_once(engine: Engine, work: Work) -> None:
    fill(work, 2)
    with work() as session:
        first = checkpoints.sign_head(session, SIGNER, now=AT)
    with work() as session:
        # The key joins the log by an entry of its own.
        assert checkpoints.is_behind(session)
        second = checkpoints.sign_head(session, SIGNER, now=AT)
    with work() as session:
        assert not checkpoints.is_behind(session)
        assert checkpoints.sign_head(session, SIGNER, now=AT) == second
    with db.reading(engine) as session:
        assert checkpoints.evenly(session, last=9, most=9) == ((2, first), (3, second))
        assert checkpoints.newest(session) == second
        found = Checkpoint.parse(SIGNER.verifier.open(second))
        assert found == Checkpoint(SIGNER.name, 3, log.head(session).root)
        assert checkpoints.keys(session) == (str(SIGNER.verifier),)


def test_of_many_checkpoints_some_are_read_evenly_and_the_newest_always(work: Work) -> None:
    for _ in range(10):
        fill(work, 1)
        with work() as session:
            checkpoints.sign_head(session, SIGNER, now=AT)
    with work() as session:
        kept = [size for size, _ in checkpoints.evenly(session, last=99, most=99)]
        assert len(kept) == 10
        for most, places in ((10, kept), (4, kept[::-3][::-1]), (1, kept[-1:])):
            found = checkpoints.evenly(session, last=99, most=most)
            assert [size for size, _ in found] == places
            assert [checkpoints.said(note)[0] for _, note in found] == places
        assert checkpoints.evenly(session, last=kept[1] - 1, most=9)[-1][0] == kept[0]
        assert checkpoints.evenly(session, last=0, most=9) == ()


def test_another_key_signs_only_when_it_was_added(work: Work) -> None:
    other = Signer("palio.example/log", b"o" * 32)
    with work() as session:
        checkpoints.sign_head(session, SIGNER, now=AT)
        with pytest.raises(checkpoints.SigningKeyError, match="Copy the file"):
            checkpoints.sign_head(session, other, now=AT)
        checkpoints.add_key(session, other, by="admin", now=AT)
        checkpoints.add_key(session, other, by="admin", now=AT)
        assert other.verifier.open(other.sign("a\n")) == "a\n"
        checkpoints.check_key(session, other, now=AT)


def test_the_key_is_made_once_and_only_its_account_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "signing-key"
    assert checkpoints.key_if_there(path) is None
    with ThreadPoolExecutor(8) as pool:
        made = set(
            pool.map(lambda _: checkpoints.load_or_make_key(path, name="a.example"), range(8))
        )
    assert made == {checkpoints.load_or_make_key(path, name="renamed.example")}
    assert path.stat().st_mode & 0o777 == 0o600
    assert checkpoints.key_if_there(path) in made
    for damaged in (b"no key", b"\xff"):
        path.write_bytes(damaged)
        assert checkpoints.key_if_there(path) is None
        with pytest.raises(checkpoints.SigningKeyError, match="holds no signing key"):
            checkpoints.load_or_make_key(path, name="a.example")
