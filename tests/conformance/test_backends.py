from pathlib import Path

import pytest
from tests.conformance import boxes

_BACKEND = {"docker-holder": "docker", "gvisor": "docker"}


@pytest.fixture(scope="module")
def offers(state: Path, site: str) -> dict[str, boxes.Offer]:
    return {name: boxes.offer(name, state=state, site=site) for name in boxes.NAMES}


def test_one_backend_is_there_at_least(offers: dict[str, boxes.Offer]) -> None:
    missing = {name: offer.why_not for name, offer in offers.items() if offer.sandbox is None}
    assert len(missing) < len(offers), missing


@pytest.mark.parametrize("name", boxes.NEEDED_IN_CI)
def test_backend_that_ci_must_test_is_there(name: str, offers: dict[str, boxes.Offer]) -> None:
    offer = offers[name]
    if offer.sandbox is None and not boxes.IS_CI:
        pytest.skip(f"no {name} on this machine: {offer.why_not}")
    assert offer.why_not == ""


def test_probe_says_what_it_found(offer: boxes.Offer) -> None:
    assert offer.sandbox is not None
    probe = offer.sandbox.probe()
    assert (probe.backend, bool(probe.facts)) == (_BACKEND.get(offer.name, offer.name), True)
