"""The table of moves, the clocks, and who may decide."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.cases import rules
from palio.cases.contracts import (
    BaseRate,
    CaseState,
    Decision,
    FindingKind,
    NewFinding,
    Outcome,
    Strength,
)
from palio.cases.errors import (
    BadCaseError,
    BadWordsError,
    CaseMoveError,
    PartyError,
    SameJudgeError,
)
from palio.submissions.exclusion_contracts import ReasonCode

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def finding(*teams: str) -> NewFinding:
    return NewFinding(
        FindingKind.EQUAL_FILES, Strength.STRONG, teams, ("s",) * len(teams), 1.0, BaseRate(1, 3)
    )


@given(st.lists(st.sampled_from(CaseState), max_size=12))
def test_any_order_of_steps_keeps_to_the_table(steps: list[CaseState]) -> None:
    state = CaseState.OPENED
    for to in steps:
        if to in rules.MOVES[state]:
            rules.check_move(state, to)
            state = to
        else:
            with pytest.raises(CaseMoveError):
                rules.check_move(state, to)


def test_every_state_but_the_last_has_a_clock_a_move_and_an_end() -> None:
    alive = set(CaseState) - {CaseState.CLOSED}
    assert set(rules.CLOCK_DAYS) == alive
    for state in alive:
        to, outcome = rules.time_up(state)
        assert to in rules.MOVES[state]
        assert (outcome is None) is (to is not CaseState.CLOSED)
    assert rules.due_at(CaseState.CLOSED, now=NOW) is None


def test_nobody_decides_before_the_team_had_its_time() -> None:
    for early in (CaseState.OPENED, CaseState.NOTIFIED):
        assert CaseState.DECIDED not in rules.MOVES[early]


def test_silence_of_judges_ends_in_favour_of_the_team() -> None:
    outcomes = {state: rules.time_up(state)[1] for state in rules.CLOCK_DAYS}
    assert outcomes == {
        CaseState.OPENED: Outcome.DROPPED,
        CaseState.NOTIFIED: None,
        CaseState.REPLIED: Outcome.NOT_DECIDED,
        CaseState.UNANSWERED: Outcome.NOT_DECIDED,
        CaseState.DECIDED: Outcome.STANDS,
        CaseState.APPEALED: Outcome.OVERTURNED,
    }


@pytest.mark.parametrize(
    ("before", "is_due"),
    [(timedelta(days=3), False), (timedelta(days=2), True), (timedelta(0), False)],
)
def test_reminder_is_due_in_the_last_two_days(before: timedelta, *, is_due: bool) -> None:
    assert rules.is_reminder_due(due=NOW + before, now=NOW) is is_due


def test_evidence_has_to_be_about_the_accused() -> None:
    rules.check_evidence([finding("a", "b")], team_id="b")
    with pytest.raises(BadCaseError):
        rules.check_evidence([], team_id="a")
    with pytest.raises(BadCaseError):
        rules.check_evidence([finding("a", "b"), finding("b", "c")], team_id="a")


def test_judges_are_no_party_and_an_appeal_has_another_one() -> None:
    rules.check_judge("judy", parties={"ada"})
    rules.check_appeal_judge("judy", decided_by="olga")
    with pytest.raises(PartyError):
        rules.check_judge("ada", parties={"ada"})
    with pytest.raises(SameJudgeError):
        rules.check_appeal_judge("olga", decided_by="olga")


def test_decision_against_a_team_names_the_rule() -> None:
    rules.check_reason(Decision.NO_BREACH, None)
    rules.check_reason(Decision.WARNING, ReasonCode.COPIED)
    with pytest.raises(BadWordsError):
        rules.check_reason(Decision.DISQUALIFY, None)


@pytest.mark.parametrize("words", ["", "  ", "x" * 5_001, "a\0b"])
def test_words_that_say_nothing_or_too_much_are_refused(words: str) -> None:
    with pytest.raises(BadWordsError):
        rules.clean_words(words)


def test_digest_of_a_file_is_one_or_none() -> None:
    assert (rules.clean_sha256(" " + "AB" * 32), rules.clean_sha256("")) == ("ab" * 32, "")
    with pytest.raises(BadWordsError):
        rules.clean_sha256("ab")
