"""Versions of scores: who loses or gets one, what comes back with an undo, what stays out."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal

import pytest
from sqlmodel import Session
from tests.factories import submissions as make

from palio.challenges.contracts import Challenge
from palio.core.clock import database_now
from palio.core.errors import Finding
from palio.submissions import private, queries, rescoring, service, versions
from palio.submissions.contracts import ScoredEntry, Submission, SubmissionState
from palio.submissions.exclusions import ChallengePutAwayError
from palio.submissions.rescore_rules import RescoreNotReadyError
from palio.submissions.version_contracts import (
    FIRST,
    Correction,
    ScoreVersion,
    ShadowOutcome,
    VersionPair,
)

Work = Callable[[], AbstractContextManager[Session]]
CORRECTION = Correction(what="corrected answer key", key_version=2)
NO_SCORE = "The metric rmse has no finite value for these predictions."


class Course:
    """One challenge with three files: one scored, one failed, one refused."""

    def __init__(self, work: Work, challenge: Challenge) -> None:
        self.work, self.challenge = work, challenge
        with work() as session:
            self.team = make.team(session, of=challenge)
            ids = [
                make.submit(session, to=challenge, by=self.team, key=key).submission_id
                for key in ("scored", "failed", "refused")
            ]
            self.scored, self.failed, self.refused = ids
            now = database_now(session)
            for submission_id in ids:
                service.start(session, submission_id=submission_id, now=now)
            service.record_scores(
                session,
                submission_id=self.scored,
                card=make.card("0.5", "0.6"),
                key_version=1,
                metric_version=1,
                now=now,
            )
            service.fail(session, submission_id=self.failed, reason="As ever.", now=now)
            finding = Finding("id:missing", "Row 3 is missing.")
            service.refuse(session, submission_id=self.refused, findings=[finding], now=now)

    def do(self, deed: Callable[[Session, datetime], object]) -> None:
        with self.work() as session:
            deed(session, database_now(session))

    def start(self) -> ScoreVersion:
        with self.work() as session:
            return rescoring.start(
                session,
                challenge=self.challenge,
                correction=CORRECTION,
                reason="A row was wrong.",
                by="host",
                now=database_now(session),
            )

    def record(self, version: ScoreVersion, submission_id: str, score: str = "") -> bool:
        with self.work() as session:
            return rescoring.record(
                session,
                version_id=version.id,
                submission_id=submission_id,
                outcome=ShadowOutcome.SCORED if score else ShadowOutcome.NO_SCORE,
                card=make.card(score, score) if score else None,
                words="" if score else NO_SCORE,
                now=database_now(session),
            )

    def activate(self) -> None:
        self.do(
            lambda session, now: rescoring.activate(
                session, challenge=self.challenge, by="host", now=now
            )
        )

    def undo(self) -> None:
        self.do(
            lambda session, now: rescoring.reopen_previous(
                session, challenge=self.challenge, reason="No.", by="host", now=now
            )
        )
        self.activate()

    def look(self, submission_id: str) -> Submission:
        with self.work() as session:
            return queries.submission(session, submission_id)

    def board(self, version: VersionPair | None = None) -> tuple[ScoredEntry, ...]:
        with self.work() as session:
            return private.private_scored_entries(
                session, challenge_id=self.challenge.id, version=version
            )


@pytest.fixture
def challenge(work: Work) -> Challenge:
    """An open challenge."""
    with work() as session:
        return make.challenge(session)


@pytest.fixture
def course(work: Work, challenge: Challenge) -> Course:
    """A challenge with a scored, a failed and a refused file."""
    return Course(work, challenge)


def test_without_a_finite_score_a_submission_fails_and_undo_gives_it_back(course: Course) -> None:
    version = course.start()
    assert course.record(version, course.scored)
    assert course.record(version, course.failed, "0.4")
    assert [entry.submission_id for entry in course.board(version.pair)] == [course.failed]
    course.activate()
    lost, gained = course.look(course.scored), course.look(course.failed)
    assert (lost.state, lost.reason, lost.public_scores) == (SubmissionState.FAILED, NO_SCORE, ())
    assert (gained.state, gained.reason) == (SubmissionState.SCORED, "")
    assert gained.public_scores[0].rounded == Decimal("0.4")
    assert [entry.submission_id for entry in course.board()] == [course.failed]

    course.undo()
    scored, failed = course.look(course.scored), course.look(course.failed)
    assert (scored.state, scored.reason) == (SubmissionState.SCORED, "")
    assert (failed.state, failed.reason) == (SubmissionState.FAILED, "As ever.")
    assert [entry.submission_id for entry in course.board()] == [course.scored]
    with course.work() as session:
        assert versions.active_pair(session, challenge_id=course.challenge.id) == FIRST


def test_refused_files_are_no_part_of_a_set_and_each_result_is_kept_once(course: Course) -> None:
    version = course.start()
    with course.work() as session:
        assert versions.missing_ids(session, version) == (course.scored, course.failed)
    assert course.record(version, course.scored, "0.1")
    assert not course.record(version, course.scored, "0.2")
    with pytest.raises(RescoreNotReadyError):
        course.activate()
    assert course.record(version, course.failed)
    course.activate()
    assert course.look(course.scored).public_scores[0].rounded == Decimal("0.1")
    assert course.look(course.refused).state is SubmissionState.REFUSED


def test_an_abandoned_set_takes_no_more_results_and_its_numbers_are_not_used_again(
    course: Course,
) -> None:
    version = course.start()
    course.record(version, course.scored, "0.1")
    course.do(
        lambda session, now: rescoring.abandon(
            session, challenge=course.challenge, by="host", now=now
        )
    )
    assert not course.record(version, course.failed, "0.1")
    assert [entry.rounded for entry in course.board()] == [Decimal("0.6")]
    correction = Correction(what="corrected metric", package_version=2)
    with course.work() as session:
        now = database_now(session)
        first, second = (
            _start_and_abandon(session, course.challenge, correction, now) for _ in range(2)
        )
    assert (first.ordinal, first.pair) == (3, VersionPair(1, 2))
    assert (second.ordinal, second.pair) == (4, VersionPair(1, 3))


def _start_and_abandon(
    session: Session, challenge: Challenge, correction: Correction, now: datetime
) -> ScoreVersion:
    made = rescoring.start(
        session, challenge=challenge, correction=correction, reason="x", by="host", now=now
    )
    rescoring.abandon(session, challenge=challenge, by="host", now=now)
    return made


def test_an_archived_challenge_is_not_scored_again(course: Course) -> None:
    with course.work() as session:
        session.connection().exec_driver_sql("UPDATE challenge SET state = 'archived'")
    with pytest.raises(ChallengePutAwayError):
        course.start()
