"""What keeps the pipeline going whatever is lost: a look at every stage, every few seconds.

Messages are hints, workers die, clocks run on. Each part finds what is stuck by one predicate of
`rules` and does what the lost message would have done. One worker at a time sweeps.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from celery import Celery
from sqlalchemy import func, update
from sqlmodel import Session, col, select

from palio.challenges import queries as challenges
from palio.challenges.contracts import ChallengeState
from palio.core import db, queue
from palio.core.clock import database_now
from palio.pipeline import (
    alarms,
    board_steps,
    draw_asks,
    endings,
    evidence_steps,
    leases,
    number_steps,
    opening_steps,
    prize_steps,
    processes,
    rescore_steps,
    rules,
    turns,
    waiting,
)
from palio.pipeline.app import waiting_messages
from palio.pipeline.bench import Bench
from palio.pipeline.contracts import (
    JOB_QUEUES,
    Abilities,
    AlarmKind,
    Claim,
    JobState,
    Queue,
)
from palio.pipeline.models import BoardWork, Job, WorkerSeen
from palio.pipeline.one_by_one import each

TURN_SECONDS = 60
GRACE_SECONDS = 1.0  # a message may still be on its way
NOTHING = Abilities()

_log = logging.getLogger(__name__)


def sweep(bench: Bench, app: Celery, *, quiet_seconds: int) -> None:
    """Do every part once, unless another worker is at it; a part that fails is logged."""
    if not _take_turn(bench):
        return
    parts: tuple[Callable[[], None], ...] = (
        lambda: free_jobs_of_dead(bench),
        lambda: give_up_hopeless(bench),
        lambda: rescore_steps.top_up(bench),
        lambda: send_missing(bench, app),
        lambda: move_clocks(bench),
        lambda: draw_asks.ask(bench),
        lambda: number_steps.tell_due(bench),
        lambda: publish_stale(bench),
        lambda: prize_steps.look_after(bench),
        lambda: evidence_steps.ask_nightly(bench),
        lambda: evidence_steps.send_waiting(bench),
        lambda: evidence_steps.move_case_clocks(bench),
        lambda: evidence_steps.forget(bench),
        lambda: opening_steps.ask_due(bench),
        lambda: opening_steps.send_waiting(bench),
        lambda: watch_queue(bench, quiet_seconds=quiet_seconds),
    )
    for part in parts:
        _run(part)
    _run(lambda: _end_turn(bench))


def _run(part: Callable[[], object]) -> None:
    try:
        part()
    except Exception:  # noqa: BLE001 (one stage in trouble must not stop the others)
        _log.exception("a part of the sweep failed; the next sweep tries again")


def _take_turn(bench: Bench) -> bool:
    with bench.work() as session:
        now = database_now(session)
        return turns.take(session, "sweep", holder=bench.worker, seconds=TURN_SECONDS, now=now)


def _end_turn(bench: Bench) -> None:
    with bench.work() as session:
        turns.end(session, "sweep", holder=bench.worker, now=database_now(session))


def free_jobs_of_dead(bench: Bench) -> None:
    """End the leases of processes of this machine that are gone, without waiting for their end."""
    with db.reading(bench.engine) as session:
        running = session.execute(
            select(Job.id, Job.fence, Job.worker).where(col(Job.state) == JobState.RUNNING)
        ).all()
    dead = [(job_id, fence) for job_id, fence, worker in running if processes.is_gone(worker)]
    each(dead, lambda job: _end_lease(bench, *job), what="job of a dead worker")


def _end_lease(bench: Bench, job_id: str, fence: int) -> None:
    with bench.work() as session:
        session.execute(
            update(Job)
            .where(col(Job.id) == job_id, col(Job.fence) == fence)
            .where(col(Job.state) == JobState.RUNNING)
            .values(lease_until=database_now(session))
            .execution_options(synchronize_session=False)
        )


def give_up_hopeless(bench: Bench) -> None:
    """End jobs whose every attempt took its worker down."""
    with db.reading(bench.engine) as session:
        now = database_now(session)
        hopeless = session.exec(
            select(Job).where(rules.is_hopeless(Job, attempts=bench.terms.attempts, now=now))
        ).all()
        claims = [leases.claim_of(job) for job in hopeless]
    each(claims, lambda claim: _give_up(bench, claim), what="job without hope")


def _give_up(bench: Bench, claim: Claim) -> None:
    with bench.work() as session:
        endings.give_up(
            session,
            claim,
            error="the worker ended in the middle, each time",
            now=database_now(session),
        )


def send_missing(bench: Bench, app: Celery) -> None:
    """Send as many messages as there are jobs to take and too few messages for them."""
    for name, task in JOB_QUEUES.items():
        jobs = _takable(bench, name)
        if jobs:
            missing = len(jobs) - waiting_messages(app, name)
            for job_id in jobs[: max(0, missing)]:
                bench.send(queue.Message(task=task, id=job_id))


def _takable(bench: Bench, name: Queue) -> Sequence[str]:
    with db.reading(bench.engine) as session:
        now = database_now(session)
        before = now - timedelta(seconds=GRACE_SECONDS)
        return session.exec(
            select(Job.id)
            .where(col(Job.queue) == name, col(Job.created_at) <= before)
            .where(rules.is_claimable(Job, attempts=bench.terms.attempts, now=now))
            .order_by(col(Job.priority), col(Job.id))
        ).all()


def move_clocks(bench: Bench) -> None:
    """Open, close and reveal the challenges whose time has come."""
    with db.reading(bench.engine) as session:
        now = database_now(session)
        due = challenges.due(session, now=now)
        closed = challenges.ids_in_state(session, ChallengeState.CLOSED)
    each(
        dict.fromkeys((*due, *closed)),
        lambda challenge_id: board_steps.settle(bench, challenge_id),
        what="schedule of a challenge",
    )


def publish_stale(bench: Bench) -> None:
    """Make the boards that scores have overtaken."""
    with db.reading(bench.engine) as session:
        stale = session.exec(select(BoardWork.challenge_id).where(rules.is_stale(BoardWork))).all()
    each(
        stale,
        lambda challenge_id: board_steps.publish(bench, challenge_id, at_once=True),
        what="board of a challenge",
    )


def watch_queue(bench: Bench, *, quiet_seconds: int) -> None:
    """Raise the alarm when jobs wait and nobody takes them; end it when somebody does."""
    with bench.work() as session:
        now = database_now(session)
        for name in JOB_QUEUES:
            found = waiting.words(session, queue=name, quiet_seconds=quiet_seconds, now=now)
            for subject, words in found.items():
                _set_alarm(session, subject=subject, words=words, now=now)


def _set_alarm(session: Session, *, subject: str, words: str | None, now: datetime) -> None:
    kind = AlarmKind.QUEUE_QUIET
    if words is None:
        alarms.end(session, kind=kind, subject=subject, now=now)
        return
    alarms.raise_alarm(session, kind=kind, subject=subject, challenge_id=None, words=words, now=now)


def say_alive(
    bench: Bench,
    *,
    processes: int,
    queues: Sequence[Queue] = (Queue.SCORE, Queue.BOARD),
    abilities: Abilities = NOTHING,
) -> None:
    """Note that this worker lives, what it takes and what it can run."""
    with bench.work() as session:
        now = database_now(session)
        before = session.get(WorkerSeen, bench.worker)
        seen = WorkerSeen(
            name=bench.worker,
            processes=processes,
            queues=" ".join(queues),
            code_level=abilities.code,
            image_level=abilities.image,
            metric_level=abilities.metric,
            memory_bytes=abilities.memory_bytes,
            words=abilities.words,
            started_at=before.started_at if before else now,
            seen_at=now,
        )
        session.merge(seen)


def say_gone(bench: Bench) -> None:
    """Note that this worker stopped in good order."""
    with bench.work() as session:
        seen = session.get(WorkerSeen, bench.worker)
        if seen is not None:
            session.delete(seen)


def next_at(session: Session, *, after: datetime) -> datetime | None:
    """Return the first instant later than `after` at which time alone makes work."""
    times = [
        rules.next_instant(challenges.by_id(session, challenge_id))
        for state in (ChallengeState.SCHEDULED, ChallengeState.OPEN, ChallengeState.CLOSED)
        for challenge_id in challenges.ids_in_state(session, state)
    ]
    retry = session.execute(
        select(func.min(Job.not_before)).where(
            col(Job.state) == JobState.QUEUED, col(Job.attempts) > 0
        )
    ).scalar_one()
    told = number_steps.next_told_at(session, after=after)
    return min((time for time in (*times, retry, told) if time and time > after), default=None)


@dataclass(frozen=True, slots=True)
class Duties:
    """What the sweeping thread of one worker does.

    Attributes:
        every_seconds: The longest pause.
        quiet_seconds: After which a queue nobody looks at is an alarm.
        processes: How many jobs this worker does at once.
        queues: What it takes.
        abilities: Tells what its machine can run.
        on_machine: Looks after this machine: what dead workers left, what is no longer used.

    """

    every_seconds: float
    quiet_seconds: int
    processes: int
    queues: tuple[Queue, ...] = (Queue.SCORE, Queue.BOARD)
    abilities: Callable[[], Abilities] = Abilities
    on_machine: tuple[Callable[[], object], ...] = ()


class Sweeper:
    """The thread that sweeps.

    Args:
        bench: The thread's own.
        app: Whose broker is asked and told.
        duties: What it does and how often.

    """

    def __init__(self, bench: Bench, app: Celery, *, duties: Duties) -> None:
        self._bench = bench
        self._app = app
        self._duties = duties
        self._stop = threading.Event()
        # Held while this thread works, so that no process is forked from the middle of it.
        self.at_work = threading.Lock()
        self._thread = threading.Thread(target=self._loop, name="sweep", daemon=True)

    def start(self) -> None:
        """Begin with a first sweep at once."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the sweep under way, sign off and return."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        _run(lambda: say_gone(self._bench))
        self._bench.engine.dispose()

    def _loop(self) -> None:
        nap = 0.0
        while not self._stop.wait(nap):
            with self.at_work:
                nap = self._duties.every_seconds
                _run(self._say_alive)
                for look in self._duties.on_machine:
                    _run(look)
                try:
                    nap = self._sweep()
                except Exception:  # noqa: BLE001 (a database that is away must not end the loop)
                    _log.exception("could not sweep; the next sweep tries again")
                self._bench.engine.dispose()  # no connection is open when a process is forked

    def _say_alive(self) -> None:
        duties = self._duties
        say_alive(
            self._bench,
            processes=duties.processes,
            queues=duties.queues,
            abilities=duties.abilities(),
        )

    def _sweep(self) -> float:
        with db.reading(self._bench.engine) as session:
            began_at = database_now(session)
        sweep(self._bench, self._app, quiet_seconds=self._duties.quiet_seconds)
        with db.reading(self._bench.engine) as session:
            soon = next_at(session, after=began_at)
            now = database_now(session)
            return rules.nap_seconds(now=now, next_at=soon, at_most=self._duties.every_seconds)
