"""Keeps and reads what was told of public scores, where a release rule holds some back."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from palio.accounts import service as accounts
from palio.challenges import queries as challenge_queries
from palio.challenges import service as challenges
from palio.challenges.board_contracts import Release
from palio.challenges.contracts import Challenge
from palio.challenges.rules import is_lower_better
from palio.core.clock import database_now
from palio.datasets import queries as datasets
from palio.scoring.card import Score
from palio.scoring.traces import standard_error
from palio.submissions import models, release, traces, versions
from palio.submissions.contracts import SubmissionKind
from palio.submissions.release_models import ReleaseLine
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


def lock(session: Session, *, submission_id: str) -> None:
    """Hold what `note` needs held: take this before any other lock of the transaction."""
    row = session.get(models.Submission, submission_id)
    if row is None or row.team_id is None:
        return
    if has_lines(challenge_queries.by_id(session, row.challenge_id)):
        challenges.lock_challenge_shared(session, row.challenge_id)
        accounts.lock_team(session, team_id=row.team_id)
        session.refresh(row)


def note(session: Session, *, submission_id: str, version: VersionPair, now: datetime) -> None:
    """Decide once and for ever what is told of a submission that has just been scored."""
    lock(session, submission_id=submission_id)
    row = session.get_one(models.Submission, submission_id)
    challenge = challenge_queries.by_id(session, row.challenge_id)
    is_run_again = row.kind == SubmissionKind.VERIFICATION.value
    if row.team_id is None or is_run_again or not has_lines(challenge):
        return
    offers = _offers(session, challenge, version, col(models.Submission.id) == submission_id)
    offer = offers.get(submission_id)
    if offer is not None:
        book = _book(session, challenge, version, row.team_id)
        book.add(session, offer, phase_id=row.phase_id, scored_at=now, now=now)
        session.flush()


def replay(session: Session, *, challenge: Challenge, version: VersionPair, now: datetime) -> None:
    """Tell the scores of another version, in the order in which they were scored.

    For the transaction that makes the version active. Submissions that have their line under it
    keep it. The caller holds the challenge exclusively.
    """
    if not has_lines(challenge):
        return
    row = models.Submission
    in_challenge = col(row.challenge_id) == challenge.id
    offers = _offers(session, challenge, version, in_challenge)
    done = set(
        session.exec(
            select(ReleaseLine.submission_id).where(
                ReleaseLine.challenge_id == challenge.id,
                *_of_version(version),
            )
        )
    )
    wanted = (
        sqlalchemy.select(col(row.id), col(row.team_id), col(row.phase_id), col(row.ended_at))
        .where(in_challenge, col(row.team_id).is_not(None))
        .order_by(col(row.ended_at), col(row.received_at))
    )
    books: dict[str, _Book] = {}
    for submission_id, team_id, phase_id, ended_at in session.execute(wanted).all():
        if submission_id in done or submission_id not in offers:
            continue
        if team_id not in books:
            books[team_id] = _book(session, challenge, version, team_id)
        books[team_id].add(
            session,
            offers[submission_id],
            phase_id=phase_id,
            scored_at=ended_at or now,
            now=now,
        )
    session.flush()


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
    rule = challenge.plan.board.release
    row = models.Submission
    lines = session.execute(
        sqlalchemy.select(
            col(row.id),
            col(row.team_id),
            col(row.kind),
            col(ReleaseLine.shown),
            col(ReleaseLine.visible_at),
        )
        .outerjoin(
            ReleaseLine,
            (col(ReleaseLine.submission_id) == col(row.id))
            & versions.is_counted(ReleaseLine, version),
        )
        .where(*wanted)
    ).all()
    now = database_now(session)
    is_all_told = with_untold or challenge.revealed_at is not None
    found: dict[str, Told] = {}
    for submission_id, team_id, kind, shown, visible_at in lines:
        given = scores.get(submission_id, ())
        if kind == SubmissionKind.VERIFICATION.value:  # has no line, and is told to nobody
            found[submission_id] = Told(given if with_untold else ())
            continue
        is_told = is_all_told or (visible_at is not None and visible_at <= now)
        if team_id is None:
            is_told = is_all_told or rule.kind is not Release.HIDDEN
            found[submission_id] = Told(given if is_told else ())
        elif given:
            is_told = is_told and shown is not None
            found[submission_id] = Told(
                scores=_shown(given, shown, rule.kind) if is_told else (),
                words=release.words(rule, is_told=is_told, told_at=visible_at),
            )
    return found


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


def _shown(scores: tuple[Score, ...], shown: str, kind: Release) -> tuple[Score, ...]:
    """Leave what the rule tells: under a Ladder one number, the team's."""
    first = Score(scores[0].metric, float(shown), Decimal(shown))
    return (first,) if kind in release.LADDERS else (first, *scores[1:])


@dataclass(slots=True)
class _Book:
    """The fold over one team's submissions under one version."""

    challenge: Challenge
    version: VersionPair
    team_id: str
    ordinal: int
    held: release.Held | None
    public_rows: int

    def add(
        self,
        session: Session,
        offer: release.Offer,
        *,
        phase_id: str,
        scored_at: datetime,
        now: datetime,
    ) -> None:
        rule = self.challenge.plan.board.release
        self.held, shown = release.release(
            self.held, score=offer, error=self._error(session, offer), rule=rule
        )
        self.ordinal += 1
        zone = next(phase.quota.zone for phase in self.challenge.phases if phase.id == phase_id)
        line = ReleaseLine(
            submission_id=offer.submission_id,
            key_version=self.version.key_version,
            metric_version=self.version.metric_version,
            challenge_id=self.challenge.id,
            team_id=self.team_id,
            ordinal=self.ordinal,
            shown=str(shown),
            value=str(self.held.value) if self.held else None,
            held_by=self.held.submission_id if self.held else None,
            visible_at=release.visible_at(rule, scored_at=scored_at, zone=zone),
            at=now,
        )
        session.add(line)

    def _error(self, session: Session, offer: release.Offer) -> float:
        if self.held is None or self.challenge.plan.board.release.kind is not Release.FREE_LADDER:
            return 0.0
        new, old = (
            traces.public_sums(
                session,
                submission_id=submission_id,
                key_version=self.version.key_version,
                metric_version=self.version.metric_version,
            )
            for submission_id in (offer.submission_id, self.held.submission_id)
        )
        if new is None:
            return 0.0  # then the offer's value is infinite, and no step matters
        change = new.astype(float) if old is None else new.astype(float) - old
        return standard_error(change, rows=self.public_rows)


def _book(session: Session, challenge: Challenge, version: VersionPair, team_id: str) -> _Book:
    """Open a team's fold: the best of what its submissions hold, also after a merger."""
    lines = session.execute(
        sqlalchemy.select(col(ReleaseLine.value), col(ReleaseLine.shown), col(ReleaseLine.held_by))
        .join(models.Submission, col(models.Submission.id) == col(ReleaseLine.submission_id))
        .where(col(models.Submission.team_id) == team_id, *_of_version(version))
    ).all()
    last = session.execute(
        sqlalchemy.select(sqlalchemy.func.max(col(ReleaseLine.ordinal))).where(
            col(ReleaseLine.team_id) == team_id, *_of_version(version)
        )
    ).scalar()
    held = min(
        (
            release.Held(Decimal(value), Decimal(shown), held_by)
            for value, shown, held_by in lines
            if value is not None
        ),
        key=lambda each: each.value,
        default=None,
    )
    return _Book(
        challenge=challenge,
        version=version,
        team_id=team_id,
        ordinal=last or 0,
        held=held,
        public_rows=_public_rows(session, challenge, version),
    )


def _offers(
    session: Session, challenge: Challenge, version: VersionPair, *wanted: ColumnElement[bool]
) -> dict[str, release.Offer]:
    """Return what is asked to be told, by submission: its ranking score of this version."""
    table = models.PublicScore
    rows = session.execute(
        sqlalchemy.select(col(table.submission_id), col(table.exact), col(table.rounded))
        .join(models.Submission, col(models.Submission.id) == col(table.submission_id))
        .where(*wanted, col(table.position) == 0, versions.is_counted(table, version))
    ).all()
    is_negated = not is_lower_better(challenge.plan)
    is_free = challenge.plan.board.release.kind is Release.FREE_LADDER
    public_rows = _public_rows(session, challenge, version) if is_free else 0

    def value(submission_id: str, exact: float) -> float:
        if is_free:
            exact = _mean_loss(session, submission_id, version, public_rows)
            if math.isnan(exact):
                return math.inf
        return -exact if is_negated else exact

    return {
        submission_id: release.Offer(
            submission_id=submission_id,
            value=value(submission_id, exact),
            rounded=Decimal(rounded),
            is_negated=is_negated,
        )
        for submission_id, exact, rounded in rows
    }


def _mean_loss(
    session: Session, submission_id: str, version: VersionPair, public_rows: int
) -> float:
    """Return the mean of the per-row loss, before a root is taken; NaN where there is none."""
    sums = traces.public_sums(
        session,
        submission_id=submission_id,
        key_version=version.key_version,
        metric_version=version.metric_version,
    )
    return math.nan if sums is None else float(sums.sum(dtype=float)) / public_rows


def _public_rows(session: Session, challenge: Challenge, version: VersionPair) -> int:
    key = datasets.answer_key(session, challenge_id=challenge.id, version=version.key_version)
    return 0 if key is None else key.public_rows


def _of_version(version: VersionPair) -> tuple[ColumnElement[bool], ...]:
    return (
        col(ReleaseLine.key_version) == version.key_version,
        col(ReleaseLine.metric_version) == version.metric_version,
    )
