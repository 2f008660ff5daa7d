"""What tests of the program need: a fake and a real server, an own configuration, a way to run."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    for name in ("PALIO_SERVER", "PALIO_TOKEN", "PALIO_DATA_FOLDER"):
        monkeypatch.delenv(name, raising=False)
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


PASSWORD = "wrong mule socket paper"  # noqa: S105 (made up)


@dataclass(frozen=True)
class Site:
    """A real server with one challenge, its organizer olga and the participants ada and bob."""

    address: str
    data: Path
    pack: Path


def make_pack(folder: Path) -> Path:
    """Make the example challenge in a folder, open since 2026-01-01 and for a long time."""
    runner = CliRunner()
    assert runner.invoke(app, ["challenge", "new", str(folder)]).exit_code == 0
    plan = folder / "challenge.toml"
    text = plan.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^opens_at = \S+", "opens_at = 2026-01-01T00:00:00Z", text)
    text = re.sub(r"(?m)^closes_at = \S+", "closes_at = 2096-01-01T00:00:00Z", text)
    plan.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a published challenge on a free port, as an operator would."""
    folder = tmp_path_factory.mktemp("site")
    data = folder / "data"
    runner = CliRunner()

    def operate(*args: str | Path, text: str = "") -> None:
        result = runner.invoke(app, [str(arg) for arg in args], input=text)
        assert result.exit_code == 0, result.output

    for handle in ("olga", "ada", "bob"):
        create = ("user", "create", handle, "--data", data, "--password-stdin")
        operate(*create, text=f"{PASSWORD}\n")
    pack = make_pack(folder / "film-night")
    operate("challenge", "publish", pack, "--organizer", "olga", "--data", data)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serve = [sys.executable, "-c", "from palio.cli.main import main; main()", "serve"]
    with subprocess.Popen(
        [*serve, "--port", str(port), "--data", str(data)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.startswith("Palio is at"):
                break
        assert said[-1].startswith("Palio is at"), "".join(said)
        yield Site(f"http://127.0.0.1:{port}", data, pack)
        process.terminate()
        process.stdout.read()


def document(result: Result) -> Any:
    """Return the one JSON document on standard output."""
    return json.loads(result.stdout)
