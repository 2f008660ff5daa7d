"""What a host does with rescore sets: start one, look at it, let it count, take it back.

Each verb is one transaction, under the challenge's lock: whoever looks sees the old boards or the
new ones, with their prizes and messages, and never some of each.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from palio.challenges import corrections, program_files
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, ChallengePlan
from palio.challenges.corrections import CorrectionRefusedError
from palio.challenges.prize_contracts import PrizeKind
from palio.core import audit
from palio.core.errors import ConflictError
from palio.core.storage import Blob, Storage
from palio.datasets import queries as dataset_queries
from palio.datasets import seal
from palio.datasets import service as datasets
from palio.datasets.contracts import PackageKind
from palio.leaderboard import queries as boards
from palio.leaderboard import rescore
from palio.leaderboard import service as leaderboard
from palio.leaderboard.contracts import Board
from palio.leaderboard.rescore_contracts import Preview
from palio.pipeline import commitments, draw_asks, rescore_news, rescore_steps
from palio.prizes import queries as prize_queries
from palio.prizes import service as prizes
from palio.prizes.states import GIVEN
from palio.scoring.card import MetricChoice
from palio.scoring.key import AnswerKey, KeySummary
from palio.submissions import release_book, rescoring, versions
from palio.submissions.rescore_rules import NoRescoreError, check_seen, what_is_seen
from palio.submissions.version_contracts import (
    Activation,
    Correction,
    Progress,
    ScoreVersion,
    Switch,
)

REASON_CODE = "rescore"
_KEY, _METRICS, _PACKAGE = (
    "corrected answer key",
    "corrected metric parameters",
    "corrected metric",
)


class PrizesGivenError(ConflictError):
    """A prize of the final board is payable or paid by the scores that count now."""

    code = "prizes_given"


@dataclass(frozen=True, eq=False, slots=True)
class StoredAnswers:
    """A corrected answer key that lies in its stores and is in no version yet.

    Attributes:
        key: Still open, to be promised row by row.

    """

    ids: Blob
    sealed: Blob
    summary: KeySummary
    key: AnswerKey


@dataclass(frozen=True, slots=True)
class RescoreView:
    """Where the rescoring of a challenge stands, for its hosts.

    Attributes:
        open_set: None where none is open; then so are the next two.
        preview: Once everything is scored, and the sweep has looked.
        given_up: Jobs of the open set that failed too often by our fault.
        switches: Every time another version became active.

    """

    active: ScoreVersion
    open_set: ScoreVersion | None
    progress: Progress | None
    preview: Preview | None
    given_up: int
    switches: tuple[Switch, ...]

    @property
    def seen(self) -> str:
        """What a deed is about, for `apply`, `undo` and `abandon`: they refuse when it changed."""
        return what_is_seen(self.active, self.open_set)


def store_answers(
    folder: Path, plan: ChallengePlan, *, blobs: Storage, sealed: Storage
) -> StoredAnswers:
    """Check solution.csv of a folder like the first one, compile it and put it away.

    Raises:
        CorrectionRefusedError: With every fault found.
        StorageFullError: No room.

    """
    with tempfile.TemporaryDirectory() as name:  # readable by this user alone
        workdir = Path(name)
        summary = corrections.compile_answers(folder, plan, workdir=workdir)
        ids, answers = seal.seal(
            ids_path=workdir / "ids",
            sealed_path=workdir / "sealed",
            ids_storage=blobs,
            sealed_storage=sealed,
        )
        key = AnswerKey.open(workdir / "ids", workdir / "sealed")  # mapped, so it outlives its name
    return StoredAnswers(ids, answers, summary, key)


def start_with_answers(
    session: Session,
    *,
    challenge: Challenge,
    answers: StoredAnswers,
    reason: str,
    by: str,
    now: datetime,
) -> ScoreVersion:
    """Open a set that scores everything by a corrected answer key.

    Raises:
        CorrectionRefusedError: Other rows, or the answers in force again.
        AppError: See `rescoring.start`.

    """
    challenge = _lock(session, challenge.id)
    now_active = versions.active_pair(session, challenge_id=challenge.id)
    before = dataset_queries.answer_key(
        session, challenge_id=challenge.id, version=now_active.key_version
    )
    if before is not None and before.ids_sha256 != answers.ids.sha256:
        raise CorrectionRefusedError(
            "Keep the row ids of the first solution.csv, all of them in the same order: they are "
            "in every prediction file. Mark rows without a right answer as Ignored."
        )
    if before is not None and before.sealed_sha256 == answers.sealed.sha256:
        raise CorrectionRefusedError("These answers are those in force already.")
    key = datasets.add_answer_key(
        session,
        challenge_id=challenge.id,
        ids=answers.ids,
        sealed=answers.sealed,
        rows=answers.summary.rows,
        public_rows=answers.summary.public_rows,
        private_rows=answers.summary.private_rows,
        now=now,
    )
    commitments.commit_key(session, challenge=challenge, ref=key, key=answers.key, now=now)
    correction = Correction(what=_KEY, key_version=key.version)
    return _start(session, challenge, correction, reason=reason, by=by, now=now)


def start_with_metrics(
    session: Session,
    *,
    challenge: Challenge,
    metrics: tuple[MetricChoice, ...],
    reason: str,
    by: str,
    now: datetime,
) -> ScoreVersion:
    """Open a set that scores everything by other parameters or digits of the same metrics.

    Raises:
        CorrectionRefusedError: In words.
        AppError: See `rescoring.start`.

    """
    challenge = _lock(session, challenge.id)
    corrections.check_metrics(challenge.plan, metrics)
    correction = Correction(what=_METRICS, metrics=metrics)
    return _start(session, challenge, correction, reason=reason, by=by, now=now)


def store_metric(folder: Path, plan: ChallengePlan, *, sealed: Storage) -> Blob:
    """Check metric.py or metric/ of a folder and put it away.

    Raises:
        CorrectionRefusedError: With every fault found.
        StorageFullError: No room.

    """
    corrections.check_metric_files(folder, plan)
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / PackageKind.METRIC
        program_files.pack_metric(folder, path)
        return sealed.keep_file(path, limit_bytes=path.stat().st_size)


def start_with_metric(
    session: Session, *, challenge: Challenge, metric: Blob, reason: str, by: str, now: datetime
) -> ScoreVersion:
    """Open a set that scores everything by a corrected metric of the host's own.

    Raises:
        CorrectionRefusedError: It is the metric in force.
        AppError: See `rescoring.start`.

    """
    challenge = _lock(session, challenge.id)
    active = versions.active(session, challenge=challenge)
    kind = PackageKind.METRIC
    before = dataset_queries.package(
        session, challenge_id=challenge.id, kind=kind, version=active.package_version
    )
    if before is not None and before.sha256 == metric.sha256:
        raise CorrectionRefusedError("This metric is the one in force already.")
    package = datasets.add_package(
        session, challenge_id=challenge.id, kind=kind, blob=metric, now=now
    )
    correction = Correction(what=_PACKAGE, package_version=package.version)
    return _start(session, challenge, correction, reason=reason, by=by, now=now)


def view(session: Session, *, challenge: Challenge, now: datetime) -> RescoreView:
    """Say where the rescoring of a challenge stands; for its hosts alone."""
    version = versions.open_set(session, challenge_id=challenge.id)
    progress = None if version is None else versions.progress(session, version)
    return RescoreView(
        active=versions.active(session, challenge=challenge),
        open_set=version,
        progress=progress,
        preview=(
            rescore.preview(session, challenge=challenge, version=version, now=now)
            if version is not None
            and progress is not None
            and versions.is_prepared(session, version, progress)
            else None
        ),
        given_up=0 if version is None else rescore_steps.given_up(session, version),
        switches=rescoring.switches(session, challenge_id=challenge.id),
    )


def apply(
    session: Session, *, challenge_id: str, by: str, now: datetime, seen: str = ""
) -> Activation:
    """Let the open set count: scores, boards, prizes, one message to each person it touches.

    Args:
        session: The unit of work.
        challenge_id: Whose set.
        by: Person id.
        now: The database's time.
        seen: `RescoreView.seen` of when the host looked; empty = whatever is there.

    Raises:
        NoRescoreError, RescoreNotReadyError, RescoreMovedError: In words.
        PrizesGivenError: A prize of the final board is payable or paid already. Progress prizes
            that were given stay with who has them, as decided by the scores of then.

    """
    challenge = _lock(session, challenge_id)
    _check_seen(session, challenge, seen)
    _check_prizes(session, challenge)
    version = versions.open_set(session, challenge_id=challenge.id)
    if version is None:
        raise NoRescoreError("No rescore set is open.")
    public = leaderboard.publish(session, challenge=challenge, now=now)
    release_book.replay(session, challenge=challenge, version=version.pair, now=now)
    activation = rescoring.activate(session, challenge=challenge, by=by, now=now)
    challenge = challenges.lock_challenge(session, challenge_id)  # its metrics may be others now
    commitments.renew(session, challenge=challenge, version=activation.after, now=now)
    pairs = [(public, leaderboard.publish(session, challenge=challenge, now=now))]
    if challenge.revealed_at is not None:
        private = boards.latest(session, challenge_id=challenge_id, board=Board.PRIVATE)
        newer = leaderboard.rereveal(
            session, challenge=challenge, reason=REASON_CODE, by=by, now=now
        )
        draw_asks.ask_anew(session, challenge, now=now)
        pairs.insert(0, (private or newer, newer))
    prizes.follow_board(session, challenge, now=now, by=by)
    rescore_news.tell(session, challenge, activation, pairs, now=now)
    return activation


def undo(
    session: Session, *, challenge_id: str, reason: str, by: str, now: datetime, seen: str = ""
) -> Activation | None:
    """Go back to the version that was active before; None while something is to be scored first.

    What came in since was scored by the newer version alone. It is scored by the older one in a
    set like any other, which is then applied. `seen` is as in `apply`: an undo that is sent twice
    would undo itself.

    Raises:
        NothingToUndoError, RescoreOpenError, RescoreMovedError, PrizesGivenError: In words.

    """
    challenge = _lock(session, challenge_id)
    _check_seen(session, challenge, seen)
    _check_prizes(session, challenge)
    version = rescoring.reopen_previous(session, challenge=challenge, reason=reason, by=by, now=now)
    if versions.missing_ids(session, version):
        rescore_steps.add_jobs(session, version, now=now)
        return None
    return apply(session, challenge_id=challenge_id, by=by, now=now)


def abandon(
    session: Session, *, challenge_id: str, by: str, now: datetime, seen: str = ""
) -> ScoreVersion:
    """Give the open set up; raises `NoRescoreError`, and `RescoreMovedError` as `apply`."""
    challenge = _lock(session, challenge_id)
    _check_seen(session, challenge, seen)
    version = rescoring.abandon(session, challenge=challenge, by=by, now=now)
    rescore_steps.drop_jobs(session, version)
    return version


def retry(session: Session, *, challenge_id: str, by: str, now: datetime) -> int:
    """Try what was given up by our fault again, audited, and return how much.

    Raises:
        NoRescoreError: None is open.

    """
    challenge = _lock(session, challenge_id)
    version = versions.open_set(session, challenge_id=challenge.id)
    if version is None:
        raise NoRescoreError("No rescore set is open.")
    count = rescore_steps.retry(session, version, now=now)
    audit.record(
        session,
        actor_id=by,
        action="rescore.retry",
        subject_id=version.id,
        challenge_id=challenge.id,
        detail={"version": version.ordinal, "jobs": count},
        now=now,
    )
    return count


def _lock(session: Session, challenge_id: str) -> Challenge:
    return challenges.lock_challenge(session, challenge_id)


def _start(
    session: Session,
    challenge: Challenge,
    correction: Correction,
    *,
    reason: str,
    by: str,
    now: datetime,
) -> ScoreVersion:
    version = rescoring.start(
        session, challenge=challenge, correction=correction, reason=reason, by=by, now=now
    )
    rescore_steps.add_jobs(session, version, now=now)
    return version


def _check_seen(session: Session, challenge: Challenge, seen: str) -> None:
    active = versions.active(session, challenge=challenge)
    check_seen(seen, active, versions.open_set(session, challenge_id=challenge.id))


def _check_prizes(session: Session, challenge: Challenge) -> None:
    awards = prize_queries.awards(session, challenge_id=challenge.id)
    given = [
        award for award in awards if award.state in GIVEN and award.kind is not PrizeKind.PROGRESS
    ]
    if given:
        raise PrizesGivenError(
            f"{given[0].title} is {given[0].state} to {given[0].team_name}: the scores that "
            "decided it stay. Correct them before prizes become payable, or by a new challenge."
        )
