"""Every backend in turn, on a host with answers, secrets and open files to be found."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance import bench, boxes, corpus, traces

from palio.sandbox.runtime import build
from palio.sandbox.spec import RuntimeRoot

# `make test` has the box of a laptop; tests/sandbox and tests/flows run containers there too.
_SLOW = {"docker", "docker-holder", "gvisor"}
# A holder differs from plain Docker in how a run's output comes out and is cleared away.
_HOLDER = "docker-holder"
_NOT_OF_THE_HOLDER = {"test_host", "test_neighbours", "test_science", "test_shared_corpus"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what would only ask plain Docker the same question again."""
    again = [item for item in items if isinstance(item, pytest.Function) and _is_again(item)]
    items[:] = [item for item in items if item not in set(again)]
    config.hook.pytest_deselected(items=again)


def _is_again(item: pytest.Function) -> bool:
    asked = item.callspec.params if hasattr(item, "callspec") else {}
    if asked.get("offer") != _HOLDER:
        return False
    program = asked.get("program")
    if isinstance(program, corpus.Program) and item.path.stem == "test_corpus":
        return not (program.is_core or program.is_own_output or program.reasons - {""})
    return item.path.stem in _NOT_OF_THE_HOLDER


@pytest.fixture(scope="session")
def site() -> str:
    """Name this test process among others on the same engine."""
    return secrets.token_hex(4)


@pytest.fixture(scope="session")
def state(request: pytest.FixtureRequest) -> Path:
    """A folder that outlives the session: building a root anew each time would be waste."""
    assert request.config.cache is not None
    return request.config.cache.mkdir("conformance")


@pytest.fixture(scope="session")
def root(state: Path) -> RuntimeRoot:
    """Python without packages."""
    return build.ensure(state, packages=False)


@pytest.fixture(scope="session")
def _offers() -> dict[str, boxes.Offer]:
    return {}


@pytest.fixture(
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name in _SLOW else [])
        for name in boxes.NAMES
    ]
)
def offer(
    request: pytest.FixtureRequest, _offers: dict[str, boxes.Offer], state: Path, site: str
) -> boxes.Offer:
    """Each backend in turn; one that is not there is skipped by name, with the reason."""
    name = request.param
    if name not in _offers:
        _offers[name] = boxes.offer(name, state=state, site=site)
    offer = _offers[name]
    if offer.sandbox is None:
        pytest.skip(f"no {name} on this machine: {offer.why_not}")
    return offer


@pytest.fixture
def box(
    offer: boxes.Offer,
    root: RuntimeRoot,
    state: Path,
    site: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[bench.Bench]:
    """A backend ready to run programs; nothing of theirs may be left when the test is over."""
    assert offer.sandbox is not None
    monkeypatch.setenv("PALIO_SECRET_TOKEN", "CANARY-ENVIRONMENT")
    mark = f"mark-{secrets.token_hex(8)}"
    with bench.furnished(tmp_path):
        yield bench.Bench(offer.name, offer.sandbox, root, site, tmp_path, mark)
    assert traces.of(site, mark=mark, state=state) == []
