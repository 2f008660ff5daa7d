"""A stored plan reads back as the same plan."""

from dataclasses import replace
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st
from tests.challenges.plans import PLAN

from palio.challenges.contracts import ChallengePlan, EntryRule, PhasePlan, Quota, TeamRules
from palio.challenges.plan_json import plan_from_json, plan_to_json
from palio.challenges.prize_contracts import PrizePlan, TieRule
from palio.core.money import Money
from palio.scoring.card import MetricChoice
from palio.scoring.form import FileFormat, IdKind, PredictionForm, TargetColumn, TargetKind

TEXT = st.text(max_size=8)
INSTANT = st.datetimes(timezones=st.just(UTC))
WHOLE = st.integers(min_value=-(2**62), max_value=2**62)
REAL = st.floats(allow_nan=False, allow_infinity=False)
TARGET = st.builds(
    TargetColumn,
    name=TEXT,
    kind=st.sampled_from(TargetKind),
    minimum=st.none() | REAL,
    maximum=st.none() | REAL,
    labels=st.lists(TEXT, max_size=3).map(tuple),
)
TARGETS = st.lists(TARGET, max_size=3).map(tuple)
PARAMETERS = st.lists(st.tuples(TEXT, REAL | WHOLE | TEXT), max_size=3).map(tuple)
QUOTA = st.builds(Quota, per_day=st.none() | WHOLE, total=st.none() | WHOLE, zone=TEXT)
PLANS = st.builds(
    ChallengePlan,
    slug=TEXT,
    title=TEXT,
    tagline=TEXT,
    organizer=TEXT,
    tags=st.lists(TEXT, max_size=2).map(tuple),
    data_licence=TEXT,
    metrics=st.lists(
        st.builds(MetricChoice, name=TEXT, parameters=PARAMETERS, digits=WHOLE), max_size=2
    ).map(tuple),
    form=st.builds(
        PredictionForm,
        id_column=TEXT,
        id_kind=st.sampled_from(IdKind),
        targets=TARGETS,
        formats=st.lists(st.sampled_from(FileFormat), max_size=3).map(tuple),
        max_bytes=WHOLE,
        max_line_bytes=WHOLE,
        max_value_chars=WHOLE,
    ),
    truth=TARGETS,
    public_share=st.none() | REAL,
    split_seed=st.none() | WHOLE,
    phases=st.lists(
        st.builds(PhasePlan, name=TEXT, opens_at=INSTANT, closes_at=INSTANT, quota=QUOTA),
        max_size=2,
    ).map(tuple),
    teams=st.builds(
        TeamRules,
        max_members=WHOLE,
        entry_deadline=st.none() | INSTANT,
        merge_deadline=st.none() | INSTANT,
    ),
    entry_rule=st.sampled_from(EntryRule),
    finals=WHOLE,
    tie_rule=st.sampled_from(TieRule),
    prizes=st.lists(
        st.builds(
            PrizePlan, rank=WHOLE, title=TEXT, money=st.builds(Money, minor=WHOLE, currency=TEXT)
        ),
        max_size=2,
    ).map(tuple),
    reveal_at=st.none() | INSTANT,
)


@given(plan=PLANS)
def test_any_plan_survives_the_way_through_json(plan: ChallengePlan) -> None:
    assert plan_from_json(plan_to_json(plan)) == plan


def test_kinds_of_numbers_survive_the_way_through_json() -> None:
    parameters = (("a", 1), ("b", 1.0), ("c", "1"))
    plan = replace(PLAN, metrics=(MetricChoice("m", parameters),))
    read = plan_from_json(plan_to_json(plan)).metrics[0].parameters
    assert [type(value) for _, value in read] == [int, float, str]
