"""What a worker does for the evidence desk: scans, confirmation on whole files, clocks, forgetting.

A scan is a row that asks; whoever takes it works on it for a while, and after that somebody else
may. All its writes are in the last transaction, so that a worker may die at any point.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sqlmodel import Session

from palio.cases import clocks, desk, scan, sightings
from palio.cases import queries as cases
from palio.cases.contracts import Case, CaseState, FindingKind, NewFinding, Outcome, Scan
from palio.cases.history import SYSTEM
from palio.challenges import queries as challenges
from palio.challenges.contracts import Challenge, ChallengeState
from palio.core import db, queue
from palio.core.clock import database_now
from palio.datasets import challenge_secrets
from palio.datasets import queries as datasets
from palio.pipeline.bench import Bench
from palio.pipeline.contracts import Task
from palio.pipeline.corrections import correct_boards
from palio.pipeline.one_by_one import each
from palio.scoring import duplicates, traces
from palio.scoring.columns import Predictions
from palio.scoring.form import TargetKind
from palio.scoring.read import read_predictions
from palio.scoring.rows import RowIds
from palio.submissions import queries as submissions

CONFIRM_MAX = 50  # findings of one scan read in full, strongest first
OTHERS_MAX = 25  # teams whose mean stands for all in a confirmation
_ALIVE = (ChallengeState.OPEN, ChallengeState.CLOSED, ChallengeState.REVEALED)
_OF_FILES = frozenset(
    {FindingKind.EQUAL_FILES, FindingKind.EQUAL_ROWS, FindingKind.CLOSE_PREDICTIONS}
)
_NUMBERS = frozenset({TargetKind.REAL, TargetKind.INTEGER})
_NO_ROOM = "Only the {0} strongest findings were confirmed on the whole files."

_log = logging.getLogger(__name__)
Vector = NDArray[np.float64]


def ask(session: Session, *, challenge_id: str, by: str) -> Scan:
    """Ask for a scan, and send the hint that there is one; raises `ScanWaitsError`."""
    found = desk.ask_scan(session, challenge_id=challenge_id, by=by, now=database_now(session))
    queue.enqueue(session, task=Task.SCAN, id=challenge_id)
    return found


def scan_next(bench: Bench) -> bool:
    """Do the oldest scan that waits; False when there is none."""
    with bench.work() as session:
        taken = desk.take_scan(session, now=database_now(session))
    if taken is None:
        return False
    try:
        found, notes = _scan(bench, taken)
    except Exception:  # noqa: BLE001 (the desk says so, and the next night tries again)
        _log.exception("the scan %s failed", taken.id)
        notes = ("The scan failed; the operator's log says why.",)
        with bench.work() as session:
            now = database_now(session)
            desk.end_scan(session, scan=taken, found=(), notes=notes, now=now, is_failed=True)
        return True
    with bench.work() as session:
        desk.end_scan(session, scan=taken, found=found, notes=notes, now=database_now(session))
    return True


def ask_nightly(bench: Bench) -> None:
    """Ask for a scan of each challenge that had none for a day."""
    with db.reading(bench.engine) as session:
        now = database_now(session)
        due = [
            challenge_id
            for state in _ALIVE
            for challenge_id in challenges.ids_in_state(session, state)
            if desk.nightly_due(session, challenge_id=challenge_id, now=now)
        ]
    each(due, lambda challenge_id: _ask_if_due(bench, challenge_id), what="nightly scan")


def _ask_if_due(bench: Bench, challenge_id: str) -> None:
    with bench.work() as session:
        if desk.nightly_due(session, challenge_id=challenge_id, now=database_now(session)):
            ask(session, challenge_id=challenge_id, by=SYSTEM)


def send_waiting(bench: Bench) -> None:
    """Send the hint of each scan that still waits once more."""
    with db.reading(bench.engine) as session:
        waiting = desk.waiting(session, now=database_now(session))
    for challenge_id in waiting:
        bench.send(queue.Message(task=Task.SCAN, id=challenge_id))


def move_case_clocks(bench: Bench) -> None:
    """Let clocks of cases run out, and remind those whose turn it is; each in its transaction."""
    with db.reading(bench.engine) as session:
        due = clocks.due_case_ids(session, now=database_now(session))
    each(due, lambda case_id: _move_clock(bench, case_id), what="clock of a case")


def _move_clock(bench: Bench, case_id: str) -> None:
    with bench.work() as session:
        now = database_now(session)
        if clocks.expire(session, case_id=case_id, now=now):
            follow(session, cases.case(session, case_id), by=SYSTEM, now=now)
        else:
            clocks.remind(session, case_id=case_id, now=now)


def follow(session: Session, case: Case, *, by: str, now: datetime) -> None:
    """Bring the boards up to date after a step that may have made or lifted a disqualification."""
    is_made = case.state is CaseState.DECIDED
    is_lifted = case.outcome is Outcome.OVERTURNED
    if case.exclusion_id is not None and (is_made or is_lifted):
        reason = "disqualification" if is_made else "disqualification_lifted"
        correct_boards(session, challenge_id=case.challenge_id, reason=reason, by=by, now=now)


def forget(bench: Bench) -> None:
    """Delete what evidence keeps past its term."""
    with db.reading(bench.engine) as session:
        now = database_now(session)
        if not (sightings.is_past_term(session, now=now) or desk.is_past_term(session, now=now)):
            return
    with bench.work() as session:
        sightings.forget(session, now=now)
        desk.forget(session, now=now)


def _scan(bench: Bench, taken: Scan) -> tuple[Sequence[NewFinding], Sequence[str]]:
    with db.reading(bench.engine) as session:
        challenge = challenges.by_id(session, taken.challenge_id)
        constants = _constants(session, challenge)
        material = scan.material(session, challenge=challenge, constants=constants)
    report = scan.look(material)
    found = sorted(report.found, key=lambda each: (each.kind not in _OF_FILES, -each.value))
    hits = [each for each in found if each.kind in _OF_FILES]
    rest = [each for each in found if each.kind not in _OF_FILES]
    if not hits:
        return found, report.notes
    reader = _Reader(bench, challenge, material)
    confirmed = [reader.confirm(each) for each in hits[:CONFIRM_MAX]]
    notes = list(report.notes)
    if len(hits) > CONFIRM_MAX:
        notes.append(_NO_ROOM.format(CONFIRM_MAX))
    return (*confirmed, *hits[CONFIRM_MAX:], *rest), notes


def _constants(session: Session, challenge: Challenge) -> NDArray[np.float32]:
    """Sketch constant predictions, which honest and copied ones have in common."""
    secret = challenge_secrets.find(session, challenge_id=challenge.id)
    key = datasets.answer_key(session, challenge_id=challenge.id)
    if secret is None or key is None:
        return np.empty((0, traces.SKETCH), dtype=np.float32)
    return traces.constant_sketches(
        rows=key.rows,
        is_number=[target.kind in _NUMBERS for target in challenge.plan.form.targets],
        secret=secret,
    )


class _Reader:
    """Reads whole prediction files of one challenge; it knows the ids of the rows, no answers."""

    def __init__(self, bench: Bench, challenge: Challenge, material: scan.Material) -> None:
        self._bench = bench
        self._form = challenge.plan.form
        with db.reading(bench.engine) as session:
            key = datasets.answer_key(session, challenge_id=challenge.id)
        if key is None:
            raise LookupError(f"challenge {challenge.id} has no answer key")
        self._ids = RowIds.open(bench.blobs.path(key.ids_sha256))
        self._newest = {each.team_id: each.submission_id for each in material.entries}
        self._public = [each.submission_id for each in material.public]
        self._vectors: dict[str, Vector] = {}

    def confirm(self, found: NewFinding) -> NewFinding:
        """Add to a finding what its whole files say."""
        first, second = (self._read(each) for each in found.submission_ids)
        columns = list(zip(first.columns, second.columns, strict=True))
        equal = [
            duplicates.share_of_equal(np.asarray(a, float), np.asarray(b, float))
            if isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
            else float(np.mean([x == y for x, y in zip(a, b, strict=True)]))
            for a, b in columns
        ]
        numbers = {"rows": float(first.rows), "exact_equal": float(np.mean(equal))}
        return replace(found, numbers={**found.numbers, **numbers, **self._correlations(found)})

    def _correlations(self, found: NewFinding) -> Mapping[str, float]:
        vectors = [self._vector(each) for each in found.submission_ids]
        if any(vector.size == 0 or np.ptp(vector) == 0 for vector in vectors):
            return {}
        numbers = {"exact_raw": float(np.corrcoef(vectors[0], vectors[1])[0, 1])}
        others = [entry for team, entry in self._newest.items() if team not in found.team_ids][
            :OTHERS_MAX
        ]
        if len(others) + len(found.team_ids) < duplicates.TEAMS_MIN:
            return numbers
        consensus = np.mean([self._kept(entry) for entry in others], axis=0)
        known = [np.ones_like(consensus), consensus, *map(self._kept, self._public)]
        numbers["exact_partial"] = duplicates.partial_correlation(
            vectors[0], vectors[1], nuisances=np.stack(known)
        )
        return {**numbers, "others": float(len(others))}

    def _kept(self, submission_id: str) -> Vector:
        """Read what several confirmations need; at most OTHERS_MAX and the baselines."""
        if submission_id not in self._vectors:
            if len(self._vectors) > OTHERS_MAX + len(self._public):
                self._vectors.clear()
            self._vectors[submission_id] = self._vector(submission_id)
        return self._vectors[submission_id]

    def _vector(self, submission_id: str) -> Vector:
        """Return the numeric columns one after the other."""
        numeric = [
            column
            for column in self._read(submission_id).columns
            if isinstance(column, np.ndarray) and column.dtype.kind == "f"
        ]
        return np.concatenate(numeric) if numeric else np.empty(0)

    def _read(self, submission_id: str) -> Predictions:
        return read_predictions(self._path(submission_id), form=self._form, ids=self._ids)

    def _path(self, submission_id: str) -> Path:
        with db.reading(self._bench.engine) as session:
            sha256 = submissions.file_to_score(session, submission_id)
        if sha256 is None:
            raise LookupError(f"submission {submission_id} has no predictions")
        return self._bench.blobs.path(sha256)
