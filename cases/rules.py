"""The way of a case: which step follows which, how long each may take, and who may take it."""

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from palio.cases.contracts import Case, CaseState, Decision, NewFinding, Outcome
from palio.cases.errors import (
    BadCaseError,
    BadWordsError,
    CaseLateError,
    CaseMoveError,
    PartyError,
    SameJudgeError,
)
from palio.submissions.exclusion_contracts import ReasonCode

_State = CaseState

# Days each state may last. All clocks of cases are here, and every page shows them from here.
CLOCK_DAYS: Final[dict[CaseState, int]] = {
    _State.OPENED: 7,  # to tell the team, or to drop it
    _State.NOTIFIED: 7,  # to reply
    _State.REPLIED: 14,  # to decide
    _State.UNANSWERED: 14,  # to decide
    _State.DECIDED: 7,  # to appeal
    _State.APPEALED: 14,  # to decide the appeal
}
REMIND_BEFORE = timedelta(days=2)

MOVES: Final[dict[CaseState, frozenset[CaseState]]] = {
    _State.OPENED: frozenset({_State.NOTIFIED, _State.CLOSED}),
    _State.NOTIFIED: frozenset({_State.REPLIED, _State.UNANSWERED}),
    _State.UNANSWERED: frozenset({_State.REPLIED, _State.DECIDED, _State.CLOSED}),
    _State.REPLIED: frozenset({_State.DECIDED, _State.CLOSED}),
    _State.DECIDED: frozenset({_State.APPEALED, _State.CLOSED}),
    _State.APPEALED: frozenset({_State.CLOSED}),
    _State.CLOSED: frozenset(),
}
# What happens when nobody acts. Silence of those who judge is never to the team's harm.
_TIME_UP: Final[dict[CaseState, tuple[CaseState, Outcome | None]]] = {
    _State.OPENED: (_State.CLOSED, Outcome.DROPPED),
    _State.NOTIFIED: (_State.UNANSWERED, None),
    _State.REPLIED: (_State.CLOSED, Outcome.NOT_DECIDED),
    _State.UNANSWERED: (_State.CLOSED, Outcome.NOT_DECIDED),
    _State.DECIDED: (_State.CLOSED, Outcome.STANDS),
    _State.APPEALED: (_State.CLOSED, Outcome.OVERTURNED),
}
TURN_OF_TEAM: Final = frozenset({_State.NOTIFIED, _State.DECIDED})
_NEXT_WORDS: Final[dict[CaseState, str]] = {
    _State.OPENED: "The team does not know of it yet: notify it, or drop the case.",
    _State.NOTIFIED: "The team may reply.",
    _State.REPLIED: "It waits for a decision.",
    _State.UNANSWERED: "The time for a reply is over; it waits for a decision.",
    _State.DECIDED: "It is decided; the team may appeal.",
    _State.APPEALED: "It waits for the decision on the appeal.",
    _State.CLOSED: "It is closed.",
}

WORDS_MAX = 5_000
SAID_MAX = 1_500  # of words that go into a message too
_SHA256 = re.compile(r"[0-9a-f]{64}")


def due_at(state: CaseState, *, now: datetime) -> datetime | None:
    """Return when the clock of a state entered now runs out."""
    days = CLOCK_DAYS.get(state)
    return None if days is None else now + timedelta(days=days)


def check_move(state: CaseState, to: CaseState) -> None:
    """Raise `CaseMoveError` unless the case may go there by somebody's deed."""
    if to not in MOVES[state]:
        raise CaseMoveError(f"This cannot be done now. {next_words(state)}")


def is_in_time(state: CaseState, *, due: datetime | None, now: datetime) -> bool:
    """Say whether a step may still be taken; a reply is taken until there is a decision."""
    return due is None or now < due or state is CaseState.NOTIFIED


def check_in_time(state: CaseState, *, due: datetime | None, now: datetime) -> None:
    """Raise `CaseLateError` when the clock has run out, whether or not a worker has seen it."""
    if due is not None and not is_in_time(state, due=due, now=now):
        raise CaseLateError(
            f"The time for this ended {due:%Y-%m-%d %H:%M} UTC; the case goes on by itself within "
            "minutes."
        )


def next_words(state: CaseState) -> str:
    """Say what a case in this state waits for."""
    return _NEXT_WORDS[state]


def time_up(state: CaseState) -> tuple[CaseState, Outcome | None]:
    """Return where a case goes when its clock has run out, and how it ended, if it did."""
    return _TIME_UP[state]


def is_reminder_due(*, due: datetime, now: datetime) -> bool:
    """Say whether those whose turn it is are to be reminded."""
    return due - REMIND_BEFORE <= now < due


def check_evidence(evidence: Collection[NewFinding], *, team_id: str) -> None:
    """Raise `BadCaseError` unless there is evidence and all of it is about the team."""
    if not evidence:
        raise BadCaseError("Name the findings that the case rests on.")
    if any(team_id not in found.team_ids for found in evidence):
        raise BadCaseError("A finding is about other teams. Open a case against one it names.")


def check_judge(person_id: str, *, parties: Collection[str]) -> None:
    """Raise `PartyError` when somebody who decides is in a team the evidence names."""
    if person_id in parties:
        raise PartyError("You are in a team this case is about. Somebody else has to decide it.")


def check_appeal_judge(person_id: str, *, decided_by: str) -> None:
    """Raise `SameJudgeError` when somebody would judge the own decision."""
    if person_id == decided_by:
        raise SameJudgeError(
            "You decided this case. Another organizer or judge, or an administrator of this "
            "site, has to decide the appeal."
        )


def outcome_of_decision(decision: Decision) -> Outcome | None:
    """Return the outcome of a decision that leaves nothing to appeal."""
    return Outcome.CLEARED if decision is Decision.NO_BREACH else None


def entry_in_question(case: Case) -> str | None:
    """Return the accused team's entry that the evidence names first, None when it names none."""
    for found in case.evidence:
        for team_id, submission_id in zip(found.team_ids, found.submission_ids, strict=False):
            if team_id == case.team_id:
                return submission_id
    return None


def check_reason(decision: Decision, reason: ReasonCode | None) -> None:
    """Raise `BadWordsError` when a decision against the team names no rule."""
    if decision is not Decision.NO_BREACH and reason is None:
        raise BadWordsError("Name the reason: which rule was broken.")


def clean_words(words: str, *, at_most: int = WORDS_MAX) -> str:
    """Return words that can be stored; raises `BadWordsError`."""
    said = words.strip()
    if not said or "\0" in said:
        raise BadWordsError("Say it in words: the other side reads them.")
    if len(said) > at_most:
        raise BadWordsError(f"{len(said)} characters are too many; {at_most} are possible.")
    return said


def clean_sha256(text: str) -> str:
    """Return a digest in lower case, empty when there is none; raises `BadWordsError`."""
    digest = text.strip().lower()
    if digest and not _SHA256.fullmatch(digest):
        raise BadWordsError("The SHA-256 of a file has 64 hex digits: sha256sum FILE")
    return digest


def is_open(case: Case) -> bool:
    """Say whether a case has not ended."""
    return case.state is not CaseState.CLOSED
