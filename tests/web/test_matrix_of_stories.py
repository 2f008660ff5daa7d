"""Who gets what from the routes of awards, cases and ended challenges, and that none is left out.

As in `test_matrix`, but the award and the case exist: ada's team has won and is accused, bob's is
neither. Bodies are such that who has leave is stopped by a rule (400, 409, 422), so that a row
changes nothing for the next.
"""

from collections.abc import Iterator, Sequence

from tests.web import test_matrix
from tests.web.routes import routes_of
from tests.web.site import Site
from tests.web.stories import ROLES, TOY, Story

AWARD, CASE = "/api/v1/awards/{award}", "/api/v1/cases/{case}"
SHA256 = "0" * 64
Row = tuple[str, str, object, tuple[int, ...]]


# Columns as in ROLES.
MATRIX: list[Row] = [
    ("GET", f"{TOY}/awards", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", f"{TOY}/prizes", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", AWARD, None, (401, 200, 404, 200, 200, 404, 200)),
    ("POST", f"{AWARD}/confirmation", None, (401, 403, 403, 403, 409, 403, 409)),
    ("POST", f"{AWARD}/moves", {"move": "accept"}, (401, 409, 403, 403, 403, 403, 403)),
    ("POST", f"{AWARD}/moves", {"move": "claw_back", "words": "x"},
     (401, 403, 403, 403, 409, 403, 409)),
    ("PUT", f"{AWARD}/gates/age", {"has_passed": True, "evidence_sha256": SHA256},
     (401, 403, 403, 403, 409, 403, 409)),
    ("PUT", f"{AWARD}/split", {"parts": {"ada": 1}}, (401, 409, 403, 403, 403, 403, 403)),
    ("POST", f"{AWARD}/split/signature", {"split_number": 9}, (401, 409, 403, 403, 403, 403, 403)),
    ("POST", f"{AWARD}/payments/ada", {"withheld": "0", "receipt_sha256": SHA256},
     (401, 403, 403, 403, 409, 403, 409)),
    ("POST", f"{AWARD}/payments/ada/arrival", None, (401, 409, 403, 403, 409, 403, 409)),
    ("POST", f"{AWARD}/payments/ada/return", None, (401, 403, 403, 403, 409, 403, 409)),
    ("POST", f"{AWARD}/payments/ada/tax", {"receipt_sha256": SHA256},
     (401, 403, 403, 403, 409, 403, 409)),
    ("POST", f"{AWARD}/code?delivery=code", None, (401, 409, 403, 403, 403, 403, 403)),
    ("GET", f"{TOY}/team/division", None, (401, 200, 200, 200, 200, 200, 200)),
    ("PUT", f"{TOY}/team/division", {"division": "nobody"}, (401, 409, 409, 403, 403, 404, 404)),
    ("GET", CASE, None, (401, 200, 404, 200, 200, 404, 200)),
    ("POST", f"{CASE}/notice", None, (401, 403, 404, 409, 409, 404, 403)),
    ("POST", f"{CASE}/withdrawal", {"words": "x"}, (401, 403, 404, 409, 409, 404, 403)),
    ("POST", f"{CASE}/reply", {"words": ""}, (401, 400, 404, 404, 404, 404, 404)),
    ("POST", f"{CASE}/decision", {"decision": "no_breach", "words": "x"},
     (401, 403, 404, 409, 409, 404, 403)),
    ("POST", f"{CASE}/appeal", {"words": "x"}, (401, 409, 404, 404, 404, 404, 404)),
    ("POST", f"{CASE}/appeal/decision", {"is_won": True, "words": "x"},
     (401, 403, 404, 409, 409, 404, 409)),
    ("POST", f"{TOY}/alarms/none/clearance", None, (401, 403, 403, 403, 404, 403, 404)),
    ("GET", f"{TOY}/quota", None, (401, 200, 200, 200, 200, 200, 200)),
    ("POST", f"{TOY}/checks", None, (401, 200, 200, 200, 200, 403, 200)),
    ("POST", f"{TOY}/submissions", None, (401, 409, 409, 403, 403, 403, 403)),
    ("POST", f"{TOY}/team", {"name": "x"}, (401, 409, 409, 403, 403, 403, 403)),
    ("POST", "/api/v1/team-invites/none", None, (401, 404, 404, 404, 404, 404, 404)),
    ("POST", f"{TOY}/rules/acceptance", {"sha256": SHA256}, (401, 409, 409, 403, 403, 409, 409)),
    ("GET", "/api/v1/challenges", None, (200, 200, 200, 200, 200, 200, 200)),
    ("POST", "/api/v1/challenges", None, (401, 422, 422, 422, 422, 422, 422)),
    ("GET", "/api/v1/me", None, (401, 200, 200, 200, 200, 200, 200)),
    ("POST", "/api/v1/accounts", {"handle": "ada", "password": "wrong donkey clock paper"},
     (409, 409, 409, 409, 409, 409, 409)),
    ("POST", "/api/v1/tokens", {"handle": "ada", "password": "x", "name": "x", "scope": "read"},
     (401, 401, 401, 401, 401, 401, 401)),
    ("GET", "/api/v1/log/checkpoint", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/log/key", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/log/entries", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/log/inclusion?index=0&size=1", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/log/consistency?first=1&second=1", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/healthz", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/sign-up", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/log-in", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/me", None, (303, 200, 200, 200, 200, 200, 200)),
    ("GET", "/messages", None, (303, 200, 200, 200, 200, 200, 200)),
    ("GET", "/log", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/join/none", None, (404, 404, 404, 404, 404, 404, 404)),
    ("GET", "/team-invites/none", None, (303, 404, 404, 404, 404, 404, 404)),
    ("GET", "/challenges/toy/data", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/challenges/toy/rules", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/challenges/toy/board/race", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/challenges/toy/board/rows/{team}", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/challenges/toy/prizes", None, (200, 200, 200, 200, 200, 200, 200)),
    ("GET", "/challenges/toy/awards/{award}", None, (303, 200, 404, 200, 200, 404, 200)),
    ("GET", "/challenges/toy/submissions", None, (303, 200, 200, 403, 403, 200, 200)),
    ("GET", "/challenges/toy/team", None, (303, 200, 200, 403, 403, 200, 200)),
    ("GET", "/challenges/toy/cases", None, (303, 200, 200, 200, 200, 404, 200)),
    ("GET", "/challenges/toy/cases/{case}", None, (303, 200, 404, 200, 200, 404, 200)),
    ("GET", "/challenges/toy/host", None, (303, 403, 403, 200, 200, 403, 200)),
    ("GET", "/challenges/toy/feedback", None, (303, 409, 409, 409, 409, 409, 409)),
    ("POST", f"{AWARD}/decline", None, (401, 403, 403, 403, 200, 403, 409)),
]  # fmt: skip


def test_every_role_gets_what_the_matrix_says(story: Story) -> None:
    found = {}
    for method, path, body, _ in MATRIX:
        where = path.format(**story.names)
        found[method, path, str(body)] = tuple(
            story.visitors[role]
            .call(
                method,
                where,
                json=body,
                headers={"Idempotency-Key": "k"},
                follow_redirects=False,
            )
            .status_code
            for role in ROLES
        )
    assert found == {(method, path, str(body)): said for method, path, body, said in MATRIX}


def _named(rows: Sequence[Row]) -> set[tuple[str, str]]:
    """Return method and path of each row, without the query."""
    paths = ((method, path.partition("?")[0]) for method, path, _, _ in rows)
    return {(method, path.replace("{{", "{").replace("}}", "}")) for method, path in paths}


def _in_no_row(site: Site) -> Iterator[tuple[str, str]]:
    rows = _named(MATRIX) | _named(test_matrix.MATRIX)
    for route in routes_of(site.app):
        for method in route.methods or ():
            if not any(method == one and route.path_regex.match(path) for one, path in rows):
                yield method, route.path


def test_no_route_is_left_out_but_the_forms_of_pages(site: Site) -> None:
    missing = {key for key in _in_no_row(site) if key[1].startswith("/api/") or key[0] == "GET"}
    assert missing == set()
    forms = {method for method, path in _in_no_row(site)}
    assert forms == {"POST"}  # see `test_every_change`: none is taken without proof
