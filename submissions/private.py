"""The one reader of private scores and sums; for the reveal and after it."""

from collections.abc import Collection
from dataclasses import replace

from sqlmodel import Session, col

from palio.submissions import models, queries, scores, traces, versions
from palio.submissions.contracts import ScoredEntry
from palio.submissions.private_models import PrivateScore, PrivateTrace
from palio.submissions.version_contracts import VersionPair


def private_scored_entries(
    session: Session, *, challenge_id: str, version: VersionPair | None = None
) -> tuple[ScoredEntry, ...]:
    """Return every submission with a private score and its scores, in order of receipt.

    With a `version` it is what the challenge would have if that one were active.
    """
    is_wanted = col(models.Submission.challenge_id) == challenge_id
    counted = version or versions.active_pair(session, challenge_id=challenge_id)
    found = scores.scores_of(session, PrivateScore, is_wanted, version=counted)
    return tuple(
        replace(
            entry,
            rounded=found[entry.submission_id][0].rounded,
            all_rounded=scores.pairs(found[entry.submission_id]),
        )
        for entry in queries.scored_entries(
            session, challenge_id=challenge_id, version=version, with_untold=True
        )
        if entry.submission_id in found  # no finite private score, no rank
    )


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
