"""Real boxes for flows: of bubblewrap always, of Docker where an engine answers."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance import traces
from tests.factories import boxed
from tests.factories.arena import make_arena
from tests.factories.boxed import Boxed

from palio.core import db
from palio.pipeline import tables
from palio.sandbox.spec import RuntimeRoot


@pytest.fixture(scope="session")
def state(request: pytest.FixtureRequest) -> Path:
    """A folder that outlives the session, and holds a Python without packages."""
    assert request.config.cache is not None
    worker = getattr(request.config, "workerinput", {}).get("workerid", "alone")
    return request.config.cache.mkdir(f"flows-{worker}")


@pytest.fixture(scope="session")
def runtime(state: Path) -> RuntimeRoot:
    """Python without packages."""
    return boxed.stand_in(state)


@pytest.fixture(params=["bubblewrap", "docker"])
def backend(request: pytest.FixtureRequest) -> str:
    """Each backend in turn."""
    name: str = request.param
    return name


@pytest.fixture
def site_name() -> str:
    """Name this test's boxes among others on the same machine."""
    return secrets.token_hex(4)


@pytest.fixture
def site(
    backend: str, site_name: str, state: Path, runtime: RuntimeRoot, tmp_path: Path
) -> Iterator[Boxed]:
    """An empty site with boxes; nothing of theirs may be left when the test is over."""
    offer = boxed.offer(backend, state=state, site=site_name)
    if offer.sandbox is None:
        pytest.skip(f"no {backend} on this machine: {offer.why_not}")
    engine = db.open_engine(f"sqlite:///{tmp_path / 'palio.sqlite3'}")
    tables.metadata.create_all(engine)
    boxes = boxed.boxes_of(offer.sandbox, site=site_name, state=state, runtime=runtime)
    yield Boxed(make_arena(engine, tmp_path), boxes)
    engine.dispose()
    offer.sandbox.prune_images(keep=frozenset())
    assert traces.of(site_name, mark=f"palio-{site_name}", state=state) == []
    assert list((state / "attempts").glob("*")) == []
