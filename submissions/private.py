"""The one reader of private scores and sums; for the reveal and after it."""

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal

import sqlalchemy
from sqlmodel import Session, col

from palio.submissions import counting, models, queries, scores, traces, versions
from palio.submissions.contracts import OpenedScore, ScoredEntry, SubmissionKind
from palio.submissions.private_models import PrivateSalt, PrivateScore, PrivateTrace
from palio.submissions.version_contracts import VersionPair


def private_scored_entries(
    session: Session,
    *,
    challenge_id: str,
    version: VersionPair | None = None,
    with_reruns: bool = False,
    team_id: str = "",
) -> tuple[ScoredEntry, ...]:
    """Return every submission with a private score and its scores, in order of receipt.

    With a `version` it is what the challenge would have if that one were active. Winners' code
    that was run again comes `with_reruns` alone. With a `team_id` it is that team's alone.
    """
    is_wanted = (
        col(models.Submission.challenge_id) == challenge_id,
        *([col(models.Submission.team_id) == team_id] if team_id else []),
    )
    counted = version or versions.active_pair(session, challenge_id=challenge_id)
    found = scores.scores_of(session, PrivateScore, *is_wanted, version=counted)
    return tuple(
        replace(
            entry,
            rounded=found[entry.submission_id][0].rounded,
            all_rounded=scores.pairs(found[entry.submission_id]),
        )
        for entry in queries.scored_entries(
            session,
            challenge_id=challenge_id,
            version=version,
            with_untold=True,
            with_reruns=with_reruns,
            team_id=team_id,
        )
        if entry.submission_id in found  # no finite private score, no rank
    )


def scores_of_winner(session: Session, *, submission_id: str) -> tuple[tuple[str, Decimal], ...]:
    """Return an entry's rounded private scores, also when its team has withdrawn it since.

    None of them when it is disqualified, or has none under the active version.
    """
    is_wanted = (col(models.Submission.id) == submission_id, counting.is_in_force())
    found = scores.scores_of(session, PrivateScore, *is_wanted).get(submission_id, ())
    return scores.pairs(found)


def private_traces(
    session: Session, *, submission_ids: Collection[str], key_version: int, metric_version: int
) -> dict[str, traces.Floats]:
    """Return the sums on the private part under one version, by id; some may have none."""
    return traces.sums_of(
        session,
        PrivateTrace,
        submission_ids=submission_ids,
        key_version=key_version,
        metric_version=metric_version,
    )


def opened(session: Session, *, submission_id: str, version: VersionPair) -> OpenedScore | None:
    """Return what opens the promise of one private score; the caller sees to the reveal."""
    key = (submission_id, version.key_version, version.metric_version)
    row = session.get(PrivateSalt, key)
    if row is None:
        return None
    is_wanted = col(models.Submission.id) == submission_id
    found = scores.scores_of(session, PrivateScore, is_wanted, version=version)
    words = " ".join(str(score.rounded) for score in found.get(submission_id, ()))
    return OpenedScore(words, row.salt)


def left_out(
    session: Session, *, challenge_id: str, version: VersionPair, kept: Collection[str]
) -> dict[str, str]:
    """Return why each submission scored under a version is not among those `kept`, by id.

    `rerun`, `withdrawn`, `disqualified`, or `unscored`: it has no private score that ranks.
    """
    salts = private_salts(session, challenge_id=challenge_id, version=version)
    rows = session.execute(
        sqlalchemy.select(
            col(models.Submission.id),
            col(models.Submission.kind),
            col(models.Submission.withdrawn_at),
            counting.is_in_force(),
        ).where(col(models.Submission.challenge_id) == challenge_id)
    )
    return {
        id_: _why(kind, is_withdrawn=withdrawn_at is not None, is_in_force=is_in_force)
        for id_, kind, withdrawn_at, is_in_force in rows
        if id_ in salts and id_ not in kept
    }


def _why(kind: str, *, is_withdrawn: bool, is_in_force: bool) -> str:
    if kind == SubmissionKind.VERIFICATION.value:
        return "rerun"
    if is_withdrawn:
        return "withdrawn"
    return "unscored" if is_in_force else "disqualified"


def private_salts(session: Session, *, challenge_id: str, version: VersionPair) -> dict[str, str]:
    """Return what opens the promises of a version's private scores, by submission id (hex)."""
    rows = session.execute(
        sqlalchemy.select(col(PrivateSalt.submission_id), col(PrivateSalt.salt))
        .join(models.Submission, col(models.Submission.id) == col(PrivateSalt.submission_id))
        .where(
            col(models.Submission.challenge_id) == challenge_id,
            col(PrivateSalt.key_version) == version.key_version,
            col(PrivateSalt.metric_version) == version.metric_version,
        )
    )
    return {submission_id: salt for submission_id, salt in rows}  # noqa: C416 (rows, not tuples)
