"""Where a request came from: limits and sightings count households, as the proxy saw them."""

import pytest
from starlette.requests import Request

from palio.web.state import address_of


def asked_from(host: str) -> str:
    return address_of(Request({"type": "http", "headers": [], "client": (host, 0)}))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::7", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::8", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::1", "::1"),
        ("testclient", "testclient"),
    ],
)
def test_addresses_of_one_household_are_one(host: str, address: str) -> None:
    assert asked_from(host) == address


def test_no_client_is_one_address_for_all() -> None:
    assert address_of(Request({"type": "http", "headers": [], "client": None})) == "unknown"
