"""Sign-up, roles and join links, on both databases."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from palio.accounts import queries, service
from palio.accounts.contracts import JoinLink, Person, Role
from palio.accounts.errors import (
    BadHandleError,
    BadLinkError,
    BadNameError,
    BadTermError,
    HandleTakenError,
    PersonNotFoundError,
    SignUpClosedError,
)
from palio.accounts.models import JoinLinkRow
from palio.core import audit

Work = Callable[[], AbstractContextManager[Session]]
Join = Callable[..., Person]
AtOnce = Callable[[Sequence[Callable[[Session], object]]], list[str]]
DAY = timedelta(days=1)


def sign_up(
    session: Session, now: datetime, handle: str = "ana", **more: str | bool | None
) -> Person:
    return service.sign_up(
        session,
        handle=handle,
        display_name="",
        email=None,
        password_hash="!",  # noqa: S106 (no password at all)
        now=now,
        **more,  # type: ignore[arg-type]
    )


def test_first_person_is_no_administrator(join: Join) -> None:
    ana = join("Ana", display_name=" Ana  Lima ")
    assert (ana.handle, ana.display_name, ana.is_admin) == ("ana", "Ana Lima", False)


def test_display_name_left_out_is_the_handle(work: Work, now: datetime) -> None:
    with work() as session:
        assert sign_up(session, now).display_name == "ana"


def test_person_is_found_by_id_and_by_handle_in_any_case(work: Work, join: Join) -> None:
    ana = join("ana")
    with work() as session:
        assert queries.person(session, ana.id) == ana
        assert queries.person_by_handle(session, " ANA ") == ana
        for handle in ("nobody-has-it", "a\0", ""):
            with pytest.raises(PersonNotFoundError):
                queries.person_by_handle(session, handle)
        with pytest.raises(PersonNotFoundError):
            queries.person(session, "unknown")


def test_people_come_in_pages_by_handle(work: Work, join: Join) -> None:
    everybody = [join(handle) for handle in ("eve", "ana", "cid", "ben", "dan")]
    by_handle = sorted(everybody, key=lambda person: person.handle)
    with work() as session:
        first = queries.people(session, limit=3)
        second = queries.people(session, limit=3, cursor=first.next_cursor)
        known = queries.people_by_id(session, person_ids=[everybody[0].id, "unknown"])
    assert [*first.items, *second.items] == by_handle
    assert second.next_cursor is None
    assert known == {everybody[0].id: everybody[0]}


def test_more_people_are_looked_up_than_one_statement_takes(work: Work, join: Join) -> None:
    ana = join("ana")
    crowd = [f"{number:032x}" for number in range(70_000)]
    with work() as session:
        assert queries.people_by_id(session, person_ids=[*crowd, ana.id]) == {ana.id: ana}


@pytest.mark.parametrize("handle", ["ana", "ANA"])
def test_handle_that_is_taken_is_refused_and_nothing_else_is_lost(
    work: Work, join: Join, now: datetime, handle: str
) -> None:
    join("ana")
    with work() as session:
        with pytest.raises(HandleTakenError):
            sign_up(session, now, handle)
        ben = sign_up(session, now, "ben")
    with work() as session:
        assert queries.person_by_handle(session, "ben") == ben


def test_bad_handle_and_bad_name_are_refused(work: Work, now: datetime) -> None:
    with work() as session:
        with pytest.raises(BadHandleError):
            sign_up(session, now, "admin")
        with pytest.raises(BadNameError):
            service.sign_up(
                session,
                handle="ana",
                display_name="a\u202eb",
                email=None,
                password_hash="",
                now=now,
            )


def test_handle_signed_up_many_times_at_once_is_given_once(at_once: AtOnce, now: datetime) -> None:
    outcomes = at_once([lambda session: sign_up(session, now)] * 6)
    assert outcomes == ["done"] + ["handle_taken"] * 5


def test_deed_on_nobody_is_not_found(work: Work, now: datetime) -> None:
    with work() as session:
        with pytest.raises(PersonNotFoundError):
            service.set_admin(session, person_id="x", is_admin=True, by="system", now=now)
        with pytest.raises(PersonNotFoundError):
            service.set_disabled(session, person_id="x", is_disabled=True, by="system", now=now)
        with pytest.raises(PersonNotFoundError):
            service.set_password(session, person_id="x", password_hash="", by="system", now=now)


def test_role_is_held_on_one_challenge_until_revoked(work: Work, join: Join, now: datetime) -> None:
    ana = join("ana")
    with work() as session:
        for _ in range(2):
            service.grant_role(
                session, person_id=ana.id, challenge_id="c", role=Role.JUDGE, by="system", now=now
            )
    with work() as session:
        assert queries.has_role(session, person_id=ana.id, challenge_id="c", role=Role.JUDGE)
        assert not queries.has_role(
            session, person_id=ana.id, challenge_id="c", role=Role.ORGANIZER
        )
        assert queries.roles(session, person_id=ana.id, challenge_id="c") == {Role.JUDGE}
        assert queries.roles(session, person_id=ana.id, challenge_id="d") == frozenset()
        assert queries.role_holders(session, challenge_id="c") == ((Role.JUDGE, ana),)
        for _ in range(2):
            service.revoke_role(
                session, person_id=ana.id, challenge_id="c", role=Role.JUDGE, by="system", now=now
            )
        assert queries.roles(session, person_id=ana.id, challenge_id="c") == frozenset()
    with work() as session:
        in_order = select(audit.AuditEvent.action).order_by(col(audit.AuditEvent.id))
        events = session.exec(in_order).all()
        assert audit.first_broken_event(session) is None
    assert events == ["accounts.grant_role", "accounts.revoke_role"]


def make_link(
    session: Session, now: datetime, *, uses: int = 1, role: Role | None = None, by: str = "system"
) -> str:
    return service.make_join_link(
        session, challenge_id="c" if role else None, role=role, uses=uses, days=1, by=by, now=now
    ).secret


def test_join_link_opens_a_closed_sign_up_and_gives_its_role(work: Work, now: datetime) -> None:
    with work() as session:
        code = make_link(session, now, role=Role.JUDGE)
        with pytest.raises(SignUpClosedError):
            sign_up(session, now, is_open=False)
        link = queries.join_link(session, code=code, now=now)
        ana = sign_up(session, now, join_code=code, is_open=False)
    with work() as session:
        stored = session.exec(select(JoinLinkRow)).one()
        assert link == JoinLink(
            id=stored.id, challenge_id="c", role=Role.JUDGE, expires_at=now + DAY
        )
        assert queries.has_role(session, person_id=ana.id, challenge_id="c", role=Role.JUDGE)
    assert code not in stored.model_dump_json()


def test_sign_up_with_a_bad_link_makes_nobody(work: Work, now: datetime) -> None:
    with pytest.raises(BadLinkError), work() as session:
        sign_up(session, now, join_code="unknown", is_open=False)
    with work() as session, pytest.raises(PersonNotFoundError):
        queries.person_by_handle(session, "ana")


def test_join_link_used_twice_by_one_person_costs_one_use(
    work: Work, join: Join, now: datetime
) -> None:
    ana, ben, cid = join("ana"), join("ben"), join("cid")
    with work() as session:
        code = make_link(session, now, uses=2)
        for person in (ana, ana, ben, ana):
            service.use_join_link(session, code=code, person_id=person.id, now=now)
        with pytest.raises(BadLinkError):
            service.use_join_link(session, code=code, person_id=cid.id, now=now)
        with pytest.raises(BadLinkError):
            queries.join_link(session, code=code, now=now)


def test_join_link_is_bad_when_expired_revoked_or_unknown(
    work: Work, join: Join, now: datetime
) -> None:
    ana = join("ana")
    with work() as session:
        code = make_link(session, now, role=Role.JUDGE)
        with pytest.raises(BadLinkError):
            service.use_join_link(session, code=code, person_id=ana.id, now=now + DAY)
        service.revoke_join_links(session, challenge_id="c", by="system", now=now)
        for text in (code, "", "\ud800"):
            with pytest.raises(BadLinkError):
                service.use_join_link(session, code=text, person_id=ana.id, now=now)
            with pytest.raises(BadLinkError):
                queries.join_link(session, code=text, now=now)


@pytest.mark.parametrize(("uses", "days"), [(0, 1), (10_001, 1), (1, 0), (1, 366)])
def test_join_link_out_of_range_is_refused(work: Work, now: datetime, uses: int, days: int) -> None:
    with work() as session, pytest.raises(BadTermError):
        service.make_join_link(
            session, challenge_id=None, role=None, uses=uses, days=days, by="system", now=now
        )


def test_role_without_a_challenge_cannot_be_linked(work: Work, now: datetime) -> None:
    with work() as session, pytest.raises(ValueError, match="one challenge"):
        service.make_join_link(
            session, challenge_id=None, role=Role.JUDGE, uses=1, days=1, by="system", now=now
        )


def test_last_use_of_a_link_wanted_by_many_at_once_goes_to_one(
    work: Work, join: Join, at_once: AtOnce, now: datetime
) -> None:
    people = [join(f"person-{n}") for n in range(5)]
    with work() as session:
        code = make_link(session, now)
    deeds = [
        lambda session, person=person: service.use_join_link(
            session, code=code, person_id=person.id, now=now
        )
        for person in people
    ]
    assert at_once(deeds) == ["bad_link"] * 4 + ["done"]


def test_link_used_by_one_person_many_times_at_once_costs_one_use(
    work: Work, join: Join, at_once: AtOnce, now: datetime
) -> None:
    ana = join("ana")
    with work() as session:
        code = make_link(session, now, uses=9)
    deed = lambda session: service.use_join_link(session, code=code, person_id=ana.id, now=now)  # noqa: E731 (a list of it)
    assert at_once([deed] * 5) == ["done"] * 5
    with work() as session:
        assert session.exec(select(JoinLinkRow.uses_left)).one() == 8
