"""Keeps private scores on resampled rows until the reveal compares them; nobody else reads them."""

from collections.abc import Collection

import numpy as np
from sqlmodel import Session, col, select

from palio.core import db
from palio.scoring.resampling import Resampled
from palio.submissions.draw_models import PrivateDraws
from palio.submissions.version_contracts import VersionPair

_STORED = np.dtype("<f8")


def keep(session: Session, *, submission_id: str, version: VersionPair, found: Resampled) -> None:
    """Keep what was worked out for one submission; keeping it again changes nothing."""
    db.lock_name(session, f"draws:{submission_id}")
    key = (submission_id, version.key_version, version.metric_version)
    if session.get(PrivateDraws, key) is None:
        session.add(
            PrivateDraws(
                submission_id=submission_id,
                key_version=version.key_version,
                metric_version=version.metric_version,
                exact=found.exact,
                rows=found.rows,
                scores=found.scores.astype(_STORED).tobytes(),
            )
        )
        session.flush()


def kept(
    session: Session, *, submission_ids: Collection[str], version: VersionPair
) -> dict[str, Resampled]:
    """Return what is kept of these submissions under one version, by id; some may have none."""
    rows = session.exec(
        select(PrivateDraws).where(
            col(PrivateDraws.submission_id).in_(submission_ids),
            col(PrivateDraws.key_version) == version.key_version,
            col(PrivateDraws.metric_version) == version.metric_version,
        )
    )
    return {
        row.submission_id: Resampled(row.exact, row.rows, np.frombuffer(row.scores, dtype=_STORED))
        for row in rows
    }
