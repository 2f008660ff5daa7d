"""How a job ends other than well, the same for every queue: tried again, given up, host's fault."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from palio.challenges import queries as challenges
from palio.core import queue
from palio.core.errors import Finding
from palio.pipeline import alarms, leases, rules
from palio.pipeline.contracts import AlarmKind, Claim, JobState, Queue, Task
from palio.sandbox.outcome import Box
from palio.submissions import runs
from palio.submissions import service as submissions
from palio.submissions.contracts import QuotaCause, RunRef

COULD_NOT: dict[Queue, str] = {
    Queue.SCORE: "could not score this file",
    Queue.METRIC: "could not score this file",
    Queue.MODEL: "could not run this program",
}


@dataclass(frozen=True, slots=True)
class Refused:
    """What was sent is not sound."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class OurFault:
    """Nothing is known about what was sent; `error` is for the operator."""

    error: str


@dataclass(frozen=True, slots=True)
class HostFault:
    """The host's own metric gave no score; `error` is for the host."""

    error: str


def try_again(
    session: Session, claim: Claim, fault: OurFault, *, terms: leases.Terms, now: datetime
) -> bool:
    """Put a job back after a fault of ours, or give it up after the last attempt."""
    if claim.attempt >= terms.attempts:
        return give_up(session, claim, error=fault.error, now=now)
    not_before = now + rules.back_off(claim.attempt)
    if not leases.give_back(session, claim=claim, not_before=not_before, error=fault.error):
        return False
    if not claim.score_version_id:  # else the submission has ended long since
        submissions.back_to_queue(session, submission_id=claim.submission_id)
    return True


def give_up(session: Session, claim: Claim, *, error: str, now: datetime) -> bool:
    """End a job that failed too often by our fault: words, the try given back, an alarm."""
    if not leases.finish(session, claim=claim, state=JobState.FAILED, now=now, error=error):
        return False
    if not claim.score_version_id:
        _say_ours(session, claim, now=now)
    alarms.raise_alarm(
        session,
        kind=AlarmKind.JOB_GIVEN_UP,
        subject=claim.job_id,
        challenge_id=claim.challenge_id,
        words=f"Submission {claim.submission_id} {_passive(claim.queue)}: {error}",
        now=now,
    )
    settle_soon(session, claim.challenge_id, now=now)
    return True


def _say_ours(session: Session, claim: Claim, *, now: datetime) -> None:
    submissions.error(
        session,
        submission_id=claim.submission_id,
        reason=(
            f"We tried {claim.attempt} times and {COULD_NOT[claim.queue]}. The fault is ours: "
            "it costs you no try, and the organizer has been told."
        ),
        now=now,
    )


def _passive(name: Queue) -> str:
    return "could not be run" if name is Queue.MODEL else "could not be scored"


def blame_host(session: Session, claim: Claim, fault: HostFault, *, now: datetime) -> None:
    """End a submission that the host's metric broke on: the try given back, an alarm.

    Such refunds are counted with the refused files, so that a metric that breaks on purpose is
    no free look at the answers.
    """
    submissions.error(
        session,
        submission_id=claim.submission_id,
        reason=(
            "The organizer's metric failed on these predictions, which passed every check. "
            "The fault is not yours: it costs you no try, and the organizer has been told."
        ),
        now=now,
        cause=QuotaCause.METRIC_FAULT,
    )
    alarm_host(session, claim, box="metric-public", words=fault.error, now=now)


def alarm_host(session: Session, claim: Claim, *, box: str, words: str, now: datetime) -> None:
    """Tell the organizers that their metric failed: an alarm once, everything with the run."""
    alarms.raise_alarm(
        session,
        kind=AlarmKind.METRIC_BROKE,
        subject=claim.challenge_id,
        challenge_id=claim.challenge_id,
        words=(
            f"The metric of this challenge failed on submission {claim.submission_id}. "
            "What it said stands with the submission."
        ),
        now=now,
    )
    tell_host(session, claim, box=box, words=words, now=now)


def tell_host(session: Session, claim: Claim, *, box: str, words: str, now: datetime) -> None:
    """Keep what a metric said, for the organizers alone."""
    run = RunRef(claim.submission_id, stage=Box.METRIC, attempt=claim.fence)
    runs.tell_host(session, run=run, box=box, words=words, now=now)


def settle_soon(session: Session, challenge_id: str, *, now: datetime) -> None:
    """Ask for the reveal when this may have been the last submission it waited for."""
    if challenges.by_id(session, challenge_id).phases[-1].closes_at <= now:
        queue.enqueue(session, task=Task.SETTLE, id=challenge_id)
