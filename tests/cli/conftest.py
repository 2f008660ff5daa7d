"""What tests of the program need: a fake server, a configuration of their own, one way to run."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli import fakes
from typer.testing import CliRunner, Result

from palio.cli.client import config
from palio.cli.client.api import Api
from palio.cli.main import app

Palio = Callable[..., Result]


@pytest.fixture
def fake() -> Iterator[fakes.Fake]:
    """A server of ours that can misbehave."""
    with fakes.running() as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    """Seconds the client would have waited."""
    return []


@pytest.fixture
def api(fake: fakes.Fake, pauses: list[float]) -> Iterator[Api]:
    """A client of the fake server that does not wait."""
    with Api(fake.address, "palio_1_secret", pause=pauses.append) as client:
        yield client


@pytest.fixture
def config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own, empty configuration; nothing of the person who runs the tests is seen."""
    path = tmp_path / "home" / "config.toml"
    monkeypatch.setenv("PALIO_CONFIG", str(path))
    monkeypatch.delenv("PALIO_SERVER", raising=False)
    monkeypatch.delenv("PALIO_TOKEN", raising=False)
    return path


@pytest.fixture
def palio(config_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Palio:
    """Run the program in an empty folder with its own configuration."""
    assert not config_file.exists()
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    return lambda *args, text="": runner.invoke(app, [str(arg) for arg in args], input=text)


@pytest.fixture
def signed_in(palio: Palio, config_file: Path, fake: fakes.Fake) -> Palio:
    """Run the program as somebody who is signed in to the fake server."""
    account = config.Account(handle="ada", token="palio_7_secret", token_id="7")  # noqa: S106 (made up)
    config.write(config_file, config.Config().with_account(fake.address, account))
    return palio


def document(result: Result) -> Any:
    """Return the one JSON document on standard output."""
    return json.loads(result.stdout)
