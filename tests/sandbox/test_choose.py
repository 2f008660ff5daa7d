import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox.choose import (
    Backend,
    Boxes,
    Need,
    NoBoxError,
    Offer,
    Policy,
    choose,
    is_at_least,
    least_for,
)
from palio.sandbox.fake import FakeSandbox
from palio.sandbox.spec import Level, Probe

NAMESPACES = Probe("bubblewrap", Level.NAMESPACES, (), ())
CONTAINER = Probe("docker", Level.CONTAINER, (), ())
GVISOR = Probe("docker", Level.GVISOR, (), ())
UNFIT = Probe("docker", Level.NONE, (), ("no Docker engine answers: start it.",))
ALL = (NAMESPACES, CONTAINER, GVISOR)


@pytest.mark.parametrize("need", [Need.CODE, Need.IMAGE])
def test_participants_programs_get_the_strongest_wall(need: Need) -> None:
    assert choose(need, ALL, Policy()) == GVISOR
    assert choose(need, (NAMESPACES, CONTAINER, UNFIT), Policy()) == CONTAINER
    assert choose(need, (NAMESPACES, UNFIT), Policy()) == NAMESPACES


def test_metric_gets_the_box_that_starts_fastest() -> None:
    assert choose(Need.METRIC, ALL, Policy()) == NAMESPACES
    assert choose(Need.METRIC, (GVISOR, CONTAINER), Policy()) == CONTAINER


def test_settings_can_ask_for_one_backend() -> None:
    assert choose(Need.IMAGE, ALL, Policy(backend=Backend.BUBBLEWRAP)) == NAMESPACES
    assert choose(Need.METRIC, ALL, Policy(backend=Backend.DOCKER)) == CONTAINER


def test_too_weak_a_wall_is_refused_with_what_is_missing() -> None:
    policy = Policy(least_for_images=Level.GVISOR)
    with pytest.raises(NoBoxError) as refused:
        choose(Need.IMAGE, (NAMESPACES, UNFIT), policy)
    assert str(refused.value) == (
        "Nothing here may run a participant's image: a box of level gvisor or stronger is needed.\n"
        "bubblewrap: level namespaces.\n"
        "docker: level none. no Docker engine answers: start it."
    )
    assert choose(Need.CODE, (NAMESPACES, UNFIT), policy) == NAMESPACES


def test_backend_that_the_settings_leave_out_is_named() -> None:
    with pytest.raises(NoBoxError) as refused:
        choose(Need.CODE, (NAMESPACES,), Policy(backend=Backend.DOCKER))
    assert str(refused.value).endswith("bubblewrap: not used, the settings say docker.")


def test_nothing_runs_when_it_is_switched_off() -> None:
    for need in Need:
        with pytest.raises(NoBoxError, match="switched off"):
            choose(need, ALL, Policy(backend=Backend.NONE))


@given(
    need=st.sampled_from(Need),
    levels=st.lists(st.sampled_from(Level), max_size=4),
    policy=st.builds(
        Policy,
        backend=st.sampled_from(Backend),
        least_for_code=st.sampled_from(Level),
        least_for_images=st.sampled_from(Level),
    ),
)
def test_chosen_box_is_never_weaker_than_asked(
    need: Need, levels: list[Level], policy: Policy
) -> None:
    probes = tuple(Probe("docker", level, (), ()) for level in levels)
    try:
        chosen = choose(need, probes, policy)
    except NoBoxError:
        return
    assert chosen in probes
    assert is_at_least(chosen.level, least_for(need, policy))
    assert chosen.level is not Level.NONE


def test_boxes_give_the_sandbox_of_the_chosen_probe() -> None:
    weak, strong = FakeSandbox(level=Level.NAMESPACES), FakeSandbox(level=Level.GVISOR)
    offers = (Offer(weak, weak.probe()), Offer(strong, strong.probe()))
    boxes = Boxes(offers, Policy(least_for_images=Level.CONTAINER))
    assert boxes.for_need(Need.IMAGE) is strong
    assert boxes.for_need(Need.METRIC) is weak
    assert not Boxes(offers[:1], boxes.policy).offers_need(Need.IMAGE)
