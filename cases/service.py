"""Verbs on cases: opened, notified, replied, decided, appealed, closed; each step audited.

Nothing is ever decided by a number: a person opens a case, a person decides it, and somebody else
decides the appeal. A step after its clock raises `CaseLateError`. Locks as in
`submissions.service`: the challenge first, then the case.

`decide`, `decide_appeal` and `expire` may make or lift a disqualification; who calls them brings
the boards up to date in the same transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from palio.accounts import queries as accounts
from palio.cases import history, models, queries, rules
from palio.cases.columns import columns_of
from palio.cases.contracts import (
    Case,
    CaseState,
    Decision,
    Outcome,
    StepKind,
)
from palio.cases.errors import BadCaseError, CaseMoveError, CaseOpenError
from palio.challenges import service as challenges
from palio.challenges.contracts import Challenge
from palio.submissions import exclusions
from palio.submissions.exclusion_contracts import TITLES, ReasonCode


def open_case(
    session: Session,
    *,
    challenge: Challenge,
    team_id: str,
    finding_ids: Sequence[str],
    words: str,
    by: str,
    now: datetime,
) -> Case:
    """Open a case against one team; the team is not told yet.

    Args:
        session: Of the unit of work.
        challenge: Of the findings.
        team_id: The accused; each finding names it.
        finding_ids: What it rests on; copied, so that later scans change nothing in the case.
        words: What the team is asked, in the host's words.
        by: Person id of an organizer or judge.
        now: The database's time.

    Raises:
        FindingNotFoundError: Not in this challenge.
        BadCaseError, BadWordsError, PartyError: See `rules`.
        CaseOpenError: One is open already that rests on one of these findings.

    """
    challenges.lock_challenge(session, challenge.id)
    said = rules.clean_words(words)
    found = [
        queries.finding(session, challenge_id=challenge.id, finding_id=finding_id)
        for finding_id in dict.fromkeys(finding_ids)
    ]
    evidence = [each.found for each in found]
    rules.check_evidence(evidence, team_id=team_id)
    rules.check_judge(by, parties=history.parties(session, evidence))
    _check_new(session, team_id=team_id, finding_ids=finding_ids)
    row = models.CaseRow(
        challenge_id=challenge.id,
        team_id=team_id,
        state=CaseState.OPENED.value,
        opened_at=now,
        due_at=rules.due_at(CaseState.OPENED, now=now),
    )
    session.add(row)
    session.flush()
    session.add_all(
        models.CaseEvidenceRow(
            case_id=row.id, position=position, finding_id=each.id, **columns_of(each.found)
        )
        for position, each in enumerate(found)
    )
    history.step(session, row, StepKind.OPENED, by=by, words=said, now=now)
    return queries.case(session, row.id)


def notify(session: Session, *, case_id: str, by: str, now: datetime) -> Case:
    """Tell the team: it sees the evidence and may reply; raises `CaseMoveError`, `PartyError`."""
    row, before = history.locked_in_time(session, case_id, now=now)
    rules.check_judge(by, parties=history.parties(session, before.evidence))
    history.move(row, CaseState.NOTIFIED, now=now)
    history.step(session, row, StepKind.NOTIFIED, by=by, now=now)
    history.tell_team(
        session,
        row,
        "There is a case about your team. It is a question, not a verdict: look at the evidence "
        f"and reply within {rules.CLOCK_DAYS[CaseState.NOTIFIED]} days.",
        now=now,
    )
    return queries.case(session, case_id)


def drop(session: Session, *, case_id: str, words: str, by: str, now: datetime) -> Case:
    """Close a case before the team was told; raises `CaseMoveError`, `BadWordsError`."""
    row, before = history.locked_in_time(session, case_id, now=now)
    rules.check_judge(by, parties=history.parties(session, before.evidence))
    rules.check_move(CaseState(row.state), CaseState.NOTIFIED)
    history.close(row, Outcome.DROPPED)
    history.step(session, row, StepKind.DROPPED, by=by, words=rules.clean_words(words), now=now)
    return queries.case(session, case_id)


def reply(
    session: Session,
    *,
    case_id: str,
    words: str,
    file_name: str = "",
    file_sha256: str = "",
    by: str,
    now: datetime,
) -> Case:
    """Let a member of the team answer, perhaps with the digest of a file that shows the way.

    Raises:
        CaseMoveError: There was a reply, or the case is decided.
        BadWordsError: No words, too many, or no digest.

    """
    row, _ = history.locked_in_time(session, case_id, now=now)
    said, digest = rules.clean_words(words), rules.clean_sha256(file_sha256)
    name = file_name.strip()[:200] if digest else ""
    history.move(row, CaseState.REPLIED, now=now)
    history.step(
        session,
        row,
        StepKind.REPLIED,
        by=by,
        is_team=True,
        words=said,
        now=now,
        file=(name, digest),
    )
    history.tell_hosts(session, row, "The team replied; the case waits for a decision.", now=now)
    return queries.case(session, case_id)


def decide(
    session: Session,
    *,
    case_id: str,
    decision: Decision,
    reason: ReasonCode | None,
    words: str,
    by: str,
    now: datetime,
) -> Case:
    """Decide a case; a disqualification takes effect at once, and is lifted by a won appeal.

    Args:
        session: Of the unit of work.
        case_id: The case; its team replied, or had the time to.
        decision: What happens to the team.
        reason: The rule that was broken; not needed for NO_BREACH.
        words: Why; the team reads them.
        by: Person id of an organizer or judge who is in no team the evidence names.
        now: The database's time.

    Raises:
        CaseMoveError, PartyError, BadWordsError: See `rules`.
        AlreadyExcludedError, ChallengePutAwayError: See `submissions.exclusions`.

    """
    row, before = history.locked_in_time(session, case_id, now=now)
    said = rules.clean_words(words, at_most=rules.SAID_MAX)
    rules.check_reason(decision, reason)
    rules.check_judge(by, parties=history.parties(session, before.evidence))
    history.move(row, CaseState.DECIDED, now=now)
    row.decision, row.decided_by = decision.value, by
    row.reason = reason.value if reason and decision is not Decision.NO_BREACH else None
    if decision in (Decision.EXCLUDE_ENTRY, Decision.DISQUALIFY) and reason is not None:
        row.exclusion_id = _exclude(
            session, before, decision, reason=reason, words=said, by=by, now=now
        )
    outcome = rules.outcome_of_decision(decision)
    if outcome is not None:
        history.close(row, outcome)
    history.step(session, row, StepKind.DECIDED, by=by, words=said, now=now)
    history.tell_team(session, row, _decision_words(decision, reason, said), now=now)
    return queries.case(session, case_id)


def appeal(session: Session, *, case_id: str, words: str, by: str, now: datetime) -> Case:
    """Let a member of the team appeal; raises `CaseMoveError`, `BadWordsError`."""
    row, _ = history.locked_in_time(session, case_id, now=now)
    said = rules.clean_words(words)
    history.move(row, CaseState.APPEALED, now=now)
    history.step(session, row, StepKind.APPEALED, by=by, is_team=True, words=said, now=now)
    history.tell_hosts(
        session,
        row,
        "The team appealed. Somebody else than who decided, or an administrator, decides it.",
        now=now,
    )
    return queries.case(session, case_id)


def decide_appeal(
    session: Session, *, case_id: str, is_won: bool, words: str, by: str, now: datetime
) -> Case:
    """Decide an appeal; a won one lifts the disqualification.

    Raises:
        SameJudgeError: The same person decided first.
        PartyError, CaseMoveError, BadWordsError: See `rules`.

    """
    row, before = history.locked_in_time(session, case_id, now=now)
    said = rules.clean_words(words, at_most=rules.SAID_MAX)
    rules.check_appeal_judge(by, decided_by=before.decided_by)
    rules.check_judge(by, parties=history.parties(session, before.evidence))
    if before.state is not CaseState.APPEALED:
        rules.check_move(before.state, CaseState.APPEALED)
        raise CaseMoveError("There is no appeal to decide.")
    end_appeal(session, row, before, is_won=is_won, words=said, by=by, now=now)
    return queries.case(session, case_id)


def _check_new(session: Session, *, team_id: str, finding_ids: Sequence[str]) -> None:
    row, kept = models.CaseRow, models.CaseEvidenceRow
    found = session.exec(
        select(row.id)
        .join(kept, col(kept.case_id) == col(row.id))
        .where(col(row.team_id).in_(accounts.lineage(session, team_id)))
        .where(row.state != CaseState.CLOSED.value)
        .where(col(kept.finding_id).in_(finding_ids))
    ).first()
    if found is not None:
        raise CaseOpenError("A case against this team rests on one of these findings already.")


def end_appeal(
    session: Session,
    row: models.CaseRow,
    before: Case,
    *,
    is_won: bool,
    words: str,
    by: str,
    now: datetime,
) -> None:
    """Close a case whose appeal is decided, and lift the disqualification when it was won."""
    in_force = {each.id for each in exclusions.of_team(session, team_id=before.team_id)}
    if is_won and before.exclusion_id is not None and before.exclusion_id in in_force:
        challenge = challenges.lock_challenge(session, row.challenge_id)
        exclusions.lift(
            session,
            exclusion_id=before.exclusion_id,
            challenge=challenge,
            words=words,
            by=by,
            now=now,
        )
    history.close(row, Outcome.OVERTURNED if is_won else Outcome.CONFIRMED)
    history.step(session, row, StepKind.APPEAL_DECIDED, by=by, words=words, now=now)
    result = "won: the decision is taken back." if is_won else "lost: the decision stands."
    history.tell_team(session, row, f"Your appeal is {result} {words}", now=now)


def _exclude(
    session: Session,
    before: Case,
    decision: Decision,
    *,
    reason: ReasonCode,
    words: str,
    by: str,
    now: datetime,
) -> str:
    submission_id = None
    if decision is Decision.EXCLUDE_ENTRY:
        submission_id = rules.entry_in_question(before)
        if submission_id is None:
            raise BadCaseError(
                "The evidence names no entry: warn the team, or disqualify it as a whole."
            )
    exclusion = exclusions.disqualify(
        session,
        challenge=challenges.lock_challenge(session, before.challenge_id),
        team_id=before.team_id,
        submission_id=submission_id,
        reason=reason,
        words=words,
        by=by,
        now=now,
    )
    return exclusion.id


def _decision_words(decision: Decision, reason: ReasonCode | None, words: str) -> str:
    if decision is Decision.NO_BREACH or reason is None:
        return f"It is decided and closed: no rule was broken. {words}"
    what = {
        Decision.WARNING: "a warning, and nothing else happens",
        Decision.EXCLUDE_ENTRY: "your submission in question is disqualified",
    }.get(decision, "your team is disqualified")
    days = rules.CLOCK_DAYS[CaseState.DECIDED]
    return (
        f"It is decided: {what}, because {TITLES[reason]}. {words} You may appeal within {days} "
        "days; somebody else decides the appeal."
    )
