"""The table of moves, and what awards do by themselves, whatever the facts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.prizes.plans import plan_with

from palio.challenges.prize_contracts import Gate
from palio.core.money import Money
from palio.prizes import clocks, rules, states
from palio.prizes.contracts import Award, AwardState

S = AwardState
AT = datetime(2026, 11, 22, tzinfo=UTC)
FACTS = st.builds(
    rules.Facts,
    passed=st.frozensets(st.sampled_from(Gate)),
    has_open_case=st.booleans(),
    is_signed=st.booleans(),
    has_proposal=st.booleans(),
    is_blocked=st.booleans(),
)


def award(state: AwardState, *, entered_at: datetime = AT, due_at: datetime | None = None) -> Award:
    return Award(
        id="a",
        challenge_id="c",
        team_id="t",
        team_name="T",
        place=1,
        title="First",
        money=Money(100, "EUR"),
        score=Decimal(1),
        submission_id="s",
        state=state,
        made_at=AT,
        decided_at=None,
        entered_at=entered_at,
        due_at=due_at,
    )


def test_every_state_has_its_moves_and_lost_is_lost() -> None:
    assert set(states.MOVES) == set(S)
    assert set(S) == states.UNDECIDED | states.GIVEN | states.LOST
    assert [s for s in (S.DECLINED, S.FORFEITED, S.CLAWED_BACK) if states.MOVES[s]] == []
    assert all(states.may_move(a, b) for a, b in zip(states.WAY, states.WAY[1:], strict=False))


def test_money_that_is_set_apart_leaves_only_by_the_way_or_by_taking_it_back() -> None:
    by_word = {S.PROVISIONAL, S.SUPERSEDED}  # before anything is sent
    assert states.MOVES[S.PAYABLE] == {S.SENT, S.CLAWED_BACK, S.DISQUALIFIED} | by_word
    assert states.MOVES[S.SENT] == {S.CONFIRMED, S.RETURNED, S.CLAWED_BACK}
    assert states.MOVES[S.RETURNED] == {S.PAYABLE, S.DISQUALIFIED, S.CLAWED_BACK}


@given(
    st.sampled_from(S),
    st.frozensets(st.sampled_from(Gate)),
    FACTS,
    st.integers(0, 40),
    st.integers(0, 10),
)
def test_an_award_moves_by_itself_only_as_the_table_says(
    state: AwardState, gates: frozenset[Gate], facts: rules.Facts, days: int, hold: int
) -> None:
    plan = plan_with(gates=tuple(sorted(gates)), hold_days=hold)
    due = clocks.due_at(state, plan=plan, entered_at=AT)
    to = rules.next_state(
        award(state, due_at=due), plan=plan, facts=facts, now=AT + timedelta(days=days)
    )
    assert to is None or states.may_move(state, to)
    if to is S.PAYABLE:
        assert not facts.has_open_case
        assert not facts.is_blocked
    if to is S.ELIGIBLE:
        assert gates <= facts.passed
    if state in states.LOST:
        assert to is None


@given(FACTS, st.integers(0, 30))
def test_a_team_that_is_waited_for_forfeits_exactly_when_its_time_is_over(
    facts: rules.Facts, days: int
) -> None:
    plan = plan_with(gates=(Gate.IDENTITY,))
    for state, limit in ((S.NOTIFIED, 7), (S.ACCEPTED, 14)):
        due = clocks.due_at(state, plan=plan, entered_at=AT)
        now = AT + timedelta(days=days)
        to = rules.next_state(award(state, due_at=due), plan=plan, facts=facts, now=now)
        assert to is (S.FORFEITED if days >= limit else None)


def test_a_reminder_comes_a_day_before_or_half_way() -> None:
    week, day = AT + timedelta(days=7), AT + timedelta(days=1)
    assert clocks.remind_at(S.NOTIFIED, due=week, entered_at=AT) == week - timedelta(days=1)
    assert clocks.remind_at(S.NOTIFIED, due=day, entered_at=AT) == AT + timedelta(hours=12)
    assert clocks.remind_at(S.PROVISIONAL, due=week, entered_at=AT) is None


def test_an_unsigned_proposal_waits_for_signatures_as_long_as_a_silent_organizer_may() -> None:
    plan = plan_with(gates=(Gate.IDENTITY,))
    facts = rules.Facts(passed=frozenset({Gate.IDENTITY}), has_proposal=True)
    eligible = award(S.ELIGIBLE, due_at=AT)
    assert rules.next_state(eligible, plan=plan, facts=facts, now=AT) is None
    late = AT + timedelta(days=14)
    assert rules.next_state(eligible, plan=plan, facts=facts, now=late) is S.SPLIT_SIGNED
