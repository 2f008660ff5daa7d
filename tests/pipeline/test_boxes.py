from palio.pipeline import boxes
from palio.sandbox.choose import Backend, Policy
from palio.sandbox.outcome import Level
from palio.sandbox.spec import Probe

PLAIN = Probe("bubblewrap", Level.NAMESPACES, (), ())
DOCKER = Probe("docker", Level.CONTAINER, (), ())
UNFIT = Probe("docker", Level.NONE, (), ("No control groups.",))


def choice(policy: Policy, **probes: Probe) -> boxes.Choice:
    found = {Backend(name): probe for name, probe in probes.items()}
    return boxes.choice_of(found, policy=policy, memory_bytes=1)


def test_what_is_announced_is_what_is_used() -> None:
    made = choice(Policy(), bubblewrap=PLAIN, docker=DOCKER)
    assert (made.code, made.image, made.metric) == (
        Backend.BUBBLEWRAP,
        Backend.DOCKER,
        Backend.BUBBLEWRAP,
    )
    assert (made.abilities.code, made.abilities.image, made.abilities.metric) == (
        Level.NAMESPACES,
        Level.CONTAINER,
        Level.NAMESPACES,
    )
    assert made.abilities.words == ""


def test_what_is_too_weak_is_not_used_and_said() -> None:
    made = choice(Policy(least_for_images=Level.GVISOR), bubblewrap=PLAIN, docker=UNFIT)
    assert (made.code, made.image) == (Backend.BUBBLEWRAP, None)
    assert made.abilities.image is Level.NONE
    assert made.abilities.words == (
        "Nothing here may run a participant's image: a box of level gvisor or stronger is needed. "
        "bubblewrap: level namespaces. "
        "docker: level none. No control groups."
    )


def test_no_box_is_no_ability() -> None:
    made = choice(Policy(), bubblewrap=UNFIT)
    assert (made.code, made.image, made.metric) == (None, None, None)
    assert made.abilities.words.endswith("bubblewrap: level none. No control groups.")
    assert choice(Policy(backends=())).abilities.words.startswith(
        "Running programs is switched off"
    )
