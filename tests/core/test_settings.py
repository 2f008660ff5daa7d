"""Settings: safe on a laptop without a word, refused in production when unsafe."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from palio.core.settings import Settings

SAFE = {
    "PALIO_ENVIRONMENT": "production",
    "PALIO_SECRET_KEY": "k" * 64,
    "PALIO_PUBLIC_URL": "https://palio.example",
    "PALIO_DATABASE_URL": "postgresql://palio@db/palio",
    "PALIO_BROKER_URL": "redis://broker:6379/0",
}


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # no palio.env of this checkout is read


def test_settings_on_a_laptop_need_nothing(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.database == f"sqlite:///{tmp_path}/palio-data/palio.sqlite3"
    assert settings.broker == f"folder://{tmp_path}/palio-data/broker"
    assert settings.url == "http://127.0.0.1:8300"


@pytest.mark.parametrize("proxies", ["*", "", "proxy.example", "10.0.0.1/8"])
def test_settings_believe_only_proxies_with_an_address(
    monkeypatch: pytest.MonkeyPatch, proxies: str
) -> None:
    monkeypatch.setenv("PALIO_PROXIES", "10.0.0.0/8, ::1")
    assert Settings().proxies == "10.0.0.0/8, ::1"
    monkeypatch.setenv("PALIO_PROXIES", proxies)
    with pytest.raises(ValidationError, match="PALIO_PROXIES"):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PALIO_SECRET_KEY", "changethis"),
        ("PALIO_PUBLIC_URL", "http://palio.example"),
        ("PALIO_DATABASE_URL", ""),
        ("PALIO_BROKER_URL", ""),
    ],
)
def test_settings_when_unsafe_in_production_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for key, safe in SAFE.items():
        monkeypatch.setenv(key, safe)
    assert Settings().environment == "production"
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name):
        Settings()


def test_settings_when_shown_hide_the_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PALIO_SECRET_KEY", "k" * 64)
    assert "kkkk" not in repr(Settings())


def test_a_level_that_the_backend_cannot_offer_is_refused_in_production() -> None:
    sound: dict[str, Any] = {
        "environment": "production",
        "secret_key": "0" * 32,
        "public_url": "https://palio.example",
        "database_url": "postgresql://palio@database/palio",
        "broker_url": "redis://broker:6379/0",
        "sandbox_backend": "bubblewrap",
    }
    Settings(**sound)
    with pytest.raises(ValidationError, match="PALIO_SANDBOX_LEVEL_IMAGES asks for a stronger box"):
        Settings(**sound, sandbox_level_images="gvisor")
