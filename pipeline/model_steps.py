"""What a worker without answers does: it runs a team's program, and keeps what it predicts.

In this order: what was sent is checked, then it runs on the public sample, then on the hidden
features. Each may be done any number of times, on any worker; only the first predictions count.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from palio.challenges import program_files
from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, Delivery, ModelRules
from palio.core import db
from palio.core.clock import database_now
from palio.core.errors import Finding
from palio.core.storage import Storage
from palio.datasets import queries as datasets
from palio.datasets.contracts import PackageKind
from palio.pipeline import endings, leases, packages, programs, rules
from palio.pipeline.bench import Bench, Boxes, attempt_folder
from palio.pipeline.contracts import Claim, JobState, Queue
from palio.pipeline.endings import OurFault, Refused
from palio.sandbox import log
from palio.sandbox.outcome import Box, Outcome, consequence
from palio.sandbox.spec import (
    ImageRefusedError,
    RunName,
    RunReport,
    SandboxError,
)
from palio.scoring.refusal import PredictionsRefusedError
from palio.submissions import queries as submissions
from palio.submissions import run_words, runs
from palio.submissions import service as submission_service
from palio.submissions.contracts import RunRef, Submission

_log = logging.getLogger(__name__)


class JobLostError(Exception):
    """Somebody else has the job by now: nothing more may be written for it."""


@dataclass(frozen=True)
class ModelBench(Bench):
    """A bench with the hidden features and without answers."""

    hidden: Storage


@dataclass(frozen=True, slots=True)
class Ran:
    """The program ran on the hidden features.

    Attributes:
        report: How it ended.
        sha256: Digest of its predictions, kept among the blobs; None when it ended badly.
        is_again: It ended so before, and is not given another attempt.

    """

    report: RunReport
    rules: ModelRules
    sha256: str | None
    is_again: bool


Verdict = Ran | Refused | OurFault


@dataclass(frozen=True, slots=True)
class _Case:
    """Everything about one job that does not change while it runs."""

    claim: Claim
    submission: Submission
    challenge: Challenge
    rules: ModelRules
    boxes: Boxes
    folder: Path  # of this attempt alone


def run_next(bench: ModelBench, *, on_lost: Callable[[], None]) -> bool:
    """Take the next program from the queue and run it; False when there is none for this machine.

    Args:
        bench: What to work with.
        on_lost: Called from another thread when the job was given to somebody else meanwhile;
            it has to end this process, and with it the box.

    """
    boxes = bench.boxes()
    claim = None if boxes is None else _take(bench, boxes)
    if boxes is None or claim is None:
        return False
    with leases.kept_alive(
        bench.work, claim=claim, lease_seconds=bench.terms.lease_seconds, on_lost=on_lost
    ):
        verdict = judge(bench, boxes, claim)
        if verdict is not None:
            with bench.work() as session:
                hand_in(session, claim, verdict, terms=bench.terms)
    return True


def _take(bench: ModelBench, boxes: Boxes) -> Claim | None:
    can_run = {Delivery.CODE: boxes.code, Delivery.IMAGE: boxes.image}
    able = leases.Able(
        deliveries=tuple(each for each, box in can_run.items() if box is not None),
        memory_bytes=boxes.abilities.memory_bytes,
    )
    with bench.work() as session:
        now = database_now(session)
        claim = leases.claim(
            session, queue=Queue.MODEL, worker=bench.worker, terms=bench.terms, now=now, able=able
        )
        if claim is not None:
            submission_service.start(session, submission_id=claim.submission_id, now=now)
    return claim


def judge(bench: ModelBench, boxes: Boxes, claim: Claim) -> Verdict | None:
    """Run the claimed submission's program; never raises. None = the job is somebody else's."""
    try:
        with attempt_folder(boxes, claim) as folder:
            return _run(bench, _case(bench, boxes, claim, folder))
    except JobLostError:
        return None
    except ImageRefusedError as error:
        return Refused((Finding(code=error.code, text=error.text, hint=error.hint),))
    except Exception as error:  # noqa: BLE001 (whatever it is, it is not the participant's fault)
        _log.exception("attempt %d at job %s failed", claim.attempt, claim.job_id)
        return OurFault(f"{type(error).__name__}: {error}")


def _case(bench: ModelBench, boxes: Boxes, claim: Claim, folder: Path) -> _Case:
    with db.reading(bench.engine) as session:
        submission = submissions.submission(session, claim.submission_id)
        challenge = challenges.by_id(session, claim.challenge_id)
    if challenge.plan.models is None:
        raise LookupError(f"challenge {challenge.id} declares no limits for programs")
    return _Case(claim, submission, challenge, challenge.plan.models, boxes, folder)


def _run(bench: ModelBench, case: _Case) -> Verdict:
    program = programs.prepare(
        bench.blobs.path(case.submission.sha256),
        delivery=case.submission.delivery,
        rules=case.rules,
        boxes=case.boxes,
        folder=case.folder,
    )
    with db.reading(bench.engine) as session:
        has_passed = runs.has_passed_smoke(session, submission_id=case.submission.id)
    failed = None if has_passed else _smoke_run(bench, case, program)
    return failed or _hidden_run(bench, case, program)


def _smoke_run(bench: ModelBench, case: _Case, program: programs.Program) -> Verdict | None:
    """Run on the public sample and write down how it went; None when it passed."""
    sample = _package(bench, case, PackageKind.SAMPLE)
    run = RunRef(case.submission.id, Box.SMOKE, case.claim.fence)
    report = _in_box(bench, case, program, run=run, data=sample / program_files.SAMPLE)
    findings = _unsound(case, report, sample)
    outcome = Outcome.INVALID_PREDICTIONS if findings else report.outcome
    with bench.work() as session:
        now = _hold(session, bench, case.claim)
        is_again = _was_so(session, run, outcome)
        shown = log.printable(report.log)
        runs.end(session, run=run, report=report, log=shown, now=now, outcome=outcome)
    if outcome is Outcome.FINISHED:
        return None
    if consequence(Box.SMOKE, outcome).is_retried and not is_again:
        return OurFault(f"the smoke run ended with {outcome}")
    return Refused(findings or (run_words.smoke_finding(report, rules=case.rules),))


def _unsound(case: _Case, report: RunReport, sample: Path) -> tuple[Finding, ...]:
    if report.outcome is not Outcome.FINISHED or not case.rules.has_sample_answers:
        return ()
    try:
        programs.check_predictions(
            report.collected[0].path,
            like=sample / program_files.SAMPLE_ANSWERS,
            form=case.challenge.plan.form,
        )
    except PredictionsRefusedError as error:
        return error.findings
    return ()


def _hidden_run(bench: ModelBench, case: _Case, program: programs.Program) -> Ran:
    features = _package(bench, case, PackageKind.FEATURES)
    run = RunRef(case.submission.id, Box.MODEL, case.claim.fence)
    report = _in_box(bench, case, program, run=run, data=features)
    sha256 = None
    if report.outcome is Outcome.FINISHED:
        path, most = report.collected[0].path, case.rules.output_bytes
        sha256 = bench.blobs.keep_file(path, limit_bytes=most).sha256
    with db.reading(bench.engine) as session:
        is_again = _was_so(session, run, report.outcome)
    return Ran(report, case.rules, sha256, is_again)


def _in_box(
    bench: ModelBench, case: _Case, program: programs.Program, *, run: RunRef, data: Path
) -> RunReport:
    """Run once; the note that it began is written before there is anything to clear away."""
    name = RunName(case.boxes.site, case.claim.job_id, case.claim.fence, run.stage.value)
    collected = case.folder / run.stage.value
    collected.mkdir()
    with bench.work() as session:
        now = _hold(session, bench, case.claim)
        runs.begin(session, run=run, image_id=program.image_id, now=now)
    try:
        program.make_ready()
        return program.sandbox.run(program.make_spec(name, data), collect_into=collected)
    except SandboxError as error:
        with bench.work() as session:
            now = _hold(session, bench, case.claim)
            runs.end(session, run=run, report=None, log="", now=now, words=str(error))
        raise


def _hold(session: Session, bench: ModelBench, claim: Claim) -> datetime:
    """Renew the lease and return the time; raises `JobLostError` when it is somebody else's."""
    now = database_now(session)
    if not leases.renew(session, claim=claim, lease_seconds=bench.terms.lease_seconds, now=now):
        raise JobLostError
    return now


def _was_so(session: Session, run: RunRef, outcome: Outcome) -> bool:
    return runs.has_ended(
        session, submission_id=run.submission_id, stage=run.stage, outcome=outcome
    )


def _package(bench: ModelBench, case: _Case, kind: PackageKind) -> Path:
    with db.reading(bench.engine) as session:
        found = datasets.package(session, challenge_id=case.challenge.id, kind=kind)
    if found is None:
        raise LookupError(f"challenge {case.challenge.id} has no package of kind {kind}")
    store = bench.hidden if kind is PackageKind.FEATURES else bench.blobs
    path = store.path(found.sha256)
    return packages.unpacked(path, sha256=found.sha256, into=case.boxes.folder)


def hand_in(session: Session, claim: Claim, verdict: Verdict, *, terms: leases.Terms) -> bool:
    """Write what came out, with the end of the job and the next one, in one transaction.

    Returns:
        False when the job was no longer ours; then nothing is written.

    """
    now = database_now(session)
    if isinstance(verdict, OurFault):
        return endings.try_again(session, claim, verdict, terms=terms, now=now)
    if isinstance(verdict, Ran) and _is_worth_another(verdict, claim, terms=terms):
        fault = OurFault(f"the hidden run ended with {verdict.report.outcome}")
        if not endings.try_again(session, claim, fault, terms=terms, now=now):
            return False
        _note_end(session, claim, verdict, now=now)
        return True
    if not leases.finish(session, claim=claim, state=JobState.DONE, now=now):
        return False
    if isinstance(verdict, Ran):
        _note_end(session, claim, verdict, now=now)
        _end_hidden(session, claim, verdict, now=now)
    else:
        submission_service.refuse(
            session, submission_id=claim.submission_id, findings=verdict.findings, now=now
        )
    endings.settle_soon(session, claim.challenge_id, now=now)
    return True


def _is_worth_another(verdict: Ran, claim: Claim, *, terms: leases.Terms) -> bool:
    follows = consequence(Box.MODEL, verdict.report.outcome)
    return follows.is_retried and not verdict.is_again and claim.attempt < terms.attempts


def _note_end(session: Session, claim: Claim, verdict: Ran, *, now: datetime) -> None:
    run = RunRef(claim.submission_id, Box.MODEL, claim.fence)
    shown = log.printable(verdict.report.log)
    runs.end(session, run=run, report=verdict.report, log=shown, now=now)


def _end_hidden(session: Session, claim: Claim, verdict: Ran, *, now: datetime) -> None:
    """Hand the predictions on to scoring, or end the submission."""
    outcome = verdict.report.outcome
    if verdict.sha256 is None:
        reason = run_words.hidden_reason(outcome, rules=verdict.rules)
        submission_service.fail(session, submission_id=claim.submission_id, reason=reason, now=now)
        return
    if not runs.record_predictions(
        session, submission_id=claim.submission_id, sha256=verdict.sha256
    ):
        return
    plan = challenges.by_id(session, claim.challenge_id).plan
    queue_name = rules.scoring_queue(plan)
    leases.add_job(
        session,
        queue=queue_name,
        submission_id=claim.submission_id,
        challenge_id=claim.challenge_id,
        priority=claim.priority,
        now=now,
        need=leases.Need(Delivery.PREDICTIONS, rules.memory_needed(plan, queue_name)),
    )
