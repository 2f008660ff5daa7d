"""Mergers and submissions at the same moment: one after the other, whoever comes first."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Engine
from tests.factories import submissions as make
from tests.factories.mergers import accept, pair, propose, used
from tests.factories.submissions import Work, at_once, until_somebody_waits

from palio.accounts import queries as accounts
from palio.accounts.errors import MergerRefusedError
from palio.challenges.contracts import Quota
from palio.core import db
from palio.submissions import (
    rules,
)


def test_two_mergers_of_one_team_at_once_make_one(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        cid = make.team(session, of=challenge, handle="cid")
        for team in (ada, bob, cid):
            make.submit(session, to=challenge, by=team, key="k")
        asked = [propose(session, challenge, team, bob) for team in (ada, cid)]

    def act(index: int) -> str:
        try:
            with work() as session:
                accept(session, challenge, asked[index], by=bob.captain_id)
        except MergerRefusedError as error:
            return error.code
        return "done"

    assert sorted(at_once(2, act)) == ["done", "merger_refused"]
    with work() as session:
        teams = accounts.teams(session, challenge_id=challenge.id)
        assert sorted(len(team.members) for team in teams.values()) == [1, 2]
        sums = [used(session, challenge, team)[1] for team in teams.values()]
    assert sorted(sums) == [1, 2]


def test_two_teams_that_accept_each_other_at_once_become_one_team(work: Work) -> None:
    with work() as session:
        challenge, ada, bob = pair(session)
        asked = [propose(session, challenge, ada, bob), propose(session, challenge, bob, ada)]
    captains = [bob.captain_id, ada.captain_id]

    def act(index: int) -> str:
        try:
            with work() as session:
                accept(session, challenge, asked[index], by=captains[index])
        except MergerRefusedError as error:
            return error.code
        return "done"

    assert sorted(at_once(2, act)) == ["done", "merger_refused"]
    with work() as session:
        (only,) = accounts.teams(session, challenge_id=challenge.id).values()
    assert [member.handle for member in only.members] == ["ada", "bob"]


def test_submission_that_waits_for_a_merger_is_the_merged_teams_try(
    postgres_engine: Engine,
) -> None:
    """The merger holds the challenge; the upload, begun as the old team, waits for it."""
    work = _work_on(postgres_engine)
    with work() as session:
        challenge, ada, bob = pair(session, quota=Quota(per_day=1, total=5, zone="UTC"))
        make.submit(session, to=challenge, by=ada, key="a")
        made = propose(session, challenge, ada, bob)

    def late() -> str:
        try:
            with work() as session:
                make.submit(session, to=challenge, by=bob, key="b")
        except rules.QuotaUsedUpError as error:
            return error.code
        return "done"

    with ThreadPoolExecutor(1) as pool:
        with work() as session:
            accept(session, challenge, made, by=bob.captain_id)
            waiting = pool.submit(late)
            until_somebody_waits(postgres_engine)
        assert waiting.result() == "quota_used_up"  # the try of the day was ada's
    with work() as session:
        assert used(session, challenge, ada) == (1, 1, 0)


def test_merger_that_waits_for_a_submission_counts_its_try(
    postgres_engine: Engine,
) -> None:
    work = _work_on(postgres_engine)
    with work() as session:
        challenge, ada, bob = pair(session, quota=Quota(per_day=2, total=2, zone="UTC"))
        for index in range(2):
            make.submit(session, to=challenge, by=ada, key=f"a{index}")
        made = propose(session, challenge, ada, bob)

    def late() -> str:
        try:
            with work() as session:
                accept(session, challenge, made, by=bob.captain_id)
        except MergerRefusedError as error:
            return error.detail
        return "done"

    with ThreadPoolExecutor(1) as pool:
        with work() as session:
            make.submit(session, to=challenge, by=bob, key="b")
            waiting = pool.submit(late)
            until_somebody_waits(postgres_engine)
        assert "have used 3 tries together" in waiting.result()
    with work() as session:
        assert len(accounts.teams(session, challenge_id=challenge.id)) == 2


def _work_on(engine: Engine) -> Work:
    return lambda: db.unit_of_work(engine, send=lambda _: None)
