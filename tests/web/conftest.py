"""A whole site in a folder: the web application, people with tokens, a queue worked off by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal
from tests.web.site import Site, TestClient, make_site
from tests.web.stories import Story, make_story

from palio.accounts import passwords


@pytest.fixture(autouse=True, scope="module")
def _cheap_passwords() -> Iterator[None]:
    """Hash with little work: hundreds sign up here, and the tests of accounts hash fully."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "MEMORY_KIB", 64)
        patch.setattr(passwords, "PASSES", 1)
        yield


@pytest.fixture(autouse=True, scope="session")
def _one_event_loop() -> Iterator[None]:
    """Answer all requests in one thread: starting one for each is half of what a request costs."""
    with start_blocking_portal() as portal, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestClient, "portal", portal)
        yield


@pytest.fixture
def database() -> str:
    """Which database the site stands on; a test may parametrize it."""
    return "sqlite"


@pytest.fixture
def site(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    """An empty site with one organizer."""
    address = ""
    if database == "postgresql":
        request.getfixturevalue("postgres_engine")  # every table empty
        address = request.getfixturevalue("postgres_address")
    made = make_site(tmp_path / "site", database_url=address)
    yield made
    made.close()


@pytest.fixture
def open_site(site: Site) -> Site:
    """A site with the open challenge `toy`."""
    site.publish()
    return site


@pytest.fixture
def story(site: Site) -> Story:
    """A revealed challenge with an award and a case, and people in every role."""
    return make_story(site)
