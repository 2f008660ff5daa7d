"""What no database can store is refused in words, and harms nobody else's request."""

import json

import pytest
from tests.web.site import Site
from tests.web.toy_pack import predictions

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"])
API = "/api/v1/challenges/toy"


@BOTH
@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800"])
def test_a_text_that_cannot_be_stored_is_refused(open_site: Site, text: str) -> None:
    hostess = open_site.people["hostess"]
    for path, order in (
        ("/api/v1/tokens", {"challenge": text}),
        ("/api/v1/tokens", {"handle": text, "password": "x"}),
        (f"{API}/phases/main/extension", {"closes_at": "2030-01-01T00:00:00Z", "reason": text}),
        (f"{API}/team", {"name": text}),
    ):
        answer = hostess.post(path, content=json.dumps(order))
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_fields")
    # A broken message to PostgreSQL would spoil the connection for whoever comes next.
    assert [hostess.get(API).status_code for _ in range(20)] == [200] * 20


@BOTH
def test_an_address_with_a_nul_is_refused(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    paths = ("/challenges/%00", "/api/v1/submissions/%00", "/api/v1/challenges?cursor=%00")
    assert [ada.get(path).status_code for path in paths] == [404, 404, 400]
    sent = {"Idempotency-Key": "k"}
    answer = ada.post(f"{API}/submissions?note=%00", content=predictions(), headers=sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_note")
    assert ada.get("/api/v1/challenges?cursor=AA").json()["code"] == "bad_cursor"


def test_a_time_beyond_the_calendar_is_refused(open_site: Site) -> None:
    order = {"closes_at": "9999-12-31T23:59:59-14:00", "reason": "for ever"}
    answer = open_site.people["hostess"].post(f"{API}/phases/main/extension", json=order)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_fields")
