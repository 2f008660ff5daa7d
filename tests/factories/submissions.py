"""An open challenge, teams and submissions through the real services, in a line each."""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import TypeVar

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from palio.accounts import service as accounts
from palio.accounts.contracts import Team
from palio.challenges import service as challenges
from palio.challenges.contracts import (
    Challenge,
    ChallengePlan,
    EntryRule,
    PhasePlan,
    Quota,
    TeamRules,
)
from palio.challenges.prize_contracts import TieRule
from palio.core.clock import database_now
from palio.core.storage import Blob
from palio.scoring.card import MetricChoice, Score, ScoreCard
from palio.scoring.form import IdKind, PredictionForm, TargetColumn
from palio.submissions import models, queries, service
from palio.submissions.contracts import Receipt, UploadLimits

Work = Callable[[], AbstractContextManager[Session]]
T = TypeVar("T")

QUOTA = Quota(per_day=5, total=100, zone="UTC")
LIMITS = UploadLimits()
RATING = TargetColumn(name="rating", minimum=0.5, maximum=5.0)


def blob(content: str = "predictions") -> Blob:
    """A stored file as `receive` sees it."""
    return Blob(sha256=hashlib.sha256(content.encode()).hexdigest(), bytes=len(content))


def plan(session: Session, *, quota: Quota = QUOTA, **changes: object) -> ChallengePlan:
    """The plan of a challenge that opened yesterday by the database's clock and runs a month."""
    now = database_now(session)
    phase = PhasePlan("main", now - timedelta(days=1), now + timedelta(days=30), quota)
    base = ChallengePlan(
        slug="ratings",
        title="Ratings",
        tagline="",
        organizer="Us",
        tags=(),
        data_licence="CC0",
        metrics=(MetricChoice(name="rmse", digits=4),),
        form=PredictionForm(id_column="id", id_kind=IdKind.INTEGER, targets=(RATING,)),
        truth=(RATING,),
        public_share=0.5,
        split_seed=42,
        phases=(phase,),
        teams=TeamRules(max_members=5, entry_deadline=None, merge_deadline=None),
        entry_rule=EntryRule.BEST_PUBLIC,
        finals=2,
        tie_rule=TieRule.EARLIER,
        prizes=(),
        reveal_at=None,
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def challenge(session: Session, *, quota: Quota = QUOTA, **changes: object) -> Challenge:
    """A published, open challenge; `changes` are fields of its plan."""
    made = plan(session, quota=quota, **changes)
    return challenges.publish(
        session,
        plan=made,
        description="Predict ratings.",
        rules="Be fair.",
        organizer_id="host",
        now=made.phases[0].opens_at,
    )


def team(session: Session, *, of: Challenge, handle: str = "ada") -> Team:
    """A new person alone in a team."""
    now = database_now(session)
    person = accounts.sign_up(
        session,
        handle=handle,
        display_name=handle,
        email=None,
        password_hash="-",  # noqa: S106 (nobody signs in)
        now=now,
    )
    return accounts.solo_team(session, challenge_id=of.id, person=person, now=now)


def submit(
    session: Session,
    *,
    to: Challenge,
    by: Team,
    key: str,
    content: str = "predictions",
    limits: UploadLimits = LIMITS,
) -> Receipt:
    """Receive a file of the team's captain."""
    return service.receive(
        session,
        challenge=to,
        team_id=by.id,
        person_id=by.captain_id,
        blob=blob(content),
        file_name="p.csv",
        note="",
        idempotency_key=key,
        limits=limits,
    )


def baseline(session: Session, *, to: Challenge, by: Team, label: str) -> Receipt:
    """Receive a line of the host's."""
    return service.receive_baseline(
        session,
        challenge=to,
        blob=blob(label),
        label=label,
        person_id=by.captain_id,
        now=database_now(session),
    )


def score_at(
    session: Session,
    *,
    to: Challenge,
    by: Team,
    at: datetime,
    public: str,
    private: str,
    baseline: str = "",
) -> None:
    """Score a file that came at an instant of history, not now; `baseline` makes it the host's."""
    row = models.Submission(
        challenge_id=to.id,
        phase_id=to.phases[0].id,
        team_id=None if baseline else by.id,
        person_id=by.captain_id,
        kind="baseline" if baseline else "competitor",
        label=baseline or None,
        delivery="predictions",
        file_name="p.txt",
        sha256="0" * 64,
        bytes=1,
        note="",
        idempotency_key=at.isoformat(),
        state="received",
        received_at=at,
    )
    session.add(row)
    session.flush()
    receipt = queries.receipt(row, is_new=True)
    score(session, receipt, public=public, private=private)


def card(public: str, private: str) -> ScoreCard:
    """Scores as the kernel gives them."""
    return ScoreCard(
        public=(Score("rmse", float(public), Decimal(public)),),
        private=(Score("rmse", float(private), Decimal(private)),),
    )


def score(session: Session, receipt: Receipt, *, public: str, private: str) -> None:
    """Run a received submission to its scores."""
    now = database_now(session)
    service.start(session, submission_id=receipt.submission_id, now=now)
    service.record_scores(
        session,
        submission_id=receipt.submission_id,
        card=card(public, private),
        key_version=1,
        metric_version=1,
        now=now,
    )


def close(session: Session, *, what: Challenge) -> Challenge:
    """Let the clock pass the last close."""
    now = what.phases[-1].closes_at
    return challenges.advance(session, challenge_id=what.id, now=now) or what


def at_once(count: int, act: Callable[[int], T]) -> Sequence[T]:
    """Call `act(0) … act(count - 1)` in threads that start together; raise the first error."""
    barrier = Barrier(count)
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(index: int) -> None:
        barrier.wait()
        try:
            results[index] = act(index)
        except BaseException as error:  # noqa: BLE001 (handed to the test below)
            errors.append(error)

    threads = [Thread(target=run, args=(index,)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [results[index] for index in range(count)]


def until_somebody_waits(engine: Engine) -> None:
    """Return once some transaction waits for a lock of PostgreSQL."""
    look = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    for _ in range(100_000):
        with engine.connect() as connection:
            if connection.execute(look).scalar_one():
                return
    pytest.fail("nobody waited for the lock")
