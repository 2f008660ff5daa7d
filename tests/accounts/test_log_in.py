"""Log-ins, sessions and the limits on wrong passwords, on both databases."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import argon2
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select, update

from palio.accounts import rules, service, tokens
from palio.accounts.contracts import Person, Scope
from palio.accounts.errors import (
    BadNameError,
    BadTermError,
    ServerBusyError,
    TokenNotFoundError,
    TooManyTriesError,
    WrongLoginError,
)
from palio.accounts.models import LogInTryRow, PersonRow, SessionRow, TokenRow
from palio.accounts.passwords import Passwords
from palio.core import clock, db

Work = Callable[[], AbstractContextManager[Session]]
PASSWORD = "correct horse battery"  # noqa: S105 (a test's)
# A cheap hash: what these tests are about is not the cost.
HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(threads=2)


@pytest.fixture
def ana(join: Callable[..., Person]) -> Person:
    return join("ana", password_hash=HASH)


def prove(
    work: Work,
    passwords: Passwords,
    *,
    handle: str = "ana",
    password: str = PASSWORD,
    address: str = "here",
) -> Person:
    return service.check_password(
        work, passwords=passwords, handle=handle, password=password, address=address
    )


def fail_often(work: Work, *, times: int, handle: str, address: str) -> None:
    """Write down wrong tries as the limit would find them."""
    with work() as session:
        now = clock.database_now(session)
        session.add_all(
            LogInTryRow(
                handle_key=tokens.digest(handle), address_key=tokens.digest(address), at=now
            )
            for _ in range(times)
        )


def test_log_in_gives_a_session_that_says_who_it_is(
    work: Work, passwords: Passwords, ana: Person
) -> None:
    new = service.log_in(
        work,
        passwords=passwords,
        handle=" ANA ",
        password=PASSWORD,
        address="here",
        idle_hours=12,
        days=14,
    )
    with work() as session:
        now = clock.database_now(session)
        caller = service.caller_of_session(session, secret=new.secret, now=now)
        stored = session.exec(select(SessionRow)).one()
    assert caller is not None
    assert (caller.person, caller.scope, caller.session_id) == (ana, Scope.ORGANIZE, new.id)
    assert new.secret not in stored.model_dump_json()


def test_log_in_hashes_anew_when_parameters_have_changed(
    work: Work, passwords: Passwords, ana: Person
) -> None:
    prove(work, passwords)
    with work() as session:
        stored = session.exec(select(PersonRow.password_hash)).one()
    assert passwords.verify_password(PASSWORD, stored) == (True, False)
    assert prove(work, passwords) == ana


@pytest.mark.parametrize("handle", ["ana", "nobody-has-it", "a\0", "\ud800", "x" * 5000])
@pytest.mark.usefixtures("ana")
def test_wrong_log_in_says_the_same_whoever_it_is(
    work: Work, passwords: Passwords, handle: str
) -> None:
    with pytest.raises(WrongLoginError) as caught:
        prove(work, passwords, handle=handle, password="something else")  # noqa: S106 (a test's)
    assert caught.value.detail == "Handle and password do not belong together. Try again."


def test_person_who_is_shut_out_cannot_log_in(
    work: Work, passwords: Passwords, ana: Person, now: datetime
) -> None:
    with work() as session:
        service.set_disabled(session, person_id=ana.id, is_disabled=True, by="system", now=now)
    with pytest.raises(WrongLoginError):
        prove(work, passwords)
    with work() as session:
        service.set_disabled(session, person_id=ana.id, is_disabled=False, by="system", now=now)
    assert prove(work, passwords) == ana


@pytest.mark.usefixtures("ana")
def test_wrong_passwords_are_counted_although_the_request_fails(
    work: Work, passwords: Passwords
) -> None:
    for _ in range(rules.TRIES_BY_BOTH):
        with pytest.raises(WrongLoginError):
            prove(work, passwords, password="wrong password")  # noqa: S106 (a test's)
    with pytest.raises(TooManyTriesError) as caught:
        prove(work, passwords)
    assert 0 < caught.value.retry_after_seconds <= 15 * 60 + 1


def test_right_password_from_another_address_still_opens(
    work: Work, passwords: Passwords, ana: Person
) -> None:
    fail_often(work, times=rules.TRIES_BY_BOTH, handle="ana", address="attacker")
    assert prove(work, passwords, address="home") == ana


@pytest.mark.parametrize(
    ("times", "handle", "address"),
    [(rules.TRIES_BY_HANDLE, "ana", "anywhere"), (rules.TRIES_BY_ADDRESS, "anybody", "here")],
)
@pytest.mark.usefixtures("ana")
def test_handle_and_address_have_limits_of_their_own(
    work: Work, passwords: Passwords, times: int, handle: str, address: str
) -> None:
    fail_often(work, times=times, handle=handle, address=address)
    with pytest.raises(TooManyTriesError):
        prove(work, passwords)


def test_tries_are_forgotten_after_the_window_and_after_a_right_password(
    work: Work, passwords: Passwords, ana: Person
) -> None:
    fail_often(work, times=rules.TRIES_BY_BOTH, handle="ana", address="here")
    with work() as session:
        long_ago = clock.database_now(session) - rules.TRIES_WINDOW
        session.exec(update(LogInTryRow).values(at=long_ago))
    fail_often(work, times=rules.TRIES_BY_BOTH - 1, handle="ana", address="here")
    assert prove(work, passwords) == ana
    with work() as session:
        assert session.exec(select(LogInTryRow)).all() == []


@pytest.mark.usefixtures("ana")
def test_try_that_was_never_looked_at_is_not_counted(work: Work) -> None:
    busy = Passwords(threads=1, waiting_max=0)
    with busy._turn(), pytest.raises(ServerBusyError):
        prove(work, busy)
    with work() as session:
        assert session.exec(select(LogInTryRow)).all() == []


@pytest.mark.usefixtures("ana")
def test_many_wrong_passwords_at_once_are_looked_at_up_to_the_limit(
    work: Work, passwords: Passwords
) -> None:
    outcomes: list[str] = []

    def guess() -> None:
        try:
            prove(work, passwords, password="wrong password")  # noqa: S106 (a test's)
        except (WrongLoginError, TooManyTriesError) as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=guess) for _ in range(rules.TRIES_BY_BOTH + 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["too_many_tries"] * 6 + ["wrong_login"] * rules.TRIES_BY_BOTH


def start(work: Work, passwords: Passwords) -> str:
    return service.log_in(
        work,
        passwords=passwords,
        handle="ana",
        password=PASSWORD,
        address="here",
        idle_hours=12,
        days=14,
    ).secret


@pytest.mark.usefixtures("ana")
def test_session_ends_when_idle_and_in_any_case_after_its_days(
    work: Work, passwords: Passwords
) -> None:
    secret = start(work, passwords)
    with work() as session:
        begin = clock.database_now(session)

        def is_on(at: datetime) -> bool:
            return service.caller_of_session(session, secret=secret, now=at) is not None

        assert not is_on(begin + 13 * HOUR)
        assert [is_on(begin + 11 * HOUR * n) for n in range(31)] == [True] * 31
        assert not is_on(begin + 14 * 24 * HOUR)


@pytest.mark.usefixtures("ana")
def test_session_is_not_written_to_more_than_once_a_minute_nor_by_a_look(
    engine: Engine, work: Work, passwords: Passwords
) -> None:
    secret = start(work, passwords)
    with work() as session:
        row = session.exec(select(SessionRow)).one()
        first = row.last_seen_at
    with db.reading(engine) as session:
        assert service.caller_of_session(session, secret=secret, now=first + HOUR) is not None
        assert session.exec(select(SessionRow.last_seen_at)).one() == first
    for seconds, expected in ((59, 0), (60, 60), (119, 60), (120, 120)):
        with work() as session:
            at = first + timedelta(seconds=seconds)
            service.caller_of_session(session, secret=secret, now=at)
        with work() as session:
            seen = session.exec(select(SessionRow.last_seen_at)).one()
        assert seen == first + timedelta(seconds=expected)


def test_session_is_over_after_log_out_new_password_new_rights_and_shutting_out(
    work: Work, passwords: Passwords, ana: Person, now: datetime
) -> None:
    def log_out(session: Session) -> None:
        service.log_out(session, session_id=session.exec(select(SessionRow.id)).one())

    def end_all(session: Session) -> None:
        service.end_all_sessions(session, person_id=ana.id)

    def new_password(session: Session) -> None:
        service.set_password(session, person_id=ana.id, password_hash=HASH, by=ana.id, now=now)

    def new_rights(session: Session) -> None:
        service.set_admin(session, person_id=ana.id, is_admin=True, by="system", now=now)

    def shut_out(session: Session) -> None:
        service.set_disabled(session, person_id=ana.id, is_disabled=True, by="system", now=now)

    for deed in (log_out, end_all, new_password, new_rights, shut_out):
        secret = start(work, passwords)
        with work() as session:
            deed(session)
        with work() as session:
            at = clock.database_now(session)
            assert service.caller_of_session(session, secret=secret, now=at) is None


def test_new_password_revokes_the_tokens_made_with_the_old_one(
    work: Work, ana: Person, join: Callable[..., Person], now: datetime
) -> None:
    def token(person: Person) -> str:
        with work() as session:
            made = service.make_token(
                session,
                person_id=person.id,
                name="script",
                scope=Scope.SUBMIT,
                challenge_id=None,
                days=9,
                now=now,
            )
        return made.secret

    of_ana, of_bob = token(ana), token(join("bob"))
    with work() as session:
        service.set_password(session, person_id=ana.id, password_hash=HASH, by="system", now=now)
    with work() as session:
        assert service.caller_of_token(session, secret=of_ana, now=now) is None
        assert service.caller_of_token(session, secret=of_bob, now=now) is not None
    assert token(ana) != of_ana  # new ones can be made


@pytest.mark.parametrize("secret", ["", "x" * 43, "\0", "\ud800", "palio_"])
def test_secret_that_nobody_was_given_is_nobody(work: Work, now: datetime, secret: str) -> None:
    with work() as session:
        assert service.caller_of_session(session, secret=secret, now=now) is None
        assert service.caller_of_token(session, secret=secret, now=now) is None


def make(
    session: Session, person: Person, now: datetime, *, days: int = 1, name: str = "laptop"
) -> tuple[str, str]:
    new = service.make_token(
        session,
        person_id=person.id,
        name=name,
        scope=Scope.SUBMIT,
        challenge_id="c",
        days=days,
        now=now,
    )
    return new.id, new.secret


def test_token_says_who_and_how_far_until_it_expires(
    work: Work, ana: Person, now: datetime
) -> None:
    with work() as session:
        _, secret = make(session, ana, now)
    with work() as session:
        stored = session.exec(select(TokenRow)).one().model_dump_json()
        last = now + timedelta(days=1, microseconds=-1)
        caller = service.caller_of_token(session, secret=secret, now=last)
        late = service.caller_of_token(session, secret=secret, now=now + timedelta(days=1))
    assert caller is not None
    assert (caller.person, caller.scope, caller.challenge_id, caller.session_id) == (
        ana,
        Scope.SUBMIT,
        "c",
        None,
    )
    assert late is None
    assert secret[-43:] not in stored


def test_token_is_good_with_its_own_secret_only(work: Work, ana: Person, now: datetime) -> None:
    with work() as session:
        first_id, first = make(session, ana, now)
        _, second = make(session, ana, now)
        mixed = f"palio_{first_id}_{second[-43:]}"
        unknown = f"palio_{'0' * 32}_{first[-43:]}"
        for text in (mixed, unknown, first[:-1], f"{first}x", first.upper()):
            assert service.caller_of_token(session, secret=text, now=now) is None


def test_token_is_useless_once_revoked_or_its_person_shut_out(
    work: Work, ana: Person, now: datetime
) -> None:
    with work() as session:
        token_id, first = make(session, ana, now)
        _, second = make(session, ana, now)
        service.revoke_token(session, person_id=ana.id, token_id=token_id, now=now)
        service.revoke_token(session, person_id=ana.id, token_id=token_id, now=now + HOUR)
    with work() as session:
        assert service.caller_of_token(session, secret=first, now=now) is None
        assert service.caller_of_token(session, secret=second, now=now) is not None
        service.set_disabled(session, person_id=ana.id, is_disabled=True, by="system", now=now)
    with work() as session:
        assert service.caller_of_token(session, secret=second, now=now) is None
        row = session.get(TokenRow, token_id)
        assert row is not None
        assert row.revoked_at == now


def test_token_of_somebody_else_cannot_be_revoked(
    work: Work, ana: Person, join: Callable[..., Person], now: datetime
) -> None:
    ben = join("ben")
    with work() as session:
        token_id, secret = make(session, ana, now)
        for one in (token_id, "unknown"):
            with pytest.raises(TokenNotFoundError):
                service.revoke_token(session, person_id=ben.id, token_id=one, now=now)
        assert service.caller_of_token(session, secret=secret, now=now) is not None


def test_token_notes_its_last_use_once_a_minute(work: Work, ana: Person, now: datetime) -> None:
    with work() as session:
        _, secret = make(session, ana, now)
    for seconds, expected in ((0, 0), (59, 0), (60, 60)):
        with work() as session:
            service.caller_of_token(session, secret=secret, now=now + timedelta(seconds=seconds))
        with work() as session:
            used = session.exec(select(col(TokenRow.last_used_at))).one()
        assert used == now + timedelta(seconds=expected)


def test_token_needs_a_name_and_a_term(work: Work, ana: Person, now: datetime) -> None:
    with work() as session:
        with pytest.raises(BadNameError):
            make(session, ana, now, name=" ")
        for days in (0, 367):
            with pytest.raises(BadTermError):
                make(session, ana, now, days=days)
