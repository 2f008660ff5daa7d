"""The configuration file gives back what was written into it, whatever it was."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.cli.client import config
from palio.cli.client.config import Account, Config

words = st.text(st.characters(codec="utf-8"))
accounts = st.builds(Account, words, words, words, words)


@given(server=words, known=st.dictionaries(words, accounts))
def test_config_survives_the_way_through_the_file(
    tmp_path_factory: pytest.TempPathFactory, server: str, known: dict[str, Account]
) -> None:
    path = tmp_path_factory.mktemp("config") / "config.toml"
    config.write(path, Config(server, known))
    assert config.read(path) == Config(server, known)


def test_config_that_is_not_there_is_an_empty_one(tmp_path: Path) -> None:
    assert config.read(tmp_path / "none.toml") == Config()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("https://palio.example.org/", "https://palio.example.org"),
        ("palio.example.org", "https://palio.example.org"),
        ("localhost:8300", "http://localhost:8300"),
        ("127.0.0.1:8300", "http://127.0.0.1:8300"),
        ("[::1]:8300", "http://[::1]:8300"),
        ("http://palio.example.org", "http://palio.example.org"),
    ],
)
def test_address_gets_a_scheme(typed: str, stored: str) -> None:
    assert config.address(typed) == stored
