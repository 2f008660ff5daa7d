"""Headers, cross-site requests, form proofs, scopes, and errors that tell no secrets."""

import re

import pytest
from tests.web.site import PASSWORD, Site, Visitor

from palio.web.origin import is_forgeable

OWN = frozenset({"http://127.0.0.1:8300"})
HOME = {"Sec-Fetch-Site": "same-origin"}


def log_in(site: Site, handle: str) -> str:
    """Log in by the form; the cookie stays in the site's client."""
    form = {"handle": handle, "password": PASSWORD, "next": "/me"}
    answer = site.client.post("/log-in", data=form, headers=HOME, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/me"), answer.text
    page = site.client.get("/me").text
    found = re.search(r'name="proof" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("path", ["/", "/api/v1/challenges", "/nothing", "/static/palio.css"])
def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    headers = site.spectator().get(path).headers
    policy = headers["content-security-policy"]
    assert policy == (
        "default-src 'self'; script-src 'none'; object-src 'none'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert len(headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("method", "headers", "is_api", "expected"),
    [
        ("GET", {"sec-fetch-site": "cross-site", "cookie": "palio=x"}, True, False),
        ("POST", {"sec-fetch-site": "same-origin"}, False, False),
        ("POST", {"sec-fetch-site": "none"}, False, False),
        ("POST", {"sec-fetch-site": "same-site"}, False, True),
        ("POST", {"sec-fetch-site": "cross-site"}, True, True),
        ("POST", {"origin": "http://127.0.0.1:8300"}, False, False),
        ("POST", {"origin": "https://evil.example"}, True, True),
        ("POST", {"origin": "null"}, False, True),
        ("POST", {}, False, True),
        ("POST", {}, True, False),
        ("DELETE", {"cookie": "palio=x"}, True, True),
        ("POST", {"sec-fetch-site": "cross-site", "authorization": "Bearer x"}, True, False),
    ],
)
def test_a_request_is_forgeable_unless_the_browser_says_it_comes_from_here(
    *, method: str, headers: dict[str, str], is_api: bool, expected: bool
) -> None:
    assert is_forgeable(method, headers, own_origins=OWN, is_api=is_api) is expected


def test_a_log_in_from_another_site_is_refused(site: Site) -> None:
    answer = site.client.post(
        "/log-in",
        data={"handle": "hostess", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_the_session_cookie_is_out_of_reach_of_scripts(site: Site) -> None:
    form = {"handle": "hostess", "password": PASSWORD}
    answer = site.client.post("/log-in", data=form, headers=HOME, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("palio=")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_a_form_without_the_sessions_proof_changes_nothing(open_site: Site) -> None:
    proof = log_in(open_site, "hostess")
    form = {"name": "laptop", "scope": "read", "days": "3"}
    before = open_site.count("api_token")
    for wrong in ({}, {"proof": ""}, {"proof": "0" * 64}, {"proof": proof[:-1] + "x"}):
        answer = open_site.client.post("/me/tokens", data={**form, **wrong}, headers=HOME)
        assert answer.status_code == 403
    assert open_site.count("api_token") == before
    made = open_site.client.post("/me/tokens", data={**form, "proof": proof}, headers=HOME)
    assert made.status_code == 200
    assert open_site.count("api_token") == before + 1


def test_a_proof_of_another_session_is_refused(site: Site) -> None:
    old = log_in(site, "hostess")
    site.client.cookies.clear()
    new = log_in(site, "hostess")
    assert old != new
    answer = site.client.post("/log-out", data={"proof": old}, headers=HOME)
    assert answer.status_code == 403


def test_a_cookie_cannot_change_anything_through_the_api_without_the_proof(
    open_site: Site,
) -> None:
    proof = log_in(open_site, "hostess")
    path = "/api/v1/challenges/toy/join-links"
    refused = open_site.client.post(path, json={"uses": 3}, headers=HOME)
    assert (refused.status_code, refused.json()["code"]) == (403, "form_proof")
    accepted = open_site.client.post(
        path, json={"uses": 3}, headers={**HOME, "X-Form-Proof": proof}
    )
    assert accepted.status_code == 201


def test_log_out_ends_the_session_for_good(site: Site) -> None:
    proof = log_in(site, "hostess")
    secret = site.client.cookies["palio"]
    site.client.post("/log-out", data={"proof": proof}, headers=HOME)
    site.client.cookies.set("palio", secret)
    assert site.client.get("/api/v1/me").status_code == 401


def test_signing_up_ends_the_session_that_stood_before(site: Site) -> None:
    log_in(site, "hostess")
    before = site.client.cookies["palio"]
    form = {"handle": "newcomer", "password": PASSWORD, "display_name": "New"}
    made = site.client.post("/sign-up", data=form, headers=HOME, follow_redirects=False)
    assert made.status_code == 303, made.text
    site.client.cookies.clear()
    assert site.client.get("/api/v1/me", headers={"Cookie": f"palio={before}"}).status_code == 401


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "//[", "/\t/evil.example"],
)
def test_log_in_never_leads_away_from_the_site(site: Site, target: str) -> None:
    form = {"handle": "hostess", "password": PASSWORD, "next": target}
    answer = site.client.post("/log-in", data=form, headers=HOME, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_a_token_reaches_no_further_than_its_scope(open_site: Site) -> None:
    open_site.person("ada")
    reader = Visitor(open_site.client, token=open_site.token("ada", scope="read"), handle="ada")
    assert reader.get("/api/v1/challenges/toy/quota").status_code == 200
    for method, path in (
        ("POST", "/api/v1/challenges/toy/team"),
        ("POST", "/api/v1/challenges/toy/submissions"),
        ("DELETE", "/api/v1/tokens/x"),
    ):
        answer = reader.call(method, path, json={"name": "x"})
        assert (answer.status_code, answer.json()["code"]) == (403, "scope_too_low")
    submitter = Visitor(open_site.client, token=open_site.token("hostess", scope="submit"))
    answer = submitter.post("/api/v1/challenges/toy/join-links", json={"uses": 1})
    assert answer.status_code == 403


def test_a_bad_token_is_no_spectator(open_site: Site) -> None:
    visitor = Visitor(open_site.client, token="palio_" + "0" * 32 + "_" + "x" * 43)
    answer = visitor.get("/api/v1/challenges")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_bad_fields_are_named_in_words_and_never_repeated(site: Site) -> None:
    answer = site.client.post("/api/v1/accounts", json={"handle": 3, "password": ["s3cr3t"]})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "bad_fields")
    assert [finding["text"] for finding in problem["findings"]] == [
        "handle: input should be a valid string",
        "password: input should be a valid string",
    ]
    assert "s3cr3t" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("PUT", "/api/v1/challenges", 405, "method_not_allowed"),
        ("GET", "/api/v1/challenges/none", 404, "challenge_not_found"),
        ("GET", "/api/v1/challenges?cursor=%00", 400, "bad_cursor"),
        ("GET", "/api/v1/challenges?limit=0", 400, "bad_fields"),
        ("GET", "/api/v1/me", 401, "not_signed_in"),
    ],
)
def test_problems_are_documents_with_a_code(
    site: Site, method: str, path: str, status: int, code: str
) -> None:
    answer = site.spectator().call(method, path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_a_large_json_body_is_refused(site: Site) -> None:
    order = {"handle": "ada", "password": "x" * (2**20)}
    answer = site.client.post("/api/v1/accounts", json=order)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


def test_a_fault_of_ours_shows_an_id_and_no_trace(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("palio.web.api.challenges.challenge_item", None)
    site.publish()
    answer = site.spectator().get("/api/v1/challenges")
    assert (answer.status_code, answer.json()["code"]) == (500, "server_error")
    assert "NoneType" not in answer.text
    assert answer.json()["request_id"] in caplog.text


def test_people_get_the_same_words_on_a_page(site: Site) -> None:
    answer = site.spectator().get("/challenges/none")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is no challenge called" in answer.text
