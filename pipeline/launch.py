"""How work enters the pipeline: a submission is accepted, a challenge is launched."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from palio.challenges import program_files
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge, ChallengePlan, Delivery
from palio.challenges.packs import Baseline, Pack
from palio.challenges.sample import write_sample
from palio.core.storage import Blob, Storage
from palio.datasets import seal
from palio.datasets import service as datasets
from palio.datasets.contracts import PackageKind
from palio.pipeline import commitments, leases, queries, receipts, rules
from palio.pipeline.contracts import Priority
from palio.pipeline.models import BoardWork
from palio.prizes import reruns
from palio.scoring.key import AnswerKey, KeySummary, compile_key
from palio.scoring.rows import RowIds
from palio.submissions import service as submissions
from palio.submissions.contracts import Receipt, UploadLimits

DATA_BYTES_MAX = 50 * 2**30
SAMPLE_NAME = "sample_submission.csv"
IDS, SEALED = "ids", "sealed"


def accept_submission(  # noqa: PLR0913 (each is one fact about the upload)
    session: Session,
    *,
    challenge: Challenge,
    team_id: str,
    person_id: str,
    blob: Blob,
    file_name: str,
    note: str,
    idempotency_key: str,
    limits: UploadLimits,
    delivery: Delivery = Delivery.PREDICTIONS,
) -> Receipt:
    """Receive a stored file and put it into its queue, in the caller's transaction.

    Raises:
        AppError: Whatever `submissions.service.receive` raises.
        NotOfferedError: No worker can run what was sent.

    """
    receipt = submissions.receive(
        session,
        challenge=challenge,
        team_id=team_id,
        person_id=person_id,
        blob=blob,
        file_name=file_name,
        note=note,
        idempotency_key=idempotency_key,
        limits=limits,
        delivery=delivery,
    )
    if receipt.is_new:
        now = receipt.received_at
        receipts.note_received(session, challenge=challenge, receipt=receipt)
        queries.check_offered(session, plan=challenge.plan, delivery=delivery, now=now)
        _add_job(session, receipt, plan=challenge.plan, priority=Priority.COMPETITOR, now=now)
    return receipt


def accept_winners_code(  # noqa: PLR0913 (each is one fact about the upload)
    session: Session,
    *,
    award_id: str,
    person_id: str,
    blob: Blob,
    file_name: str,
    idempotency_key: str,
    limits: UploadLimits,
    delivery: Delivery,
    now: datetime,
) -> Receipt:
    """Take a winner's stored program and put it into the model queue, in the caller's transaction.

    Raises:
        AppError: Whatever `prizes.reruns.hand_in_code` raises.
        NotOfferedError: No worker can run what was sent.

    """
    receipt = reruns.hand_in_code(
        session,
        award_id=award_id,
        by=person_id,
        blob=blob,
        file_name=file_name,
        delivery=delivery,
        idempotency_key=idempotency_key,
        limits=limits,
        now=now,
    )
    if receipt.is_new:
        plan = challenges.lock_challenge_shared(session, receipt.challenge_id).plan
        queries.check_offered(session, plan=plan, delivery=delivery, now=now)
        _add_job(session, receipt, plan=plan, priority=Priority.COMPETITOR, now=now)
    return receipt


def publish_pack(
    session: Session,
    *,
    pack: Pack,
    blobs: Storage,
    sealed: Storage,
    hidden: Storage,
    organizer_id: str,
    now: datetime,
    limit_bytes: int = DATA_BYTES_MAX,
) -> Challenge:
    """Launch the challenge in a checked folder: files, sealed answers, texts, plan, baselines.

    Files are stored first; without the caller's commit they are blobs that nothing names.

    Args:
        session: The caller's.
        pack: See `challenges.check.require_sound`.
        blobs: Takes what everybody may have, and what workers may.
        sealed: Takes the answers and the host's own metric.
        hidden: Takes the features that only participants' programs may read.
        organizer_id: Who answers for the challenge.
        now: The database's time.
        limit_bytes: Of the data files together.

    Raises:
        SlugTakenError: Another challenge has the slug.
        OverBeforeLaunchError: Its last phase is over.
        FileTooLargeError, StorageFullError: A file does not fit.

    """
    with tempfile.TemporaryDirectory() as folder:  # readable by this user alone
        parts = _Stores(blobs=blobs, sealed=sealed, hidden=hidden, limit_bytes=limit_bytes)
        return _publish(
            session, pack, parts, folder=Path(folder), organizer_id=organizer_id, now=now
        )


@dataclass(frozen=True, slots=True)
class _Stores:
    blobs: Storage
    sealed: Storage
    hidden: Storage
    limit_bytes: int


@dataclass(frozen=True, slots=True)
class _Stored:
    """Everything of a pack that is a file, stored before the database is touched."""

    ids: Blob
    answers: Blob
    summary: KeySummary
    data: tuple[datasets.StoredFile, ...]
    packages: tuple[tuple[PackageKind, Blob], ...]
    baselines: tuple[tuple[Baseline, Blob], ...]


def _publish(
    session: Session,
    pack: Pack,
    stores: _Stores,
    *,
    folder: Path,
    organizer_id: str,
    now: datetime,
) -> Challenge:
    stored = _store(pack, stores, folder=folder)
    challenge = challenges.publish(
        session,
        plan=pack.plan,
        description=pack.description,
        rules=pack.rules,
        organizer_id=organizer_id,
        now=now,
    )
    datasets.add_version(session, challenge_id=challenge.id, files=stored.data, now=now)
    ref = datasets.add_answer_key(
        session,
        challenge_id=challenge.id,
        ids=stored.ids,
        sealed=stored.answers,
        rows=stored.summary.rows,
        public_rows=stored.summary.public_rows,
        private_rows=stored.summary.private_rows,
        now=now,
    )
    for kind, blob in stored.packages:
        datasets.add_package(session, challenge_id=challenge.id, kind=kind, blob=blob, now=now)
    commitments.commit(
        session,
        challenge=challenge,
        ref=ref,
        key=AnswerKey.open(folder / IDS, folder / SEALED),
        metric_version=challenge.metric_version,
        baselines=[(baseline.label, blob.sha256) for baseline, blob in stored.baselines],
        now=now,
    )
    session.add(BoardWork(challenge_id=challenge.id))
    _queue_baselines(session, challenge, stored.baselines, person_id=organizer_id, now=now)
    return challenge


def _store(pack: Pack, stores: _Stores, *, folder: Path) -> _Stored:
    limit_bytes = stores.limit_bytes
    blobs, sealed, hidden = stores.blobs, stores.sealed, stores.hidden
    ids, answers, summary = _seal(pack, folder=folder, blobs=blobs, sealed=sealed)
    data = datasets.store_files(storage=blobs, folder=pack.data_folder, limit_bytes=limit_bytes)
    if SAMPLE_NAME not in {file.path for file in data}:
        data += (_sample(pack, blobs=blobs, ids=ids),)
    packages = _store_packages(
        pack, {PackageKind.METRIC: sealed, PackageKind.FEATURES: hidden, PackageKind.SAMPLE: blobs}
    )
    data += _model_sample(pack, blobs=blobs, limit_bytes=limit_bytes)
    baselines = tuple(
        (baseline, blobs.keep_file(baseline.path, limit_bytes=pack.plan.form.max_bytes))
        for baseline in pack.baselines
    )
    return _Stored(ids, answers, summary, data, packages, baselines)


def _seal(
    pack: Pack, *, folder: Path, blobs: Storage, sealed: Storage
) -> tuple[Blob, Blob, KeySummary]:
    plan = pack.plan
    ids_path, sealed_path = folder / IDS, folder / SEALED
    summary = compile_key(
        solution=pack.solution,
        form=plan.form,
        truth=plan.truth,
        public_share=plan.public_share,
        seed=plan.split_seed,
        ids_path=ids_path,
        sealed_path=sealed_path,
    )
    ids, answers = seal.seal(
        ids_path=ids_path, sealed_path=sealed_path, ids_storage=blobs, sealed_storage=sealed
    )
    return ids, answers, summary


def _sample(pack: Pack, *, blobs: Storage, ids: Blob) -> datasets.StoredFile:
    """Store the pack's sample submission, or one made from the ids, as a data file."""
    limit_bytes = pack.plan.form.max_bytes
    if pack.sample is not None:
        blob = blobs.keep_file(pack.sample, limit_bytes=limit_bytes)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / SAMPLE_NAME
            write_sample(path, form=pack.plan.form, ids=RowIds.open(blobs.path(ids.sha256)))
            blob = blobs.keep_file(path, limit_bytes=limit_bytes)
    return datasets.StoredFile(path=SAMPLE_NAME, blob=blob)


def _store_packages(
    pack: Pack, stores: Mapping[PackageKind, Storage]
) -> tuple[tuple[PackageKind, Blob], ...]:
    """Bundle what boxes will need, each into the store of those who may read it."""
    with tempfile.TemporaryDirectory() as name:  # readable by this user alone
        folder = Path(name)
        if pack.plan.own_metric is not None:
            program_files.pack_metric(pack.folder, folder / PackageKind.METRIC)
        if pack.plan.models is not None:
            program_files.pack_features(pack.folder, folder / PackageKind.FEATURES)
            program_files.pack_sample(pack.folder, folder / PackageKind.SAMPLE, pack.plan.models)
        return tuple(
            (kind, store.keep_file(folder / kind, limit_bytes=DATA_BYTES_MAX))
            for kind, store in stores.items()
            if (folder / kind).exists()
        )


def _model_sample(
    pack: Pack, *, blobs: Storage, limit_bytes: int
) -> tuple[datasets.StoredFile, ...]:
    """Store the files of models/sample/ once more, as data files that people can look at."""
    if pack.plan.models is None:
        return ()
    folder = pack.folder / program_files.MODELS / program_files.SAMPLE
    files = datasets.store_files(storage=blobs, folder=folder, limit_bytes=limit_bytes)
    return tuple(
        replace(file, path=f"{program_files.PUBLISHED_SAMPLE}/{file.path}") for file in files
    )


def _queue_baselines(
    session: Session,
    challenge: Challenge,
    files: Sequence[tuple[Baseline, Blob]],
    *,
    person_id: str,
    now: datetime,
) -> None:
    for baseline, blob in files:
        receipt = submissions.receive_baseline(
            session,
            challenge=challenge,
            blob=blob,
            label=baseline.label,
            person_id=person_id,
            now=now,
        )
        receipts.note_received(session, challenge=challenge, receipt=receipt)
        _add_job(session, receipt, plan=challenge.plan, priority=Priority.BASELINE, now=now)


def _add_job(
    session: Session, receipt: Receipt, *, plan: ChallengePlan, priority: int, now: datetime
) -> None:
    queue_name = rules.first_queue(plan, receipt.delivery)
    leases.add_job(
        session,
        queue=queue_name,
        submission_id=receipt.submission_id,
        challenge_id=receipt.challenge_id,
        priority=priority,
        now=now,
        need=leases.Need(receipt.delivery, rules.memory_needed(plan, queue_name)),
    )
