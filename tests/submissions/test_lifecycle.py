"""From received to ended: every move once, every refund once, scores in their two tables."""

from datetime import datetime
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func
from sqlalchemy.exc import IntegrityError
from sqlmodel import select
from tests.factories import submissions as make
from tests.factories.submissions import Work, at_once

from palio.challenges.contracts import Challenge, EntryRule, Quota
from palio.core import db
from palio.core.clock import database_now
from palio.core.errors import Finding
from palio.core.paging import BadCursorError
from palio.submissions import models, private, queries, rules, selection, service
from palio.submissions.contracts import PublicScore, QuotaCause, SubmissionState
from palio.submissions.private_models import PrivateScore

FINDING = Finding(code="id:missing", text="Row 7 is missing.", line=7, hint="Add it.")


@pytest.fixture
def challenge(work: Work) -> Challenge:
    with work() as session:
        return make.challenge(
            session, quota=Quota(50, 100, "UTC"), entry_rule=EntryRule.CHOSEN, finals=2
        )


def test_scores_are_kept_apart_and_those_of_another_version_do_not_count(
    work: Work, challenge: Challenge
) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        make.score(session, receipt, public="0.8712", private="0.8800")
        session.add(
            models.PublicScore(
                submission_id=receipt.submission_id,
                metric="rmse",
                key_version=1,
                metric_version=2,
                position=0,
                exact=0.9,
                rounded="0.9000",
            )
        )
    with work() as session:
        found = queries.submission(session, receipt.submission_id)
        (entry,) = queries.scored_entries(session, challenge_id=challenge.id)
        (hidden,) = private.private_scored_entries(session, challenge_id=challenge.id)
    assert found.state is SubmissionState.SCORED
    assert found.public_scores == (PublicScore("rmse", Decimal("0.8712")),)
    assert (entry.public, entry.rounded) == (Decimal("0.8712"), Decimal("0.8712"))
    assert (hidden.public, hidden.rounded) == (Decimal("0.8712"), Decimal("0.8800"))
    assert hidden.all_rounded == (("rmse", Decimal("0.8800")),)


def test_the_same_version_of_a_score_is_stored_once(work: Work, challenge: Challenge) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        make.score(session, receipt, public="0.1", private="0.2")

    def store_again() -> None:
        with work() as session:
            session.add(
                PrivateScore(
                    submission_id=receipt.submission_id,
                    metric="rmse",
                    key_version=1,
                    metric_version=1,
                    position=0,
                    exact=0.3,
                    rounded="0.3",
                )
            )

    with pytest.raises(IntegrityError):
        store_again()


def test_refused_file_gives_the_try_back_with_its_findings(
    work: Work, challenge: Challenge
) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        now = database_now(session)
        assert service.start(session, submission_id=receipt.submission_id, now=now)
        assert service.refuse(
            session, submission_id=receipt.submission_id, findings=(FINDING,), now=now
        )
    with work() as session:
        found = queries.submission(session, receipt.submission_id)
        status = queries.quota(
            session, challenge=challenge, team_id=team.id, now=database_now(session)
        )
    assert (found.state, found.reason) == (SubmissionState.REFUSED, "Row 7 is missing.")
    assert found.findings == (FINDING,)
    assert found.ended_at == now
    assert [(line.change, line.cause) for line in status.lines] == [
        (1, QuotaCause.SUBMITTED),
        (-1, QuotaCause.REFUSED_FILE),
    ]
    assert status.remaining == 50


@pytest.mark.parametrize("is_running", [False, True])
def test_platform_fault_gives_the_try_back_once(
    work: Work, challenge: Challenge, *, is_running: bool
) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        now = database_now(session)
        if is_running:
            service.start(session, submission_id=receipt.submission_id, now=now)
        ends = [
            service.error(
                session, submission_id=receipt.submission_id, reason="The disk is full.", now=now
            )
            for _ in range(3)
        ]
        assert ends == [True, False, False]
        use = queries.quota_use(
            session, team_id=team.id, phase_id=challenge.phases[0].id, day=now.date()
        )
    assert use == rules.QuotaUse(today=0, total=0)


def test_failed_run_costs_the_try(work: Work, challenge: Challenge) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        now = database_now(session)
        service.start(session, submission_id=receipt.submission_id, now=now)
        assert service.fail(
            session, submission_id=receipt.submission_id, reason="No finite value.", now=now
        )
        use = queries.quota_use(
            session, team_id=team.id, phase_id=challenge.phases[0].id, day=now.date()
        )
    assert use == rules.QuotaUse(today=1, total=1)


def test_ends_delivered_at_once_take_effect_once(
    engine: Engine, work: Work, challenge: Challenge
) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        receipt = make.submit(session, to=challenge, by=team, key="k")
        service.start(session, submission_id=receipt.submission_id, now=database_now(session))

    def end(index: int) -> bool:
        with work() as session:
            now = database_now(session)
            if index % 2:
                return service.refuse(
                    session, submission_id=receipt.submission_id, findings=(), now=now
                )
            return service.error(
                session, submission_id=receipt.submission_id, reason="lost", now=now
            )

    assert list(at_once(10, end)).count(True) == 1
    with db.reading(engine) as session:
        assert session.exec(select(func.sum(models.QuotaLine.change))).one() == 0
        assert session.exec(select(func.count()).select_from(models.QuotaLine)).one() == 2


def test_move_that_the_table_has_not_is_a_fault_of_ours(work: Work) -> None:
    with work() as session, pytest.raises(ValueError, match="never goes from scored to running"):
        service.advance(
            session,
            submission_id="x",
            from_=SubmissionState.SCORED,
            to=SubmissionState.RUNNING,
        )


def test_choice_up_to_the_finals_before_the_close(work: Work, challenge: Challenge) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        other = make.team(session, of=challenge, handle="bob")
        ids = [
            make.submit(session, to=challenge, by=team, key=f"k{i}").submission_id for i in range(3)
        ]

        def choose(submission_id: str, *, at: datetime, is_chosen: bool = True) -> None:
            selection.choose(
                session,
                submission_id=submission_id,
                team_id=team.id,
                is_chosen=is_chosen,
                challenge=challenge,
                now=at,
            )

        now = database_now(session)
        choose(ids[0], at=now)
        choose(ids[0], at=now)
        choose(ids[1], at=now)
        with pytest.raises(rules.TooManyChosenError):
            choose(ids[2], at=now)
        choose(ids[0], at=now, is_chosen=False)
        choose(ids[2], at=now)
        assert [queries.submission(session, id_).is_chosen for id_ in ids] == [False, True, True]
        with pytest.raises(rules.ChoiceClosedError):
            choose(ids[2], at=challenge.phases[0].closes_at, is_chosen=False)
        with pytest.raises(rules.SubmissionNotFoundError):
            selection.choose(
                session,
                submission_id=ids[0],
                team_id=other.id,
                is_chosen=True,
                challenge=challenge,
                now=now,
            )
        make.close(session, what=challenge)
        with pytest.raises(rules.ChoiceClosedError):
            choose(ids[2], at=now, is_chosen=False)  # a clock read before the lock does not help


def test_refused_choice_frees_its_place(work: Work, challenge: Challenge) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        now = database_now(session)
        for index in range(3):
            receipt = make.submit(session, to=challenge, by=team, key=f"k{index}")
            selection.choose(
                session,
                submission_id=receipt.submission_id,
                team_id=team.id,
                is_chosen=True,
                challenge=challenge,
                now=now,
            )
            if index == 0:
                service.start(session, submission_id=receipt.submission_id, now=now)
                service.refuse(session, submission_id=receipt.submission_id, findings=(), now=now)
        assert queries.chosen_count(session, team_id=team.id) == 2


def test_pages_of_a_team_are_newest_first_and_complete(work: Work, challenge: Challenge) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        other = make.team(session, of=challenge, handle="bob")
        sent = [
            make.submit(session, to=challenge, by=team, key=f"k{i}").submission_id for i in range(5)
        ]
        make.submit(session, to=challenge, by=other, key="k")
        seen: list[str] = []
        cursor = None
        while True:
            page = queries.of_team(
                session, challenge_id=challenge.id, team_id=team.id, cursor=cursor, limit=2
            )
            seen += [item.id for item in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == sent[::-1]
        everything = queries.of_challenge(session, challenge_id=challenge.id)
        assert len(everything.items) == 6
        with pytest.raises(BadCursorError):
            queries.of_team(session, challenge_id=challenge.id, team_id=team.id, cursor="eHl6")


def test_pending_counts_what_has_not_ended(work: Work, challenge: Challenge) -> None:
    with work() as session:
        team = make.team(session, of=challenge)
        receipts = [make.submit(session, to=challenge, by=team, key=f"k{i}") for i in range(3)]
        make.score(session, receipts[0], public="1", private="1")
        service.start(session, submission_id=receipts[1].submission_id, now=database_now(session))
        assert queries.pending_count(session, challenge_id=challenge.id) == 2
        assert queries.counts_by_state(session, challenge_id=challenge.id) == {
            SubmissionState.SCORED: 1,
            SubmissionState.RUNNING: 1,
            SubmissionState.RECEIVED: 1,
        }
