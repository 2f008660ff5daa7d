"""Any order of requests, deliveries and faults keeps the promises of quota and lifecycle."""

import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from sqlmodel import Session, select
from tests.factories import submissions as make

from palio.challenges.contracts import Phase, Quota
from palio.challenges.errors import ClosedError
from palio.challenges.rules import quota_window
from palio.core import db
from palio.core.clock import database_now
from palio.pipeline import tables
from palio.submissions import models, rules, service, states
from palio.submissions.contracts import QuotaCause, Receipt, SubmissionState

PER_DAY = 3
FREE = {SubmissionState.REFUSED, SubmissionState.ERRORED}


class Life(RuleBasedStateMachine):
    """One team and everything that can happen to its submissions, on a real database."""

    receipts = Bundle("receipts")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.engine = db.open_engine(f"sqlite:///{Path(self.folder.name) / 'db.sqlite3'}")
        tables.metadata.create_all(self.engine)
        self.seen: dict[str, SubmissionState] = {}
        self.by_key: dict[str, Receipt] = {}
        self.granted = 0
        self.is_closed = False
        with self.work() as session:
            self.challenge = make.challenge(session, quota=Quota(PER_DAY, PER_DAY, "UTC"))
            self.team = make.team(session, of=self.challenge)

    def work(self) -> make.AbstractContextManager[Session]:
        return db.unit_of_work(self.engine, send=lambda _: None)

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    @rule(target=receipts, key=st.sampled_from("abcdefgh"))
    def submit(self, key: str) -> str:
        charged = [s for s in self.seen.values() if s not in FREE]
        expected = self.by_key.get(key)
        is_full = len(charged) - self.granted >= PER_DAY
        try:
            with self.work() as session:
                receipt = make.submit(session, to=self.challenge, by=self.team, key=key)
        except rules.QuotaUsedUpError:
            assert expected is None
            assert is_full
            return ""
        except ClosedError:
            assert expected is None
            assert self.is_closed
            return ""
        if expected is not None:
            assert receipt == replace(expected, is_new=False)
        else:
            assert receipt.is_new
            assert not is_full
            assert not self.is_closed
            self.by_key[key] = receipt
            self.seen[receipt.submission_id] = SubmissionState.RECEIVED
        return receipt.submission_id

    @rule(
        submission_id=receipts,
        verb=st.sampled_from(["start", "back", "score", "refuse", "fail", "error"]),
    )
    def deliver(self, submission_id: str, verb: str) -> None:
        before = self.seen.get(submission_id)
        targets = {
            "start": SubmissionState.RUNNING,
            "back": SubmissionState.RECEIVED,
            "score": SubmissionState.SCORED,
            "refuse": SubmissionState.REFUSED,
            "fail": SubmissionState.FAILED,
            "error": SubmissionState.ERRORED,
        }
        with self.work() as session:
            moved = self._deliver(session, submission_id, verb)
        is_legal = before is not None and states.may_move(before, targets[verb])
        assert moved == is_legal
        if moved:
            self.seen[submission_id] = targets[verb]

    def _deliver(self, session: Session, submission_id: str, verb: str) -> bool:
        now = database_now(session)
        if verb == "start":
            return service.start(session, submission_id=submission_id, now=now)
        if verb == "back":
            return service.back_to_queue(session, submission_id=submission_id)
        if verb == "refuse":
            return service.refuse(session, submission_id=submission_id, findings=(), now=now)
        if verb == "fail":
            return service.fail(session, submission_id=submission_id, reason="r", now=now)
        if verb == "error":
            return service.error(session, submission_id=submission_id, reason="r", now=now)
        return service.record_scores(
            session,
            submission_id=submission_id,
            card=make.card("0.1", "0.2"),
            key_version=1,
            metric_version=1,
            now=now,
        )

    @rule()
    def grant(self) -> None:
        try:
            with self.work() as session:
                service.grant(
                    session,
                    team_id=self.team.id,
                    challenge=self.challenge,
                    tries=1,
                    reason="test",
                    by="host",
                    now=self.now(session),
                )
            self.granted += 1
        except ClosedError:
            assert self.is_closed

    def now(self, session: Session) -> datetime:
        return self.challenge.phases[-1].closes_at if self.is_closed else database_now(session)

    @rule()
    def close(self) -> None:
        if len(self.seen) > PER_DAY and not self.is_closed:
            with self.work() as session:
                phase = session.get_one(tables.challenges.PhaseRow, self.challenge.phases[0].id)
                phase.closes_at = database_now(session)
                make.close(session, what=self.challenge)
            self.is_closed = True

    @invariant()
    def ledger_is_the_sum_of_charged_tries(self) -> None:
        charged = [s for s in self.seen.values() if s not in FREE]
        with db.reading(self.engine) as session:
            lines = [
                (row.submission_id, row.change, QuotaCause(row.cause))
                for row in session.exec(select(models.QuotaLine))
            ]
            found = {
                s.id: SubmissionState(s.state) for s in session.exec(select(models.Submission))
            }
            scores = session.exec(select(models.PublicScore.submission_id)).all()
        assert found == self.seen
        assert sum(change for _, change, _ in lines) == len(charged) - self.granted
        assert len(charged) <= PER_DAY + self.granted
        for submission_id, state in found.items():
            own = [cause for of, _, cause in lines if of == submission_id]
            assert own.count(QuotaCause.SUBMITTED) == 1
            assert len(own) == (2 if state in FREE else 1)
        assert len(scores) == list(found.values()).count(SubmissionState.SCORED)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)

ROME = "Europe/Rome"
SPRING = datetime(2026, 3, 28, tzinfo=UTC)


@given(
    st.lists(st.tuples(st.integers(0, 6 * 3600), st.booleans()), max_size=60),
    st.integers(1, 4),
    st.integers(1, 12),
)
def test_accepted_tries_never_exceed_the_quota_of_any_day_nor_the_total(
    steps: list[tuple[int, bool]], per_day: int, total: int
) -> None:
    """Over days of 23 hours too; a refunded try leaves its own day."""
    quota = Quota(per_day, total, ROME)
    phase = Phase("p", "main", 0, SPRING, SPRING + timedelta(days=30), quota)
    now = SPRING
    days: list[date] = []
    for wait, is_refunded in steps:
        now += timedelta(seconds=wait)
        window = quota_window(ROME, now=now)
        use = rules.QuotaUse(today=days.count(window.day), total=len(days))
        left = rules.remaining(quota, use=use)
        if left == 0:
            with pytest.raises(rules.QuotaUsedUpError) as caught:
                rules.check_quota(phase, use=use, window=window)
            again = caught.value.next_try_at
            assert (again is None) == (len(days) == total)
            if again is not None:
                assert again > now
                later = quota_window(ROME, now=again)
                then = rules.QuotaUse(today=days.count(later.day), total=len(days))
                rules.check_quota(phase, use=then, window=later)
            continue
        rules.check_quota(phase, use=use, window=window)
        if not is_refunded:
            days.append(window.day)
    assert len(days) <= total
    assert max((days.count(day) for day in days), default=0) <= per_day
