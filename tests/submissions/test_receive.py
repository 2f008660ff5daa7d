"""Receipts on both databases: once per key, within the quota, before the close, in order."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, func
from sqlmodel import col, select
from tests.factories import submissions as make
from tests.factories.submissions import Work, at_once

from palio.challenges import queries as challenge_queries
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, ChallengeState, PhasePlan, Quota
from palio.challenges.errors import ClosedError, NotOpenYetError
from palio.core import audit, db
from palio.core.clock import database_now
from palio.submissions import models, queries, rules, service
from palio.submissions.contracts import QuotaCause, Receipt, SubmissionState, UploadLimits


def lines_of(work: Work, team_id: str, challenge: Challenge) -> list[tuple[int, QuotaCause]]:
    with work() as session:
        status = queries.quota(
            session, challenge=challenge, team_id=team_id, now=database_now(session)
        )
    return [(line.change, line.cause) for line in status.lines]


def test_receipt_names_the_file_and_the_databases_time(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        team = make.team(session, of=challenge)
        before = database_now(session)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        after = database_now(session)
    assert before <= receipt.received_at <= after
    assert receipt == Receipt(
        submission_id=receipt.submission_id,
        challenge_id=challenge.id,
        team_id=team.id,
        file_name="p.csv",
        sha256=make.blob().sha256,
        bytes=make.blob().bytes,
        received_at=receipt.received_at,
        is_new=True,
    )
    with work() as session:
        submission = queries.submission(session, receipt.submission_id)
    assert submission.state is SubmissionState.RECEIVED
    assert submission.received_at == receipt.received_at
    assert lines_of(work, team.id, challenge) == [(1, QuotaCause.SUBMITTED)]


def test_same_key_and_bytes_give_the_same_receipt_after_the_close_and_without_a_try_left(
    work: Work,
) -> None:
    with work() as session:
        challenge = make.challenge(session, quota=Quota(1, 1, "UTC"))
        team = make.team(session, of=challenge)
        first = make.submit(session, to=challenge, by=team, key="k")
    with work() as session:
        assert make.submit(session, to=challenge, by=team, key="k") == replace(first, is_new=False)
        make.close(session, what=challenge)
    with work() as session:
        assert make.submit(session, to=challenge, by=team, key="k") == replace(first, is_new=False)
    assert lines_of(work, team.id, challenge) == [(1, QuotaCause.SUBMITTED)]


def test_same_key_with_other_bytes_is_refused(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        team = make.team(session, of=challenge)
        make.submit(session, to=challenge, by=team, key="k", content="a")
        with pytest.raises(rules.IdempotencyKeyReusedError, match="with a new key"):
            make.submit(session, to=challenge, by=team, key="k", content="b")


def test_same_key_of_another_team_is_another_submission(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        one = make.submit(
            session, to=challenge, by=make.team(session, of=challenge, handle="ada"), key="k"
        )
        two = make.submit(
            session, to=challenge, by=make.team(session, of=challenge, handle="bob"), key="k"
        )
    assert two.is_new
    assert two.submission_id != one.submission_id
    assert two.received_at > one.received_at


def test_forty_identical_clicks_at_once_make_one_submission(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        team = make.team(session, of=challenge)

    def click(_: int) -> Receipt:
        with work() as session:
            return make.submit(session, to=challenge, by=team, key="k")

    receipts = at_once(40, click)
    assert [r.is_new for r in receipts].count(True) == 1
    assert {replace(r, is_new=True) for r in receipts} == {replace(receipts[0], is_new=True)}
    with db.reading(engine) as session:
        assert session.exec(select(func.count()).select_from(models.Submission)).one() == 1
        assert session.exec(select(func.count()).select_from(models.QuotaLine)).one() == 1


def test_twenty_at_once_with_five_tries_accept_five(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session, quota=Quota(5, 100, "UTC"))
        team = make.team(session, of=challenge)

    def submit(index: int) -> bool:
        try:
            with work() as session:
                make.submit(session, to=challenge, by=team, key=f"k{index}")
        except rules.QuotaUsedUpError:
            return False
        return True

    accepted = at_once(20, submit)
    assert accepted.count(True) == 5
    with db.reading(engine) as session:
        assert session.exec(select(func.sum(models.QuotaLine.change))).one() == 5
        assert session.exec(select(func.count()).select_from(models.Submission)).one() == 5


def test_many_teams_at_once_get_strictly_increasing_times(engine: Engine, work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        teams = [make.team(session, of=challenge, handle=f"team-{i}") for i in range(12)]

    def submit(index: int) -> Receipt:
        with work() as session:
            return make.submit(session, to=challenge, by=teams[index], key="k")

    receipts = at_once(len(teams), submit)
    assert len({receipt.received_at for receipt in receipts}) == len(teams)
    with db.reading(engine) as session:
        next_at = service.next_receipt_time(session, challenge_id=challenge.id)
        assert next_at > max(receipt.received_at for receipt in receipts)


def test_submits_racing_the_close_are_accepted_before_it_or_refused(
    engine: Engine, work: Work
) -> None:
    with work() as session:
        now = database_now(session)
        phase = PhasePlan(
            "main", now - timedelta(days=1), now + timedelta(seconds=2), Quota(None, None, "UTC")
        )
        challenge = make.challenge(session, phases=(phase,))
        teams = [make.team(session, of=challenge, handle=f"team-{i}") for i in range(8)]
    closed_with: list[int] = []

    def until_closed(index: int) -> int:
        accepted = 0
        while True:
            try:
                with work() as session:
                    make.submit(session, to=challenge, by=teams[index], key=f"k{accepted}")
            except ClosedError:
                return accepted
            accepted += 1

    def close(_: int) -> int:
        while True:
            with work() as session:
                moved = challenges.advance(
                    session, challenge_id=challenge.id, now=database_now(session)
                )
                if moved is not None and moved.state is ChallengeState.CLOSED:
                    count = select(func.count()).select_from(models.Submission)
                    closed_with.append(session.exec(count).one())
                    return 0

    counts = at_once(9, lambda index: close(index) if index == 8 else until_closed(index))
    with db.reading(engine) as session:
        assert challenge_queries.by_id(session, challenge.id).state is ChallengeState.CLOSED
        times = session.exec(
            select(models.Submission.received_at).order_by(col(models.Submission.received_at))
        ).all()
    assert sum(counts) == len(times) == closed_with[0]
    assert [at for at in times if at >= phase.closes_at] == []
    assert len(set(times)) == len(times)


def test_submission_before_the_opening_and_after_the_close_says_the_times(work: Work) -> None:
    with work() as session:
        now = database_now(session)
        later = PhasePlan("main", now + timedelta(days=1), now + timedelta(days=2), make.QUOTA)
        challenge = challenges.publish(
            session,
            plan=make.plan(session, phases=(later,)),
            description="",
            rules="",
            organizer_id="host",
            now=now,
        )
        team = make.team(session, of=challenge)
        with pytest.raises(NotOpenYetError, match=f"{later.opens_at:%Y-%m-%d %H:%M:%S} UTC"):
            make.submit(session, to=challenge, by=team, key="k")
    with work() as session:
        past = PhasePlan("main", now - timedelta(days=2), now - timedelta(days=1), make.QUOTA)
        over = challenges.publish(
            session,
            plan=make.plan(session, phases=(past,), slug="over"),
            description="",
            rules="",
            organizer_id="host",
            now=past.opens_at,
        )
        other = make.team(session, of=over, handle="bob")
        with pytest.raises(ClosedError, match=f"{past.closes_at:%Y-%m-%d %H:%M:%S} UTC"):
            make.submit(session, to=over, by=other, key="k")
        assert not queries.has_submissions(session, team_id=other.id)


def test_team_of_another_challenge_and_person_of_another_team_are_refused(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        other = make.challenge(session, slug="other")
        ada = make.team(session, of=challenge, handle="ada")
        bob = make.team(session, of=challenge, handle="bob")
        with pytest.raises(rules.TeamNotInChallengeError):
            make.submit(session, to=other, by=ada, key="k")
        with pytest.raises(rules.NotInTeamError):
            make.submit(session, to=challenge, by=replace(ada, captain_id=bob.captain_id), key="k")


def test_quota_when_used_up_tells_the_next_try_and_a_grant_opens_it_again(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session, quota=Quota(2, None, "UTC"))
        team = make.team(session, of=challenge)
        for key in ("a", "b"):
            make.submit(session, to=challenge, by=team, key=key)
        with pytest.raises(rules.QuotaUsedUpError) as caught:
            make.submit(session, to=challenge, by=team, key="c")
        now = database_now(session)
        status = queries.quota(session, challenge=challenge, team_id=team.id, now=now)
        assert (status.used_today, status.used_total, status.remaining) == (2, 2, 0)
        assert status.next_try_at == caught.value.next_try_at
        service.grant(
            session,
            team_id=team.id,
            challenge=challenge,
            tries=1,
            reason="The server was slow.",
            by="host",
            now=now,
        )
        make.submit(session, to=challenge, by=team, key="c")
        with pytest.raises(rules.QuotaUsedUpError):
            make.submit(session, to=challenge, by=team, key="d")
        deeds = session.exec(select(audit.AuditEvent.action)).all()
    assert list(deeds).count("submissions.grant") == 1
    assert lines_of(work, team.id, challenge) == [
        (1, QuotaCause.SUBMITTED),
        (1, QuotaCause.SUBMITTED),
        (-1, QuotaCause.HOST_GRANT),
        (1, QuotaCause.SUBMITTED),
    ]


def test_yesterdays_tries_count_in_the_total_only(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session, quota=Quota(1, 3, "UTC"))
        team = make.team(session, of=challenge)
        now = database_now(session)
        for days in (1, 2):
            at = now - timedelta(days=days)
            session.add(
                models.QuotaLine(
                    team_id=team.id,
                    phase_id=challenge.phases[0].id,
                    day=at.date(),
                    at=at,
                    change=1,
                    cause=QuotaCause.SUBMITTED.value,
                )
            )
        make.submit(session, to=challenge, by=team, key="a")
        with pytest.raises(rules.QuotaUsedUpError, match="all 3 tries of the phase main"):
            make.submit(session, to=challenge, by=team, key="b")


def test_quota_outside_the_phase_tells_the_opening(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        team = make.team(session, of=challenge)
        phase = challenge.phases[0]
        before = queries.quota(
            session,
            challenge=challenge,
            team_id=team.id,
            now=phase.opens_at - timedelta(seconds=1),
        )
        after = queries.quota(session, challenge=challenge, team_id=team.id, now=phase.closes_at)
    assert (before.remaining, before.next_try_at) == (0, phase.opens_at)
    assert (after.remaining, after.next_try_at) == (0, None)


def test_refused_files_when_there_are_too_many_stop_the_team_for_the_day(work: Work) -> None:
    limits = UploadLimits(refused_files_per_day=2)
    with work() as session:
        challenge = make.challenge(session)
        team = make.team(session, of=challenge)
        for key in ("a", "b"):
            receipt = make.submit(session, to=challenge, by=team, key=key, limits=limits)
            now = database_now(session)
            service.start(session, submission_id=receipt.submission_id, now=now)
            service.refuse(session, submission_id=receipt.submission_id, findings=(), now=now)
        with pytest.raises(rules.TooManyRefusedFilesError, match="costs nothing"):
            make.submit(session, to=challenge, by=team, key="c", limits=limits)


def test_baseline_costs_no_try_and_its_label_stands_for_one_file(work: Work) -> None:
    with work() as session:
        challenge = make.challenge(session)
        host = make.team(session, of=challenge, handle="host-person")
        first = make.baseline(session, to=challenge, by=host, label="mean")
        again = make.baseline(session, to=challenge, by=host, label="mean")
        assert again == replace(first, is_new=False)
        with pytest.raises(rules.BaselineExistsError):
            service.receive_baseline(
                session,
                challenge=challenge,
                blob=make.blob("other"),
                label="mean",
                person_id=host.captain_id,
                now=database_now(session),
            )
        assert session.exec(select(models.QuotaLine)).all() == []
        assert queries.submission(session, first.submission_id).label == "mean"
