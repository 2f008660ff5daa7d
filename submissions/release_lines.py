"""Reads what was told of public scores, where a release rule holds some back."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import Session, col

from palio.challenges.board_contracts import Release
from palio.challenges.contracts import Challenge
from palio.core.clock import database_now
from palio.scoring.card import Score
from palio.submissions import counting, models, release, versions
from palio.submissions.contracts import SubmissionKind
from palio.submissions.release_models import ReleaseLine
from palio.submissions.scores import pairs, scores_of
from palio.submissions.version_contracts import VersionPair

Scores = dict[str, tuple[Score, ...]]


@dataclass(frozen=True, slots=True)
class Told:
    """What may be told of one submission's public scores.

    Attributes:
        scores: Empty while none may be.
        words: Why it shows that, or nothing; empty where there is nothing to explain.

    """

    scores: tuple[Score, ...] = ()
    words: str = ""


def has_lines(challenge: Challenge) -> bool:
    """Return whether the challenge tells its public scores otherwise than as they are."""
    return challenge.plan.board.release.kind is not Release.ROUNDED


def told(
    session: Session,
    *,
    challenge: Challenge,
    scores: Scores,
    wanted: Iterable[ColumnElement[bool]],
    version: VersionPair | None = None,
    with_untold: bool = False,
) -> dict[str, Told]:
    """Turn public scores into what may be told of them; a score without its line stays untold.

    Args:
        session: Reads.
        challenge: Of all the submissions.
        scores: By submission id, under `version`.
        wanted: The conditions on submissions they were read by.
        version: None = the active one.
        with_untold: Also what is to be told later: for the reveal alone.

    """
    if not has_lines(challenge):
        return {submission_id: Told(each) for submission_id, each in scores.items()}
    now = database_now(session)
    is_all_told = with_untold or challenge.revealed_at is not None
    found: dict[str, Told] = {}
    for line in _lines(session, wanted, version=version):
        given = scores.get(line.submission_id, ())
        if line.kind is SubmissionKind.VERIFICATION:  # has no line, and is told to nobody
            found[line.submission_id] = Told(given if with_untold else ())
        elif line.kind is SubmissionKind.BASELINE:
            is_told = is_all_told or _is_baseline_told(challenge)
            found[line.submission_id] = Told(given if is_told else ())
        elif given:
            found[line.submission_id] = line.told(
                given, challenge, is_all_told=is_all_told, now=now
            )
    return found


def told_of_winner(
    session: Session, *, challenge: Challenge, submission_id: str
) -> tuple[tuple[str, Decimal], ...]:
    """Return what may be told of an entry's public scores, also when its team has withdrawn it.

    None of them when it is disqualified, or has none under the active version.
    """
    wanted = (col(models.Submission.id) == submission_id, counting.is_in_force())
    found = scores_of(session, models.PublicScore, *wanted)
    known = told(session, challenge=challenge, scores=found, wanted=wanted)
    return pairs(known[submission_id].scores) if submission_id in known else ()


def _is_baseline_told(challenge: Challenge) -> bool:
    """Tell baselines at once and as they are, also by the day and under a Ladder.

    These rules hold back what somebody could adapt the next try to; a baseline is fixed before the
    launch, tries nothing again, and is what the first day's teams measure themselves by.
    """
    return challenge.plan.board.release.kind is not Release.HIDDEN


def last_told_at(session: Session, *, challenge_id: str, now: datetime) -> datetime | None:
    """Return the latest instant up to now at which scores became visible, None where none did."""
    at = col(ReleaseLine.visible_at)
    return session.execute(
        sqlalchemy.select(sqlalchemy.func.max(at)).where(
            col(ReleaseLine.challenge_id) == challenge_id, at <= now
        )
    ).scalar()


def next_told_at(session: Session, *, challenge_id: str, after: datetime) -> datetime | None:
    """Return the next instant at which scores become visible, None where none will."""
    at = col(ReleaseLine.visible_at)
    return session.execute(
        sqlalchemy.select(sqlalchemy.func.min(at)).where(
            col(ReleaseLine.challenge_id) == challenge_id, at > after
        )
    ).scalar()


@dataclass(frozen=True, slots=True)
class _Line:
    """A submission with its line, if it has one."""

    submission_id: str
    kind: SubmissionKind
    shown: str | None
    visible_at: datetime | None

    def told(
        self, scores: tuple[Score, ...], challenge: Challenge, *, is_all_told: bool, now: datetime
    ) -> Told:
        rule = challenge.plan.board.release
        is_due = is_all_told or (self.visible_at is not None and self.visible_at <= now)
        shown = self.shown if is_due else None
        return Told(
            scores=() if shown is None else _shown(scores, shown, rule.kind),
            words=release.words(rule, is_told=shown is not None, told_at=self.visible_at),
        )


def _lines(
    session: Session, wanted: Iterable[ColumnElement[bool]], *, version: VersionPair | None
) -> Iterator[_Line]:
    row = models.Submission
    of_it = (col(ReleaseLine.submission_id) == col(row.id)) & versions.is_counted(
        ReleaseLine, version
    )
    found = session.execute(
        sqlalchemy.select(
            col(row.id), col(row.kind), col(ReleaseLine.shown), col(ReleaseLine.visible_at)
        )
        .outerjoin(ReleaseLine, of_it)
        .where(*wanted)
    )
    for submission_id, kind, shown, visible_at in found:
        yield _Line(submission_id, SubmissionKind(kind), shown, visible_at)


def _shown(scores: tuple[Score, ...], shown: str, kind: Release) -> tuple[Score, ...]:
    """Leave what the rule tells: under a Ladder one number, the team's."""
    first = Score(scores[0].metric, float(shown), Decimal(shown))
    return (first,) if kind in release.LADDERS else (first, *scores[1:])
