"""What a challenge promises at its launch, in the log before the first download."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from sqlmodel import Session

from palio.challenges.contracts import Challenge
from palio.core import audit
from palio.core.log_entries import canonical
from palio.datasets import challenge_secrets, commitments
from palio.datasets import queries as datasets
from palio.datasets.contracts import AnswerKeyRef, PackageKind
from palio.leaderboard import declared, views
from palio.leaderboard.contracts import Board
from palio.scoring import card
from palio.scoring.key import AnswerKey
from palio.submissions.version_contracts import ScoreVersion

KIND = "challenges.commitment"
KEY_KIND = "rescore.commitment"
_KEY_FIELDS = (
    "key_version",
    "holdout_root",
    "holdout_rows",
    "split_sha256",
    "public_rows",
    "private_rows",
)
Baselines = Sequence[tuple[str, str]]  # label, sha256 of the file


def commit(
    session: Session,
    *,
    challenge: Challenge,
    ref: AnswerKeyRef,
    key: AnswerKey,
    metric_version: int,
    baselines: Baselines,
    now: datetime,
) -> None:
    """Write the promise into the log: answers, split, rules, scorer, data, baselines.

    For a corrected key or another metric see `renew`.
    """
    metric = datasets.package(session, challenge_id=challenge.id, kind=PackageKind.METRIC)
    data = datasets.files(session, challenge_id=challenge.id)
    view = declared.view_of(challenge, board=Board.PRIVATE, now=now)
    audit.append(
        session,
        kind=KIND,
        subject_id=challenge.id,
        challenge_id=challenge.id,
        payload={
            "slug": challenge.slug,
            "rules_sha256": challenge.rules_sha256,
            **_of_key(session, challenge, ref=ref, key=key, now=now),
            "metric_version": metric_version,
            "ranking": views.to_json(replace(view, lines=())),
            "metrics": canonical(_metrics(challenge)),
            "scorer": canonical(_scorer(metric.sha256 if metric else "")),
            "data_sha256": _digest([[file.path, file.sha256] for file in data]),
            "baselines": canonical([list(pair) for pair in baselines]),
        },
        now=now,
    )


def commit_key(
    session: Session, *, challenge: Challenge, ref: AnswerKeyRef, key: AnswerKey, now: datetime
) -> None:
    """Write the promise of a corrected key into the log, before anything is scored by it."""
    audit.append(
        session,
        kind=KEY_KIND,
        subject_id=challenge.id,
        challenge_id=challenge.id,
        payload=_of_key(session, challenge, ref=ref, key=key, now=now),
        now=now,
    )


def renew(session: Session, *, challenge: Challenge, version: ScoreVersion, now: datetime) -> None:
    """Promise anew when another version of key and metric counts; the old promises stay.

    Nothing is written for a challenge that was launched before there were promises.

    Args:
        session: Of the unit of work that makes the version active.
        challenge: With the metrics of that version.
        version: Its key was promised by `commit` or `commit_key`.
        now: The database's time.

    """
    promises = [
        json.loads(event.detail)
        for kind in (KIND, KEY_KIND)
        for event in audit.of_subject(session, subject_id=challenge.id, action=kind)
    ]
    keys = [each for each in promises if each["key_version"] == version.pair.key_version]
    before = [each for each in promises if "slug" in each]
    if not before or not keys:
        return
    metric = datasets.package(
        session,
        challenge_id=challenge.id,
        kind=PackageKind.METRIC,
        version=version.package_version,
    )
    view = declared.view_of(challenge, board=Board.PRIVATE, now=now)
    payload = before[-1] | {name: keys[-1][name] for name in _KEY_FIELDS}
    payload |= {
        "metric_version": version.pair.metric_version,
        "ranking": views.to_json(replace(view, lines=())),
        "metrics": canonical(_metrics(challenge)),
        "scorer": canonical(_scorer(metric.sha256 if metric else "")),
    }
    audit.append(
        session,
        kind=KIND,
        subject_id=challenge.id,
        challenge_id=challenge.id,
        payload=payload,
        now=now,
    )


def _of_key(
    session: Session, challenge: Challenge, *, ref: AnswerKeyRef, key: AnswerKey, now: datetime
) -> dict[str, str | int]:
    secret = challenge_secrets.ensure(session, challenge_id=challenge.id, now=now)
    holdout = commitments.commit(key, secret=secret, key_version=ref.version)
    values = (
        ref.version,
        holdout.root,
        holdout.rows,
        holdout.split,
        ref.public_rows,
        ref.private_rows,
    )
    return dict(zip(_KEY_FIELDS, values, strict=True))


def _metrics(challenge: Challenge) -> list[list[object]]:
    return [
        [choice.name, dict(choice.parameters), choice.digits] for choice in challenge.plan.metrics
    ]


def _scorer(metric_sha256: str) -> dict[str, str]:
    """Say what scores: our version and code, the host's own metric, and the Python it runs in."""
    found = {"palio": version("palio"), "scoring_sha256": _scoring_code()}
    if metric_sha256:
        found |= {"own_metric_sha256": metric_sha256, "runtime_sha256": _runtime()}
    return found


@cache
def _scoring_code() -> str:
    folder = Path(card.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def _runtime() -> str:
    text = (files("palio.sandbox") / "runtime" / "requirements.txt").read_bytes()
    return hashlib.sha256(text).hexdigest()


def _digest(value: object) -> str:
    return hashlib.sha256(canonical(value).encode()).hexdigest()
