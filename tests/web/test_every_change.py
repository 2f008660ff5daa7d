"""Whatever changes something asks who it is, and a form asks for its proof: route by route."""

import re

from fastapi.routing import APIRoute
from tests.web.routes import routes_of
from tests.web.site import Site
from tests.web.test_pages import HOME, Browser

FOR_STRANGERS = {"/api/v1/accounts", "/api/v1/tokens", "/log-in", "/sign-up"}
WITH_FILES = {"/challenges/{slug}/submissions", "/challenges/{slug}/rescore/files"}


def changing(site: Site) -> list[tuple[str, APIRoute]]:
    return [
        (method, route)
        for route in routes_of(site.app)
        for method in route.methods or ()
        if method in {"POST", "PUT", "PATCH", "DELETE"} and route.path not in FOR_STRANGERS
    ]


def address(route: APIRoute) -> str:
    return re.sub(r"\{[^}]*\}", "toy", route.path)


def test_nobody_changes_anything_without_signing_in(site: Site) -> None:
    site.publish()
    found = {}
    for method, route in changing(site):
        headers = HOME | {"Idempotency-Key": "k", "Content-Type": "application/json"}
        answer = site.spectator().call(method, address(route), content=b"{}", headers=headers)
        found[method, route.path] = answer.status_code
    is_api = {key: status for key, status in found.items() if key[1].startswith("/api/")}
    assert is_api == dict.fromkeys(is_api, 401)
    done = {key for key, status in found.items() if status < 300}
    assert done == {("POST", "/log-out")}  # a page that says so


def test_no_form_is_taken_without_the_proof_of_the_session(site: Site) -> None:
    site.publish()
    site.person("ada", accepts="toy")
    browser = Browser(site)
    browser.log_in("ada")
    forms = [route for _, route in changing(site) if not route.path.startswith("/api/")]
    found = {}
    for route in forms:
        files = {"file": ("x.csv", b"x", "text/csv")} if route.path in WITH_FILES else None
        fields = {"deed": "x", "note": "", "reason": "x", "part": "answers", "proof": "made up"}
        answer = browser.client.post(
            address(route), data=fields, files=files, headers=HOME, follow_redirects=False
        )
        found[route.path] = answer.status_code
    assert found == dict.fromkeys(found, 403)
    assert len(found) > 20
