from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.sandbox import choose as module
from palio.sandbox.choose import (
    Backend,
    Need,
    NoBoxError,
    Policy,
    choose,
    find,
    is_at_least,
    least_for,
    look,
)
from palio.sandbox.fake import FakeSandbox
from palio.sandbox.spec import Level, Probe

NAMESPACES = Probe("bubblewrap", Level.NAMESPACES, (), ())
CONTAINER = Probe("docker", Level.CONTAINER, (), ())
GVISOR = Probe("docker", Level.GVISOR, (), ())
UNFIT = Probe("docker", Level.NONE, (), ("no Docker engine answers: start it.",))
ALL = {Backend.BUBBLEWRAP: NAMESPACES, Backend.DOCKER: CONTAINER, Backend.GVISOR: GVISOR}
WITHOUT_ENGINE = ALL | {Backend.DOCKER: UNFIT, Backend.GVISOR: UNFIT}


def test_images_get_the_strongest_wall() -> None:
    assert choose(Need.IMAGE, ALL, Policy()) is Backend.GVISOR
    assert choose(Need.IMAGE, ALL | {Backend.GVISOR: UNFIT}, Policy()) is Backend.DOCKER
    assert choose(Need.IMAGE, WITHOUT_ENGINE, Policy()) is Backend.BUBBLEWRAP


@pytest.mark.parametrize("need", [Need.CODE, Need.METRIC])
def test_programs_in_a_root_of_ours_get_the_quickest_box(need: Need) -> None:
    assert choose(need, ALL, Policy()) is Backend.BUBBLEWRAP
    assert choose(need, ALL | {Backend.BUBBLEWRAP: UNFIT}, Policy()) is Backend.DOCKER


def test_code_gets_a_stronger_box_when_the_settings_ask_for_it() -> None:
    policy = Policy(least_for_code=Level.CONTAINER)
    assert choose(Need.CODE, ALL, policy) is Backend.DOCKER
    assert choose(Need.METRIC, ALL, policy) is Backend.BUBBLEWRAP


def test_only_what_the_settings_allow_is_used() -> None:
    policy = Policy(backends=(Backend.BUBBLEWRAP,))
    assert choose(Need.IMAGE, ALL, policy) is Backend.BUBBLEWRAP


def test_too_weak_a_wall_is_refused_with_what_is_missing() -> None:
    policy = Policy(least_for_images=Level.GVISOR)
    probes = {Backend.BUBBLEWRAP: NAMESPACES, Backend.DOCKER: UNFIT}
    with pytest.raises(NoBoxError) as refused:
        choose(Need.IMAGE, probes, policy)
    assert str(refused.value) == (
        "Nothing here may run a participant's image: a box of level gvisor or stronger is needed. "
        "bubblewrap: level namespaces. "
        "docker: level none. no Docker engine answers: start it."
    )
    assert choose(Need.CODE, probes, policy) is Backend.BUBBLEWRAP


@pytest.mark.parametrize("need", Need)
def test_nothing_runs_when_it_is_switched_off(need: Need) -> None:
    with pytest.raises(NoBoxError, match="switched off"):
        choose(need, ALL, Policy(backends=()))


PROBES = st.dictionaries(
    st.sampled_from(Backend), st.sampled_from(Level).map(lambda level: Probe("b", level, (), ()))
)
POLICIES = st.builds(
    Policy,
    backends=st.lists(st.sampled_from(Backend), unique=True).map(tuple),
    least_for_code=st.sampled_from(Level),
    least_for_images=st.sampled_from(Level),
)


@given(need=st.sampled_from(Need), probes=PROBES, policy=POLICIES)
def test_chosen_box_is_never_weaker_than_asked(
    need: Need, probes: Mapping[Backend, Probe], policy: Policy
) -> None:
    try:
        chosen = choose(need, probes, policy)
    except NoBoxError:
        return
    assert chosen in policy.backends
    assert is_at_least(probes[chosen].level, least_for(need, policy))
    assert probes[chosen].level is not Level.NONE


@given(
    need=st.sampled_from(Need),
    levels=st.fixed_dictionaries({backend: st.sampled_from(Level) for backend in Backend}),
    policy=POLICIES,
)
def test_looking_no_further_than_needed_changes_no_choice(
    need: Need, levels: Mapping[Backend, Level], policy: Policy
) -> None:
    boxes = {backend: FakeSandbox(level=level) for backend, level in levels.items()}
    probes = {backend: box.probe() for backend, box in boxes.items()}
    seen = look(boxes.__getitem__, policy=policy, needs=(need,))
    try:
        expected = choose(need, probes, policy)
    except NoBoxError:
        assert list(seen) == list(policy.backends)
    else:
        assert choose(need, seen, policy) is expected


def test_machine_without_any_box_is_told_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Unfit:
        def probe(self) -> Probe:
            return UNFIT

    monkeypatch.setattr(module, "open_backend", lambda *_, **__: Unfit())
    with pytest.raises(NoBoxError, match="no Docker engine answers: start it"):
        find(Need.CODE, tmp_path, site="00c0ffee")
