"""Scores the first lines of a private board on resampled rows, with the answers, before the reveal.

One submission at a time, each kept as it is done: a worker may die at any point, and the next one
goes on where it was. All of them are scored on the same rows, whoever scores them.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from palio.challenges import queries as challenges
from palio.challenges import service as challenge_service
from palio.challenges.contracts import Challenge
from palio.core import db
from palio.core.clock import database_now
from palio.datasets import challenge_secrets
from palio.datasets import queries as datasets
from palio.datasets.contracts import AnswerKeyRef
from palio.leaderboard import chances
from palio.leaderboard import service as leaderboard
from palio.pipeline import board_steps, draw_asks, turns
from palio.pipeline.steps import ScoringBench
from palio.prizes import service as prizes
from palio.scoring.read import read_predictions
from palio.scoring.resampling import Resampled, resampled
from palio.submissions import draws, versions
from palio.submissions import queries as submissions
from palio.submissions.version_contracts import ScoreVersion

REASON_CODE = "rank_intervals"
TURN_SECONDS = 60  # for one submission; a second worker at it costs time, and changes nothing

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Order:
    """What one worker has taken on."""

    challenge: Challenge
    version: ScoreVersion
    key: AnswerKeyRef
    secret: bytes
    submission_ids: tuple[str, ...]
    until: datetime


def work_out(bench: ScoringBench, challenge_id: str) -> int:
    """Work out what the reveal waits for, and return for how many submissions.

    Where one cannot be worked out, the reveal comes without what is missing. After the reveal,
    where a correction changed what is compared, the board gets its next version.
    """
    order = _take(bench, challenge_id)
    if order is None:
        return 0
    count = _work_out(bench, order)
    if order.challenge.revealed_at is not None:
        _correct(bench, challenge_id)
    return count


def _work_out(bench: ScoringBench, order: _Order) -> int:
    for count, submission_id in enumerate(order.submission_ids, start=1):
        try:
            found = _resampled(bench, order, submission_id)
        except Exception:  # noqa: BLE001 (whatever it is, the reveal must not hang on it)
            _log.exception("rank intervals of %s cannot be worked out", order.challenge.slug)
            with bench.work() as session:
                draw_asks.stop_waiting(session, order.challenge.id, now=database_now(session))
            return count - 1
        if not _keep(bench, order, submission_id, found):
            return count
    return len(order.submission_ids)


def _take(bench: ScoringBench, challenge_id: str) -> _Order | None:
    with bench.work() as session:
        now = database_now(session)
        challenge = board_steps.due_for_reveal(session, challenge_id, now=now)
        if challenge is None:
            challenge = challenges.by_id(session, challenge_id)
            if not draw_asks.is_asked(session, challenge, now=now):
                return None
        missing = chances.undrawn(session, challenge=challenge, now=now)
        version = versions.active(session, challenge=challenge)
        key = datasets.answer_key(
            session, challenge_id=challenge_id, version=version.pair.key_version
        )
        secret = challenge_secrets.find(session, challenge_id=challenge_id)
        is_wanted = bool(missing) or challenge.revealed_at is not None
        if not is_wanted or key is None or secret is None:
            return None
        until = draw_asks.waits_until(session, challenge, now=now)
        name = f"draws:{challenge_id}"
        is_ours = turns.take(session, name, holder=bench.worker, seconds=TURN_SECONDS, now=now)
        if now >= until or not is_ours:
            return None
        return _Order(challenge, version, key, secret, missing, until)


def _correct(bench: ScoringBench, challenge_id: str) -> None:
    """Make the revealed board anew with what is known by now; prizes may go by ties."""
    with bench.work() as session:
        now = database_now(session)
        challenge = challenge_service.lock_challenge(session, challenge_id)
        leaderboard.rereveal(
            session, challenge=challenge, reason=REASON_CODE, by=leaderboard.SYSTEM, now=now
        )
        prizes.follow_board(session, challenge, now=now, by=leaderboard.SYSTEM)
        draw_asks.stop_waiting(session, challenge_id, now=now)


def _resampled(bench: ScoringBench, order: _Order, submission_id: str) -> Resampled:
    with db.reading(bench.engine) as session:
        sha256 = submissions.file_to_score(session, submission_id)
    if sha256 is None:
        raise LookupError(f"submission {submission_id} has no predictions")
    key = bench.open_key(order.key)
    predictions = read_predictions(
        bench.blobs.path(sha256),
        form=order.challenge.plan.form,
        ids=key.ids,
        placement=key.placement,
    )
    return resampled(
        key=key, predictions=predictions, choice=order.version.metrics[0], secret=order.secret
    )


def _keep(bench: ScoringBench, order: _Order, submission_id: str, found: Resampled) -> bool:
    """Keep a result; False when it is time to stop."""
    with bench.work() as session:
        now = database_now(session)
        draws.keep(session, submission_id=submission_id, version=order.version.pair, found=found)
        name = f"draws:{order.challenge.id}"
        is_ours = turns.take(session, name, holder=bench.worker, seconds=TURN_SECONDS, now=now)
    return is_ours and now < order.until
