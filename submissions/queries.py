"""Named reads of submissions: everything a team, a host or the public board may see."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import sqlalchemy
from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from palio.accounts import queries as accounts
from palio.challenges import queries as challenge_queries
from palio.challenges import rules as challenge_rules
from palio.challenges.contracts import Challenge, Delivery, Phase
from palio.core.paging import LIMIT_DEFAULT, BadCursorError, Page, cut_page, decode_cursor
from palio.scoring.card import Score
from palio.submissions import (
    counting,
    finding_texts,
    models,
    release_lines,
    rules,
    scores,
    versions,
)
from palio.submissions.contracts import (
    PublicScore,
    QuotaCause,
    QuotaLine,
    QuotaStatus,
    Receipt,
    ScoredEntry,
    Submission,
    SubmissionKind,
    SubmissionState,
)
from palio.submissions.release_lines import Told
from palio.submissions.rules import QuotaUse, SubmissionNotFoundError
from palio.submissions.states import PENDING
from palio.submissions.version_contracts import VersionPair


def submission(session: Session, submission_id: str) -> Submission:
    """Return one submission with its public scores.

    Raises:
        SubmissionNotFoundError: There is none of this id.

    """
    row = session.get(models.Submission, submission_id, populate_existing=True)
    if row is None:
        raise SubmissionNotFoundError("There is no such submission.")
    return _submissions(session, [row])[0]


def of_team(
    session: Session,
    *,
    challenge_id: str,
    team_id: str,
    cursor: str | None = None,
    limit: int = LIMIT_DEFAULT,
) -> Page[Submission]:
    """Return a team's submissions, newest first.

    Raises:
        BadCursorError: The cursor is not one of ours.

    """
    wanted = select(models.Submission).where(
        models.Submission.challenge_id == challenge_id, models.Submission.team_id == team_id
    )
    return _page(session, wanted, cursor=cursor, limit=limit)


def of_challenge(
    session: Session, *, challenge_id: str, cursor: str | None = None, limit: int = LIMIT_DEFAULT
) -> Page[Submission]:
    """Return every submission of a challenge, baselines too, newest first; for its hosts.

    Raises:
        BadCursorError: The cursor is not one of ours.

    """
    wanted = select(models.Submission).where(models.Submission.challenge_id == challenge_id)
    return _page(session, wanted, cursor=cursor, limit=limit)


def file_to_score(session: Session, submission_id: str) -> str | None:
    """Return the digest of the predictions to score: as sent, or as the model wrote them.

    None while a model has written none. Its predictions are hidden data: no participant's view
    tells their digest.
    """
    row = session.get_one(models.Submission, submission_id, populate_existing=True)
    return row.sha256 if row.delivery == Delivery.PREDICTIONS else row.predictions_sha256


def receipt(row: models.Submission, *, is_new: bool) -> Receipt:
    """Return the receipt of a stored submission."""
    return Receipt(
        submission_id=row.id,
        challenge_id=row.challenge_id,
        team_id=row.sender_team_id or row.team_id or "",
        file_name=row.file_name,
        sha256=row.sha256,
        bytes=row.bytes,
        received_at=row.received_at,
        is_new=is_new,
        delivery=Delivery(row.delivery),
    )


def has_submissions(session: Session, *, team_id: str) -> bool:
    """Return whether the team ever submitted."""
    wanted = select(models.Submission.id).where(models.Submission.team_id == team_id).limit(1)
    return session.exec(wanted).first() is not None


def pending_count(session: Session, *, challenge_id: str) -> int:
    """Return how many submissions received in time have not ended yet, baselines included.

    Without late ones and winners' code that is run again: no board waits for those.
    """
    return session.exec(
        select(func.count())
        .select_from(models.Submission)
        .where(
            models.Submission.challenge_id == challenge_id,
            col(models.Submission.kind).not_in(
                [SubmissionKind.VERIFICATION.value, SubmissionKind.LATE.value]
            ),
            col(models.Submission.state).in_([state.value for state in PENDING]),
        )
    ).one()


def has_pending_before(session: Session, *, challenge_id: str, before: datetime) -> bool:
    """Tell whether something received before an instant may still get a score."""
    wanted = select(models.Submission.id).where(
        models.Submission.challenge_id == challenge_id,
        models.Submission.kind != SubmissionKind.VERIFICATION.value,
        col(models.Submission.received_at) < before,
        col(models.Submission.state).in_([state.value for state in PENDING]),
    )
    return session.exec(wanted.limit(1)).first() is not None


def counts_by_state(session: Session, *, challenge_id: str) -> dict[SubmissionState, int]:
    """Return how many submissions stand in each state; states with none are left out."""
    found = session.exec(
        select(col(models.Submission.state), func.count())
        .where(models.Submission.challenge_id == challenge_id)
        .group_by(models.Submission.state)
    )
    return {SubmissionState(state): count for state, count in found}


def chosen_count(session: Session, *, team_id: str) -> int:
    """Return how many of the team's chosen submissions can still count."""
    alive = [state.value for state in (*PENDING, SubmissionState.SCORED)]
    return session.exec(
        select(func.count())
        .select_from(models.Submission)
        .where(
            models.Submission.team_id == team_id,
            col(models.Submission.is_chosen).is_(True),
            col(models.Submission.state).in_(alive),
            *counting.counts(),
        )
    ).one()


def quota_use(session: Session, *, team_id: str, phase_id: str, day: date) -> QuotaUse:
    """Return the ledger sums that decide about one more try."""
    sums = session.exec(
        select(col(models.QuotaLine.day), func.sum(models.QuotaLine.change))
        .where(
            col(models.QuotaLine.team_id).in_(accounts.lineage(session, team_id)),
            models.QuotaLine.phase_id == phase_id,
        )
        .group_by(col(models.QuotaLine.day))
    ).all()
    by_day = {line_day: int(change) for line_day, change in sums}
    return QuotaUse(today=by_day.get(day, 0), total=sum(by_day.values()))


def refused_files(session: Session, *, team_id: str, day: date) -> int:
    """Return how many of the files a team sent on this day were refused, or broke a metric."""
    return session.exec(
        select(func.count())
        .select_from(models.QuotaLine)
        .where(
            col(models.QuotaLine.team_id).in_(accounts.lineage(session, team_id)),
            models.QuotaLine.day == day,
            col(models.QuotaLine.cause).in_((QuotaCause.REFUSED_FILE, QuotaCause.METRIC_FAULT)),
        )
    ).one()


def quota(session: Session, *, challenge: Challenge, team_id: str, now: datetime) -> QuotaStatus:
    """Return a team's tries at `now`: in the phase that runs, else in the next, else in the last.

    Between phases nothing remains, and `next_try_at` is the next opening.
    """
    phase = _phase_at(challenge, now=now)
    window = challenge_rules.quota_window(phase.quota.zone, now=now)
    use = quota_use(session, team_id=team_id, phase_id=phase.id, day=window.day)
    is_open = phase.opens_at <= now < phase.closes_at
    return QuotaStatus(
        used_today=use.today,
        used_total=use.total,
        remaining=rules.remaining(phase.quota, use=use) if is_open else 0,
        next_try_at=(
            rules.next_try_at(phase, use=use, window=window)
            if is_open
            else phase.opens_at
            if now < phase.opens_at
            else None
        ),
        lines=_lines(session, team_id=team_id),
    )


def scored_entries(
    session: Session,
    *,
    challenge_id: str,
    version: VersionPair | None = None,
    with_untold: bool = False,
    team_id: str = "",
    with_reruns: bool = False,
) -> tuple[ScoredEntry, ...]:
    """Return every scored submission that counts with its public scores, in order of receipt.

    Those withdrawn or disqualified, and those of disqualified teams, are left out. The scores are
    what the release rule tells; those it tells later are left out but `with_untold`, which is for
    the reveal alone. With a `version`, for hosts alone, it is what the challenge would have if
    that one were active, once `rescoring.prepare` is through. With a `team_id`, that team's alone.
    Winners' code that was run again is no entry: it comes `with_reruns` alone, to be compared.
    """
    row = models.Submission
    scored = [SubmissionState.SCORED.value] if version is None else versions.SCORABLE
    is_wanted = (
        col(row.challenge_id) == challenge_id,
        col(row.state).in_(scored),
        *counting.counts(),
        *([col(row.team_id) == team_id] if team_id else []),
        *([] if with_reruns else [col(row.kind) != SubmissionKind.VERIFICATION.value]),
    )
    counted = version or versions.active_pair(session, challenge_id=challenge_id)
    found = scores.scores_of(session, models.PublicScore, *is_wanted, version=counted)
    told = release_lines.told(
        session,
        challenge=challenge_queries.by_id(session, challenge_id),
        scores=found,
        wanted=is_wanted,
        version=version,
        with_untold=with_untold,
    )
    known = {each: what.scores for each, what in told.items() if what.scores}
    hosts = accounts.host_team_ids(session, challenge_id=challenge_id)
    return _entries(session, is_wanted, known, hosts=hosts)


def _entries(
    session: Session,
    wanted: Sequence[ColumnElement[bool]],
    found: Mapping[str, tuple[Score, ...]],
    *,
    hosts: Collection[str],
) -> tuple[ScoredEntry, ...]:
    # Columns rather than objects: a big challenge has tens of thousands of them.
    row = models.Submission
    columns = (
        row.id, row.team_id, row.kind, row.label, row.received_at, row.is_chosen, row.phase_id,
    )  # fmt: skip
    rows = session.execute(
        sqlalchemy.select(*map(col, columns)).where(*wanted).order_by(col(row.received_at))
    )
    return tuple(
        ScoredEntry(
            submission_id=submission_id,
            team_id=team_id or "",
            kind=rules.kind_on_board(SubmissionKind(kind), is_host=team_id in hosts),
            label=label or "",
            received_at=received_at,
            is_chosen=is_chosen,
            public=found[submission_id][0].rounded,
            rounded=found[submission_id][0].rounded,
            all_rounded=(shown := scores.pairs(found[submission_id])),
            phase_id=phase_id,
            all_public=shown,
            is_host=team_id in hosts,
        )
        for submission_id, team_id, kind, label, received_at, is_chosen, phase_id in rows
        if submission_id in found
    )


def _phase_at(challenge: Challenge, *, now: datetime) -> Phase:
    running = (phase for phase in challenge.phases if now < phase.closes_at)
    late = challenge_rules.late_phase(challenge, now=now)
    return next(running, late or challenge.phases[-1])


def _lines(session: Session, *, team_id: str) -> tuple[QuotaLine, ...]:
    rows = session.exec(
        select(models.QuotaLine)
        .where(col(models.QuotaLine.team_id).in_(accounts.lineage(session, team_id)))
        .order_by(col(models.QuotaLine.id))
    )
    return tuple(
        QuotaLine(
            at=row.at,
            day=row.day,
            change=row.change,
            cause=QuotaCause(row.cause),
            submission_id=row.submission_id,
            note=row.note,
        )
        for row in rows
    )


def _page(
    session: Session,
    wanted: SelectOfScalar[models.Submission],
    *,
    cursor: str | None,
    limit: int,
) -> Page[Submission]:
    received_at = col(models.Submission.received_at)  # unique within a challenge
    if cursor is not None:
        wanted = wanted.where(received_at < _time_of(cursor))
    rows = session.exec(wanted.order_by(received_at.desc()).limit(limit + 1)).all()
    keys = [row.received_at.isoformat() for row in rows]
    return cut_page(_submissions(session, rows), keys, limit=limit)


def _time_of(cursor: str) -> datetime:
    text = decode_cursor(cursor)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise BadCursorError("This cursor is not known; start from the first page.")
    return at


def _submissions(session: Session, rows: Sequence[models.Submission]) -> tuple[Submission, ...]:
    ids = [row.id for row in rows]
    told: dict[str, Told] = {}
    for challenge_id in {row.challenge_id for row in rows}:
        wanted = (
            col(models.Submission.challenge_id) == challenge_id,
            col(models.Submission.id).in_(ids),
        )
        told |= release_lines.told(
            session,
            challenge=challenge_queries.by_id(session, challenge_id),
            scores=scores.scores_of(session, models.PublicScore, *wanted),
            wanted=wanted,
        )
    return tuple(_submission(row, told.get(row.id, Told())) for row in rows)


def _submission(row: models.Submission, told: Told) -> Submission:
    return Submission(
        id=row.id,
        challenge_id=row.challenge_id,
        phase_id=row.phase_id,
        team_id=row.team_id or "",
        person_id=row.person_id,
        kind=SubmissionKind(row.kind),
        label=row.label or "",
        file_name=row.file_name,
        sha256=row.sha256,
        bytes=row.bytes,
        state=SubmissionState(row.state),
        reason=row.reason,
        findings=finding_texts.read(row.findings),
        received_at=row.received_at,
        ended_at=row.ended_at,
        is_chosen=row.is_chosen,
        note=row.note,
        public_scores=tuple(
            PublicScore(metric=score.metric, rounded=score.rounded)
            for score in told.scores
            if row.kind != SubmissionKind.VERIFICATION.value  # or a rerun were a try for nothing
        ),
        delivery=Delivery(row.delivery),
        sender_team_id=row.sender_team_id or row.team_id or "",
        withdrawn_at=row.withdrawn_at,
        withdrawn_words=row.withdrawn_words,
        release_words=told.words,
    )
