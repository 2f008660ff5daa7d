"""Decides what is told of public scores, once for ever, where a release rule holds some back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from math import inf

import sqlalchemy
from sqlalchemy import ColumnElement
from sqlmodel import Session, col, select

from palio.accounts import service as accounts
from palio.challenges import queries as challenge_queries
from palio.challenges import service as challenges
from palio.challenges.board_contracts import Release
from palio.challenges.contracts import Challenge
from palio.challenges.rules import is_lower_better
from palio.datasets import queries as datasets
from palio.scoring.traces import standard_error
from palio.submissions import models, release, traces, versions
from palio.submissions.contracts import SubmissionKind
from palio.submissions.release_lines import has_lines
from palio.submissions.release_models import ReleaseLine
from palio.submissions.trace_models import PublicTrace
from palio.submissions.version_contracts import VersionPair


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
    if row.team_id is None or not has_lines(challenge):
        return
    found = _scored(session, challenge, version, col(models.Submission.id) == submission_id)
    if found:
        own = [replace(each, ended_at=now) for each in found]
        _tell(session, _Rule.of(session, challenge, version), own, now=now)


def replay(session: Session, *, challenge: Challenge, version: VersionPair, now: datetime) -> None:
    """Tell the scores of another version, in the order in which they were scored.

    For the transaction that makes the version active. Submissions that have their line under it
    keep it. The caller holds the challenge exclusively.
    """
    if not has_lines(challenge):
        return
    done = set(
        session.exec(
            select(ReleaseLine.submission_id).where(
                ReleaseLine.challenge_id == challenge.id, *_of_version(version)
            )
        )
    )
    of_team: dict[str, list[_Scored]] = {}
    for each in _scored(session, challenge, version):
        if each.submission_id not in done:
            of_team.setdefault(each.team_id, []).append(each)
    rule = _Rule.of(session, challenge, version)
    for own in of_team.values():  # one team's sums at a time: all of them are hundreds of MB
        _tell(session, rule, own, now=now)


@dataclass(frozen=True, slots=True)
class _Scored:
    """A team's submission with its ranking score of a version; `exact` as it is."""

    submission_id: str
    team_id: str
    phase_id: str
    ended_at: datetime | None
    exact: float
    rounded: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """What is the same for all teams."""

    challenge: Challenge
    version: VersionPair
    public_rows: int
    is_negated: bool  # higher scores are better

    @classmethod
    def of(cls, session: Session, challenge: Challenge, version: VersionPair) -> "_Rule":
        key = datasets.answer_key(session, challenge_id=challenge.id, version=version.key_version)
        rows = 0 if key is None else key.public_rows
        return cls(challenge, version, rows, not is_lower_better(challenge.plan))

    @property
    def is_free(self) -> bool:
        return self.challenge.plan.board.release.kind is Release.FREE_LADDER

    def sums_of(self, session: Session, *submission_ids: str) -> dict[str, traces.Floats]:
        if not self.is_free:
            return {}
        return traces.sums_of(
            session,
            PublicTrace,
            submission_ids=submission_ids,
            key_version=self.version.key_version,
            metric_version=self.version.metric_version,
        )

    def offer(self, scored: _Scored, sums: Mapping[str, traces.Floats]) -> release.Offer:
        """Return what asks to be told: by its score, or by its mean loss before a root is taken."""
        value = scored.exact
        if self.is_free:
            own = sums.get(scored.submission_id)
            value = inf if own is None else float(own.sum(dtype=float)) / self.public_rows
        return release.Offer(
            submission_id=scored.submission_id,
            value=-value if self.is_negated and value != inf else value,
            rounded=Decimal(scored.rounded),
            is_negated=self.is_negated,
        )


def _scored(
    session: Session, challenge: Challenge, version: VersionPair, *wanted: ColumnElement[bool]
) -> list[_Scored]:
    """Return teams' entries with their scores, in the order in which they were scored.

    Winners' code that is run again is no entry: it would move what its team is shown.
    """
    row, table = models.Submission, models.PublicScore
    found = session.execute(
        sqlalchemy.select(
            col(row.id),
            col(row.team_id),
            col(row.phase_id),
            col(row.ended_at),
            col(table.exact),
            col(table.rounded),
        )
        .join(table, col(table.submission_id) == col(row.id))
        .where(col(row.challenge_id) == challenge.id, col(row.team_id).is_not(None), *wanted)
        .where(col(row.kind) != SubmissionKind.VERIFICATION.value)
        .where(col(table.position) == 0, versions.is_counted(table, version))
        .order_by(col(row.ended_at), col(row.received_at))
    )
    return [_Scored(*fields) for fields in found]


def _tell(session: Session, rule: _Rule, scored: list[_Scored], *, now: datetime) -> None:
    """Tell scores of one team, in this order."""
    book = _book(session, rule, scored[0].team_id)
    book.sums |= rule.sums_of(session, *(each.submission_id for each in scored))
    for each in scored:
        book.add(session, each, now=now)
    session.flush()


@dataclass(slots=True)
class _Book:
    """The fold over one team's submissions under one version."""

    rule: _Rule
    team_id: str
    ordinal: int
    held: release.Held | None
    sums: dict[str, traces.Floats] = field(default_factory=dict)

    def add(self, session: Session, scored: _Scored, *, now: datetime) -> None:
        challenge, version = self.rule.challenge, self.rule.version
        rule = challenge.plan.board.release
        offer = self.rule.offer(scored, self.sums)
        self.held, shown = release.release(
            self.held, score=offer, error=self._error(offer), rule=rule
        )
        self.ordinal += 1
        phase = next(phase for phase in challenge.phases if phase.id == scored.phase_id)
        scored_at = scored.ended_at or now
        line = ReleaseLine(
            submission_id=offer.submission_id,
            key_version=version.key_version,
            metric_version=version.metric_version,
            challenge_id=challenge.id,
            team_id=self.team_id,
            ordinal=self.ordinal,
            shown=str(shown),
            value=str(self.held.value) if self.held else None,
            held_by=self.held.submission_id if self.held else None,
            visible_at=release.visible_at(rule, scored_at=scored_at, zone=phase.quota.zone),
            at=now,
        )
        session.add(line)

    def _error(self, offer: release.Offer) -> float:
        new = self.sums.get(offer.submission_id)
        if self.held is None or new is None:
            return 0.0  # the first one, or one whose value is infinite: no step matters
        old = self.sums.get(self.held.submission_id)
        change = new.astype(float) if old is None else new.astype(float) - old
        return standard_error(change, rows=self.rule.public_rows)


def _book(session: Session, rule: _Rule, team_id: str) -> _Book:
    """Open a team's fold: the best of what its submissions hold, also after a merger."""
    lines = session.execute(
        sqlalchemy.select(col(ReleaseLine.value), col(ReleaseLine.shown), col(ReleaseLine.held_by))
        .join(models.Submission, col(models.Submission.id) == col(ReleaseLine.submission_id))
        .where(col(models.Submission.team_id) == team_id, *_of_version(rule.version))
    ).all()
    last = session.execute(
        sqlalchemy.select(sqlalchemy.func.max(col(ReleaseLine.ordinal))).where(
            col(ReleaseLine.team_id) == team_id, *_of_version(rule.version)
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
    sums = {} if held is None else rule.sums_of(session, held.submission_id)
    return _Book(rule=rule, team_id=team_id, ordinal=last or 0, held=held, sums=sums)


def _of_version(version: VersionPair) -> tuple[ColumnElement[bool], ...]:
    return (
        col(ReleaseLine.key_version) == version.key_version,
        col(ReleaseLine.metric_version) == version.metric_version,
    )
