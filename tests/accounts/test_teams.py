"""Teams: founding, joining, leaving, on both databases."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select
from tests.accounts.teams import accept, create, handles, invite, solo

from palio.accounts import queries, service
from palio.accounts.contracts import Member, Person, Team
from palio.accounts.errors import (
    AlreadyInTeamError,
    BadLinkError,
    BadNameError,
    BadTermError,
    NotCaptainError,
    TeamFrozenError,
    TeamFullError,
    TeamNameTakenError,
    TeamNotFoundError,
)
from palio.accounts.models import InviteRow

Work = Callable[[], AbstractContextManager[Session]]
Join = Callable[..., Person]
SECOND = timedelta(seconds=1)


def test_person_alone_is_a_team_of_one_named_after_the_person(
    work: Work, join: Join, now: datetime
) -> None:
    ana = join("ana", display_name="Ana Lima")
    with work() as session:
        assert queries.team_of(session, challenge_id="c", person_id=ana.id) is None
        team = solo(session, ana, now)
    assert team == Team(
        id=team.id,
        challenge_id="c",
        name="Ana Lima",
        captain_id=ana.id,
        members=(Member(person_id=ana.id, handle="ana", display_name="Ana Lima", is_captain=True),),
        first_submission_at=None,
    )
    with work() as session:
        assert solo(session, ana, now) == team
        assert queries.team_of(session, challenge_id="c", person_id=ana.id) == team
        assert queries.team(session, team.id) == team
        assert solo(session, ana, now, "another").id != team.id


def test_team_of_one_gets_a_free_name(work: Work, join: Join, now: datetime) -> None:
    people = [
        join("ana", display_name="Ana"),
        join("ben", display_name="ANA"),
        join("cid", display_name="Baseline"),
        join("dan", display_name="x" * 60),
        join("eve", display_name="x" * 60),
    ]
    with work() as session:
        names = [solo(session, person, now).name for person in people]
    assert names == ["Ana", "ANA (ben)", "Baseline (cid)", "x" * 60, "x" * 54 + " (eve)"]


def test_team_of_one_gets_a_number_when_every_other_name_is_taken(
    work: Work, join: Join, now: datetime
) -> None:
    ana = join("ana", display_name="Ana Lima")
    with work() as session:
        for n, name in enumerate(["Ana Lima", "Ana Lima (ana)", "ana", "ana 2"]):
            create(session, _sign_up(session, f"squatter-{n}", now), now, name)
        assert solo(session, ana, now).name == "ana 3"


def _sign_up(session: Session, handle: str, now: datetime) -> Person:
    return service.sign_up(
        session,
        handle=handle,
        display_name="",
        email=None,
        password_hash="!",  # noqa: S106 (no password at all)
        now=now,
    )


def test_created_team_takes_the_place_of_a_team_of_one(
    work: Work, join: Join, now: datetime
) -> None:
    ana = join("ana")
    with work() as session:
        solo(session, ana, now)
        team = create(session, ana, now, "  The   Owls ")
    with work() as session:
        assert queries.teams(session, challenge_id="c") == {team.id: team}
    assert (team.name, handles(team)) == ("The Owls", ["ana"])


@pytest.mark.parametrize(
    "name", ["the owls", "THE\u00a0OWLS", "The O\u200dwls", "Baseline", "admin"]
)
def test_team_name_that_looks_taken_is_refused(
    work: Work, join: Join, now: datetime, name: str
) -> None:
    ana, ben = join("ana"), join("ben")
    with work() as session:
        create(session, ana, now)
        own = create(session, ben, now, "Others")
    with pytest.raises(TeamNameTakenError), work() as session:
        service.rename_team(session, team_id=own.id, name=name, by=ben.id, now=now)
    with pytest.raises(TeamNameTakenError), work() as session:
        create(session, ben, now, name)
    with work() as session:
        assert queries.team_of(session, challenge_id="c", person_id=ben.id) == own


def test_team_name_taken_leaves_the_rest_of_the_transaction_alone(
    work: Work, join: Join, now: datetime
) -> None:
    ana, ben = join("ana"), join("ben")
    with work() as session:
        create(session, ana, now)
        own = create(session, ben, now, "Others")
        with pytest.raises(TeamNameTakenError):
            service.rename_team(session, team_id=own.id, name="The Owls", by=ben.id, now=now)
        assert (
            service.rename_team(session, team_id=own.id, name="OTHERS", by=ben.id, now=now).name
            == "OTHERS"
        )
    with work() as session:
        assert queries.team(session, own.id).name == "OTHERS"


def test_same_team_name_is_free_in_another_challenge(work: Work, join: Join, now: datetime) -> None:
    ana = join("ana")
    with work() as session:
        create(session, ana, now)
        other = service.create_team(session, challenge_id="d", person=ana, name="The Owls", now=now)
    assert other.challenge_id == "d"


def test_bad_team_name_is_refused(work: Work, join: Join, now: datetime) -> None:
    ana = join("ana")
    with work() as session:
        for name in ("", "\u202eowls", "x" * 61):
            with pytest.raises(BadNameError):
                create(session, ana, now, name)


def test_members_join_by_invite_in_order_of_time(work: Work, join: Join, now: datetime) -> None:
    ana, ben, cid = join("ana"), join("ben"), join("cid")
    with work() as session:
        team = create(session, ana, now)
        code = invite(session, team, now)
        solo(session, cid, now)
        accept(session, code, cid, now + SECOND)
        assert queries.team_of_invite(session, code=code, now=now).id == team.id
        after = accept(session, code, ben, now + 2 * SECOND)
    assert handles(after) == ["ana", "cid", "ben"]
    assert [member.is_captain for member in after.members] == [True, False, False]
    with work() as session:
        assert queries.teams(session, challenge_id="c") == {team.id: after}
        stored = session.exec(select(InviteRow)).one()
    assert code not in stored.model_dump_json()


def test_invite_accepted_again_by_a_member_costs_no_use(
    work: Work, join: Join, now: datetime
) -> None:
    ana, ben, cid = join("ana"), join("ben"), join("cid")
    with work() as session:
        code = invite(session, create(session, ana, now), now, uses=1)
        for person in (ana, ben, ben):
            accept(session, code, person, now, max_members=2, merge_deadline=now + SECOND)
        accept(session, code, ben, now, max_members=1, merge_deadline=now)
        with pytest.raises(BadLinkError):
            accept(session, code, cid, now)


def test_invite_is_bad_when_expired_unknown_or_its_team_is_gone(
    work: Work, join: Join, now: datetime
) -> None:
    ana, ben = join("ana"), join("ben")
    with work() as session:
        team = create(session, ana, now)
        code = invite(session, team, now)
        late = now + timedelta(days=7)
        with pytest.raises(BadLinkError):
            accept(session, code, ben, late)
        with pytest.raises(BadLinkError):
            queries.team_of_invite(session, code=code, now=late)
        service.leave_team(session, person_id=ana.id, team_id=team.id, now=now)
    with work() as session:
        for text in (code, "", "\ud800"):
            with pytest.raises(BadLinkError):
                accept(session, text, ben, now)
            with pytest.raises(BadLinkError):
                queries.team_of_invite(session, code=text, now=now)


def test_full_team_and_passed_deadline_let_nobody_in(work: Work, join: Join, now: datetime) -> None:
    ana, ben = join("ana"), join("ben")
    with work() as session:
        code = invite(session, create(session, ana, now), now)
        alone = solo(session, ben, now)
    for error, limits in (
        (TeamFullError, {"max_members": 1}),
        (TeamFrozenError, {"merge_deadline": now}),
    ):
        with pytest.raises(error), work() as session:
            accept(session, code, ben, now, **limits)
    with work() as session:
        assert queries.team_of(session, challenge_id="c", person_id=ben.id) == alone


def test_person_with_a_team_that_counts_does_not_join_another(
    work: Work, join: Join, now: datetime
) -> None:
    ana, ben, cid, dan = (join(handle) for handle in ("ana", "ben", "cid", "dan"))
    with work() as session:
        code = invite(session, create(session, ana, now), now)
        accept(session, invite(session, create(session, ben, now, "B"), now), cid, now)
        service.mark_first_submission(session, team_id=solo(session, dan, now).id, now=now)
    for person, error in (
        (ben, AlreadyInTeamError),
        (cid, AlreadyInTeamError),
        (dan, TeamFrozenError),
    ):
        with pytest.raises(error), work() as session:
            accept(session, code, person, now)
        with pytest.raises(error), work() as session:
            create(session, person, now, "Yet another")


def test_only_the_captain_invites_and_renames(work: Work, join: Join, now: datetime) -> None:
    ana, ben, cid = join("ana"), join("ben"), join("cid")
    with work() as session:
        team = create(session, ana, now)
        accept(session, invite(session, team, now), ben, now)
        for person, error in ((ben, NotCaptainError), (cid, TeamNotFoundError)):
            with pytest.raises(error):
                service.invite(
                    session, team_id=team.id, by=person.id, now=now, days=1, merge_deadline=None
                )
            with pytest.raises(error):
                service.rename_team(session, team_id=team.id, name="X", by=person.id, now=now)
        with pytest.raises(TeamNotFoundError):
            service.invite(
                session, team_id="unknown", by=ana.id, now=now, days=1, merge_deadline=None
            )


@pytest.mark.parametrize(("days", "uses"), [(0, 1), (91, 1), (1, 0), (1, 11)])
def test_invite_out_of_range_is_refused(
    work: Work, join: Join, now: datetime, days: int, uses: int
) -> None:
    ana = join("ana")
    with work() as session:
        team = create(session, ana, now)
        with pytest.raises(BadTermError):
            service.invite(
                session,
                team_id=team.id,
                by=ana.id,
                now=now,
                days=days,
                merge_deadline=None,
                uses=uses,
            )


def test_captaincy_passes_to_the_longest_member_and_the_last_one_ends_the_team(
    work: Work, join: Join, now: datetime
) -> None:
    ana, ben, cid = join("ana"), join("ben"), join("cid")
    with work() as session:
        team = create(session, ana, now)
        code = invite(session, team, now)
        accept(session, code, cid, now + SECOND)
        accept(session, code, ben, now + 2 * SECOND)
    with work() as session:
        service.leave_team(session, person_id=ana.id, team_id=team.id, now=now)
        assert queries.team(session, team.id).captain_id == cid.id
        service.leave_team(session, person_id=ben.id, team_id=team.id, now=now)
        assert handles(queries.team(session, team.id)) == ["cid"]
        service.leave_team(session, person_id=cid.id, team_id=team.id, now=now)
    with work() as session:
        assert queries.teams(session, challenge_id="c") == {}
        with pytest.raises(TeamNotFoundError):
            service.lock_team(session, team_id=team.id)
        with pytest.raises(TeamNotFoundError):
            queries.team(session, team.id)


def test_nobody_leaves_a_team_that_has_submitted_or_is_not_theirs(
    work: Work, join: Join, now: datetime
) -> None:
    ana, ben = join("ana"), join("ben")
    with work() as session:
        team = solo(session, ana, now)
        with pytest.raises(TeamNotFoundError):
            service.leave_team(session, person_id=ben.id, team_id=team.id, now=now)
        for at in (now, now + SECOND):
            service.mark_first_submission(session, team_id=team.id, now=at)
        assert service.lock_team(session, team_id=team.id).first_submission_at == now
        with pytest.raises(TeamFrozenError):
            service.leave_team(session, person_id=ana.id, team_id=team.id, now=now)


def test_all_teams_are_read_in_two_queries(
    engine: Engine, work: Work, join: Join, now: datetime
) -> None:
    people = [join(f"person-{n}") for n in range(5)]
    with work() as session:
        for person in people:
            solo(session, person, now)
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    with work() as session:
        found = queries.teams(session, challenge_id="c")
    assert len(found) == 5
    assert len([text for text in seen if text.startswith("SELECT")]) == 2
