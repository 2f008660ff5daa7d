"""Teams when several people do things at the same moment, on both databases."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlmodel import Session, select
from tests.accounts.teams import accept, create, handles, invite, solo

from palio.accounts import queries
from palio.accounts.contracts import Person
from palio.accounts.models import TeamRow

Work = Callable[[], AbstractContextManager[Session]]
Join = Callable[..., Person]
AtOnce = Callable[[Sequence[Callable[[Session], object]]], list[str]]


def test_last_place_wanted_by_many_at_once_goes_to_one(
    work: Work, join: Join, at_once: AtOnce, now: datetime
) -> None:
    ana = join("ana")
    people = [join(f"person-{n}") for n in range(5)]
    with work() as session:
        team = create(session, ana, now)
        codes = [invite(session, team, now) for _ in people]
        for person in people:
            solo(session, person, now)
    deeds = [
        lambda session, code=code, person=person: accept(session, code, person, now, max_members=2)
        for code, person in zip(codes, people, strict=True)
    ]
    assert at_once(deeds) == ["done"] + ["team_full"] * 4
    with work() as session:
        teams = queries.teams(session, challenge_id="c")
    assert sorted(len(team.members) for team in teams.values()) == [1, 1, 1, 1, 2]


def test_last_use_of_an_invite_wanted_by_two_at_once_goes_to_one(
    work: Work, join: Join, at_once: AtOnce, now: datetime
) -> None:
    ana, ben, cid = join("ana"), join("ben"), join("cid")
    with work() as session:
        code = invite(session, create(session, ana, now), now, uses=1)
    deeds = [
        lambda session, person=person: accept(session, code, person, now) for person in (ben, cid)
    ]
    assert at_once(deeds) == ["bad_link", "done"]


def test_two_captains_who_accept_each_others_invites_at_once_end_in_one_team(
    work: Work, join: Join, at_once: AtOnce, now: datetime
) -> None:
    ana, ben = join("ana"), join("ben")
    for round_number in range(5):
        challenge_id = f"round-{round_number}"
        with work() as session:
            to_ana = invite(session, solo(session, ana, now, challenge_id), now)
            to_ben = invite(session, solo(session, ben, now, challenge_id), now)
        outcomes = at_once(
            [
                lambda session, code=to_ben: accept(session, code, ana, now),
                lambda session, code=to_ana: accept(session, code, ben, now),
            ]
        )
        with work() as session:
            teams = list(queries.teams(session, challenge_id=challenge_id).values())
        assert [len(team.members) for team in teams] == [2]
        assert "done" in outcomes
        assert set(outcomes) <= {"done", "bad_link", "already_in_team"}


def test_person_who_does_everything_at_once_is_in_one_team(
    work: Work, join: Join, at_once: AtOnce, now: datetime
) -> None:
    ana, ben, cid = join("ana"), join("ben"), join("cid")
    with work() as session:
        codes = [
            invite(session, create(session, person, now, person.handle), now)
            for person in (ana, ben)
        ]
    deeds: list[Callable[[Session], object]] = [
        lambda session: solo(session, cid, now),
        lambda session: solo(session, cid, now),
        lambda session: create(session, cid, now),
        *(lambda session, code=code: accept(session, code, cid, now) for code in codes),
    ]
    outcomes = at_once(deeds)
    with work() as session:
        teams = queries.teams(session, challenge_id="c").values()
    assert sum(handles(team).count("cid") for team in teams) == 1
    assert set(outcomes) <= {"done", "already_in_team", "team_not_found", "bad_link"}


def test_name_wanted_by_many_at_once_is_given_once(
    work: Work, join: Join, at_once: AtOnce, now: datetime
) -> None:
    people = [join(f"person-{n}") for n in range(5)]
    deeds = [
        lambda session, person=person, name=name: create(session, person, now, name)
        for person, name in zip(people, ["Owls", "owls", "OWLS", "oWLS", "Owls"], strict=True)
    ]
    assert at_once(deeds) == ["done"] + ["team_name_taken"] * 4
    with work() as session:
        assert len(session.exec(select(TeamRow)).all()) == 1


def test_people_of_one_name_who_start_at_once_each_get_a_team(
    work: Work, join: Join, at_once: AtOnce, now: datetime
) -> None:
    people = [join(f"person-{n}", display_name="Ana") for n in range(5)]
    deeds = [lambda session, person=person: solo(session, person, now) for person in people]
    assert at_once(deeds * 2) == ["done"] * 10
    with work() as session:
        teams = queries.teams(session, challenge_id="c").values()
    assert sorted(len(team.members) for team in teams) == [1] * 5
