"""Findings in words: what was measured, the exact numbers, and how common they are here.

The same words for hosts and for the accused, but for the names: who is accused reads of "another
team".
"""

from collections.abc import Mapping
from typing import Final

from palio.cases.contracts import (
    CaseState,
    Decision,
    FindingKind,
    NewFinding,
    Numbers,
    Outcome,
    Signal,
)
from palio.cases.linked import LISTED_FROM, STRONG_FROM

SIGNALS: Final[dict[Signal, str]] = {
    Signal.SAME_MAIL: "the same mail address, but for what people add to it",
    Signal.SHARED_ADDRESS: "the same network address within two weeks",
    Signal.SIGNED_UP_TOGETHER: "signed up within minutes from the same network address",
    Signal.TAKING_TURNS: "one team submits when the other's tries of the day have ended",
    Signal.SAME_PREDICTIONS: "predictions too close to be independent",
    Signal.FIRST_FILE: "the first entry of one is close to an earlier one of the other",
    Signal.COMPLEMENTARY: "both vary the same file, each in other rows",
}
DECISIONS: Final[dict[Decision, str]] = {
    Decision.NO_BREACH: "No rule was broken",
    Decision.WARNING: "A warning",
    Decision.EXCLUDE_ENTRY: "The submission in question is disqualified",
    Decision.DISQUALIFY: "The team is disqualified",
}
OUTCOMES: Final[dict[Outcome, str]] = {
    Outcome.DROPPED: "Dropped before the team was told",
    Outcome.CLEARED: "No rule was broken",
    Outcome.NOT_DECIDED: "Nobody decided in time; nothing happens to the team",
    Outcome.STANDS: "The decision stands; there was no appeal",
    Outcome.CONFIRMED: "The appeal was lost; the decision stands",
    Outcome.OVERTURNED: "The appeal was won; the decision is taken back",
}
STATES: Final[dict[CaseState, str]] = {
    CaseState.OPENED: "opened, the team does not know yet",
    CaseState.NOTIFIED: "the team may reply",
    CaseState.REPLIED: "waits for a decision",
    CaseState.UNANSWERED: "no reply in time, waits for a decision",
    CaseState.DECIDED: "decided, the team may appeal",
    CaseState.APPEALED: "waits for the decision on the appeal",
    CaseState.CLOSED: "closed",
}
TO_ACCUSED: Final[dict[CaseState, str]] = {
    CaseState.NOTIFIED: "Your turn: reply below. Nothing is decided before.",
    CaseState.REPLIED: "Your reply is with the organizers, who decide next.",
    CaseState.UNANSWERED: "The organizers may decide now; until they do, you can still reply.",
    CaseState.DECIDED: "Your turn, if you think it wrong: appeal below.",
    CaseState.APPEALED: "Somebody else than who decided looks at your appeal.",
    CaseState.CLOSED: "It is closed; there is nothing left to do.",
}
UNTIL: Final[dict[CaseState, str]] = {
    CaseState.OPENED: "Notify or drop until",
    CaseState.NOTIFIED: "Reply until",
    CaseState.REPLIED: "Decision until",
    CaseState.UNANSWERED: "Decision until",
    CaseState.DECIDED: "Appeal until",
    CaseState.APPEALED: "Decision until",
}
KINDS: Final[dict[FindingKind, str]] = {
    FindingKind.EQUAL_FILES: "Equal predictions",
    FindingKind.EQUAL_ROWS: "Equal values",
    FindingKind.CLOSE_PREDICTIONS: "Close predictions",
    FindingKind.LINKED_ACCOUNTS: "Linked accounts",
    FindingKind.PROBING: "Probing pattern",
}


_MANY = 1_000  # pairs, from which one in a thousand means something


def evidence(found: NewFinding, *, names: Mapping[str, str]) -> tuple[str, ...]:
    """Return a finding in sentences: what was seen, on the whole files, how common it is.

    Args:
        found: The finding.
        names: Of its teams by id, or "your team" and "another team".

    """
    who = [names.get(team_id, "another team") for team_id in found.team_ids]
    sentences = [_SEEN[found.kind](found, who)]
    sentences += [_confirmed(found.numbers)] if "rows" in found.numbers else []
    return (*sentences, base_rate(found))


def base_rate(found: NewFinding) -> str:
    """Say how often such a value occurs in this challenge."""
    rate = found.rate
    is_pair = len(found.team_ids) > 1
    what = "pairs of teams" if is_pair else "teams"
    share = f"{rate.as_high:,} of the {rate.of:,} {what} here" if rate.of > 1 else ""
    if not share:
        only = "pair of teams" if is_pair else "team"
        return f"It is the only {only} compared, so nothing can be said of how common this is."
    words = f"{share} {'have' if rate.as_high != 1 else 'has'} as much or more, this one included"
    if found.kind is FindingKind.CLOSE_PREDICTIONS:
        words += f"; half of all pairs lie below {rate.typical:.2f}"
        words += f", 99.9 % below {rate.high:.2f}" if rate.of >= _MANY else ""
    if found.kind is FindingKind.PROBING:
        words += f"; half of the teams have at most {rate.typical:.0f}"
    return f"{words}."


def _equal_files(_: NewFinding, who: list[str]) -> str:
    return f"{_both(who)} handed in the same predictions, value for value."


def _equal_rows(found: NewFinding, who: list[str]) -> str:
    return (
        f"{_both(who)} predicted the same value, to four decimals, on {found.value:.1%} of "
        f"{found.numbers['sampled']:,.0f} rows drawn in secret; values a baseline has too do not "
        "count."
    )


def _close(found: NewFinding, who: list[str]) -> str:
    return (
        f"The predictions of {who[0]} and {who[1]} correlate at {found.value:.3f} once what all "
        "teams and the baselines have in common is taken out (1 = the same; estimated from "
        "sketches)."
    )


def _linked(found: NewFinding, who: list[str]) -> str:
    said = "; ".join(SIGNALS[signal] for signal in found.signals)
    return (
        f"{_both(who)} share signals that add up to {found.value:g}: {said}. Listed from "
        f"{LISTED_FROM:g}, strong from {STRONG_FROM:g}; each signal has innocent readings."
    )


def _probing(found: NewFinding, who: list[str]) -> str:
    return (
        f"{found.value:.0f} of {found.numbers['entries']:.0f} entries of {who[0]} differ from an "
        f"earlier one in few rows or set a group of rows to one value "
        f"({found.numbers['constant']:.0f} of them do the latter)."
    )


_SEEN: Final = {
    FindingKind.EQUAL_FILES: _equal_files,
    FindingKind.EQUAL_ROWS: _equal_rows,
    FindingKind.CLOSE_PREDICTIONS: _close,
    FindingKind.LINKED_ACCOUNTS: _linked,
    FindingKind.PROBING: _probing,
}


def _confirmed(numbers: Numbers) -> str:
    words = (
        f"On the whole files ({numbers['rows']:,.0f} rows): {numbers['exact_equal']:.2%} of the "
        "values are equal"
    )
    if "exact_raw" in numbers:
        words += f", the plain correlation is {numbers['exact_raw']:.4f}"
    if "exact_partial" in numbers:
        words += (
            f", the partial one {numbers['exact_partial']:.4f} (against the mean of "
            f"{numbers['others']:.0f} other teams)"
        )
    return f"{words}."


def _both(who: list[str]) -> str:
    text = f"{who[0]} and {who[1]}"
    return text[0].upper() + text[1:]
