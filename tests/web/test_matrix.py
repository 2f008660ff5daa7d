"""Who gets what from every route: the object/role matrix of the design, row by row (I-28)."""

from dataclasses import dataclass

import pytest
from tests.web.site import Site, Visitor
from tests.web.toy_pack import predictions

ROLES = ("spectator", "own", "other", "organizer", "organizer_other", "admin")


@dataclass
class World:
    """One challenge with a team, another with its organizer, and people in every role."""

    site: Site
    visitors: dict[str, Visitor]
    names: dict[str, str]

    def status(self, role: str, method: str, path: str, body: object) -> int:
        answer = self.visitors[role].call(method, path.format(**self.names), json=body)
        return answer.status_code


@pytest.fixture
def world(site: Site) -> World:
    site.publish(rule="chosen")
    site.person("rival")
    site.publish("elsewhere", by="rival")
    site.publish("draft")
    site.sql("UPDATE challenge SET state = 'draft' WHERE slug = 'draft'")
    own = site.person("ada", accepts="toy")
    other = site.person("bob", accepts="toy")
    other.submit(predictions(0.4))
    receipt = own.submit(predictions(0.5)).json()
    site.score_all()
    visitors = {
        "spectator": site.spectator(),
        "own": own,
        "other": other,
        "organizer": site.people["hostess"],
        "organizer_other": site.people["rival"],
        "admin": site.make_admin("warden"),
    }
    team = own.get("/api/v1/challenges/toy/team").json()["id"]
    token = own.get("/api/v1/tokens").json()["items"][0]["id"]
    return World(
        site, visitors, {"submission": receipt["submission_id"], "team": team, "token": token}
    )


TOY = "/api/v1/challenges/toy"
# One row for each object and action; columns as in ROLES. 404 hides existence, 401 asks a
# spectator to sign in where the existence is public anyway.
MATRIX: list[tuple[str, str, object, tuple[int, ...]]] = [
    ("GET", TOY, None, (200, 200, 200, 200, 200, 200)),
    ("GET", f"{TOY}/rules", None, (200, 200, 200, 200, 200, 200)),
    ("GET", f"{TOY}/data", None, (200, 200, 200, 200, 200, 200)),
    ("GET", f"{TOY}/data/train.csv", None, (401, 200, 200, 200, 403, 200)),
    ("GET", f"{TOY}/leaderboard", None, (200, 200, 200, 200, 200, 200)),
    ("GET", f"{TOY}/leaderboard?board=private", None, (404, 404, 404, 404, 404, 404)),
    ("GET", f"{TOY}/leaderboard.csv?board=private", None, (404, 404, 404, 404, 404, 404)),
    ("GET", f"{TOY}/leaderboard/race", None, (200, 200, 200, 200, 200, 200)),
    ("GET", f"{TOY}/leaderboard/race?board=private", None, (404, 404, 404, 404, 404, 404)),
    ("GET", f"{TOY}/leaderboard/shakeup", None, (404, 404, 404, 404, 404, 404)),
    ("GET", f"{TOY}/leaderboard/rows/none?board=private", None, (404, 404, 404, 404, 404, 404)),
    ("GET", "/challenges/toy/board?board=private", None, (404, 404, 404, 404, 404, 404)),
    ("GET", "/api/v1/challenges/draft", None, (404, 404, 404, 200, 404, 200)),
    ("GET", "/api/v1/challenges/draft/data", None, (404, 404, 404, 200, 404, 200)),
    ("GET", "/challenges/draft", None, (404, 404, 404, 200, 404, 200)),
    ("GET", "/api/v1/submissions/{submission}", None, (401, 200, 404, 200, 404, 200)),
    ("GET", "/api/v1/submissions/{submission}/file", None, (401, 200, 404, 200, 404, 200)),
    ("GET", "/api/v1/submissions/{submission}/host-runs", None, (401, 404, 404, 200, 404, 200)),
    # A page sends a spectator to the log-in, which is a page too.
    ("GET", "/challenges/toy/submissions/{submission}", None, (200, 200, 404, 200, 404, 200)),
    ("GET", "/challenges/toy/submissions/{submission}/host-runs", None,
     (200, 404, 404, 200, 404, 200)),
    ("GET", "/api/v1/submissions/{submission}/receipt", None, (401, 200, 404, 200, 404, 200)),
    ("GET", "/submissions/{submission}/receipt.json", None, (200, 200, 404, 200, 404, 200)),
    ("GET", f"{TOY}/bundle", None, (200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/challenges/draft/bundle", None, (404, 404, 404, 200, 404, 200)),
    ("GET", f"{TOY}/openings", None, (404, 404, 404, 404, 404, 404)),
    ("GET", f"{TOY}/openings/none/file", None, (404, 404, 404, 404, 404, 404)),
    ("POST", f"{TOY}/openings", {"row": ""}, (401, 403, 403, 409, 403, 409)),
    ("GET", "/api/v1/log", None, (200, 200, 200, 200, 200, 200)),
    ("PUT", "/api/v1/submissions/{submission}/choice", {"chosen": True},
     (401, 200, 404, 404, 404, 404)),
    ("GET", f"{TOY}/submissions?all=true", None, (401, 403, 403, 200, 403, 200)),
    ("PUT", "/api/v1/submissions/{submission}/withdrawal", {"withdrawn": True},
     (401, 200, 404, 403, 404, 403)),
    ("PUT", "/api/v1/submissions/{submission}/withdrawal", {"withdrawn": True, "words": "x"},
     (401, 403, 404, 200, 404, 200)),
    ("GET", f"{TOY}/exclusions", None, (401, 403, 403, 200, 403, 200)),
    ("GET", f"{TOY}/exclusions/count", None, (200, 200, 200, 200, 200, 200)),
    ("POST", f"{TOY}/exclusions/0/lifting", {"words": "x"}, (401, 403, 403, 404, 403, 404)),
    ("POST", f"{TOY}/exclusions", {"team": "nobody", "reason": "copied", "words": "x"},
     (401, 403, 403, 404, 403, 404)),
    ("GET", f"{TOY}/finals", None, (401, 200, 200, 404, 404, 404)),
    ("GET", f"{TOY}/team/exclusions", None, (401, 200, 200, 404, 404, 404)),
    ("GET", f"{TOY}/team/mergers", None, (401, 200, 200, 404, 404, 404)),
    ("GET", f"{TOY}/team/mergers/preview?team=nobody", None, (401, 404, 404, 404, 404, 404)),
    ("POST", f"{TOY}/team/mergers", {"team": "nobody"}, (401, 404, 404, 403, 403, 403)),
    ("POST", f"{TOY}/team/mergers/0/decision", {"decision": "accept"},
     (401, 404, 404, 403, 404, 404)),
    ("GET", "/challenges/toy/host/exclusions", None, (200, 403, 403, 200, 403, 200)),
    ("GET", "/challenges/toy/team/mergers", None, (200, 200, 200, 403, 404, 404)),
    ("GET", f"{TOY}/host", None, (401, 403, 403, 200, 403, 200)),
    ("GET", f"{TOY}/export", None, (401, 403, 403, 200, 403, 200)),
    ("GET", f"{TOY}/team", None, (401, 200, 200, 404, 404, 404)),
    ("PATCH", f"{TOY}/team", {"name": "New {{role}}"}, (401, 200, 200, 404, 404, 404)),
    ("POST", f"{TOY}/team/invites", {}, (401, 201, 201, 404, 404, 404)),
    ("DELETE", f"{TOY}/team/membership", None, (401, 409, 409, 404, 404, 404)),
    ("POST", f"{TOY}/phases/main/extension", {"closes_at": "2099-01-01T00:00:00Z", "reason": "x"},
     (401, 403, 403, 200, 403, 409)),
    ("POST", f"{TOY}/join-links", {"uses": 1}, (401, 403, 403, 201, 403, 201)),
    ("POST", f"{TOY}/teams/{{team}}/grants", {"tries": 1, "reason": "x"},
     (401, 403, 403, 204, 403, 204)),
    ("POST", f"{TOY}/archive", None, (401, 403, 403, 409, 403, 409)),
    ("GET", f"{TOY}/corrections", None, (200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/challenges/draft/corrections", None, (404, 404, 404, 200, 404, 200)),
    ("GET", f"{TOY}/rescore", None, (401, 403, 403, 200, 403, 200)),
    # A page sends a spectator to the log-in, which is a page too.
    ("GET", "/challenges/toy/rescore", None, (200, 403, 403, 200, 403, 200)),
    ("POST", f"{TOY}/rescore/answers?reason=x", None, (401, 403, 403, 422, 403, 422)),
    ("POST", f"{TOY}/rescore/metric?reason=x", None, (401, 403, 403, 422, 403, 422)),
    ("POST", f"{TOY}/rescore/metrics", {"reason": "x", "metrics": []},
     (401, 403, 403, 422, 403, 422)),
    ("POST", f"{TOY}/rescore/application", None, (401, 403, 403, 409, 403, 409)),
    ("POST", f"{TOY}/rescore/undo", {"reason": "x"}, (401, 403, 403, 409, 403, 409)),
    ("POST", f"{TOY}/rescore/retry", None, (401, 403, 403, 409, 403, 409)),
    ("DELETE", f"{TOY}/rescore", None, (401, 403, 403, 409, 403, 409)),
    ("GET", f"{TOY}/evidence", None, (401, 403, 403, 200, 403, 200)),
    ("GET", "/challenges/toy/evidence", None, (200, 403, 403, 200, 403, 200)),
    ("POST", f"{TOY}/evidence/scans", None, (401, 403, 403, 202, 403, 403)),
    ("POST", f"{TOY}/evidence/findings/none/dismissal", {"words": "x"},
     (401, 403, 403, 404, 403, 403)),
    ("GET", f"{TOY}/cases", None, (401, 200, 200, 200, 404, 200)),
    ("POST", f"{TOY}/cases", {"team": "nobody", "findings": [], "words": "x"},
     (401, 403, 403, 404, 403, 403)),
    ("GET", "/api/v1/cases/none", None, (401, 404, 404, 404, 404, 404)),
    ("POST", "/api/v1/cases/none/reply", {"words": "x"}, (401, 404, 404, 404, 404, 404)),
    ("GET", "/api/v1/messages", None, (401, 200, 200, 200, 200, 200)),
    ("POST", "/api/v1/messages/read", {"ids": []}, (401, 204, 204, 204, 204, 204)),
    ("GET", f"{TOY}/funding", None, (200, 200, 200, 200, 200, 200)),
    ("GET", "/api/v1/challenges/draft/funding", None, (404, 404, 404, 200, 404, 200)),
    ("GET", "/challenges/toy/money", None, (200, 200, 200, 200, 200, 200)),
    ("GET", f"{TOY}/ledger", None, (401, 403, 403, 200, 403, 200)),
    ("GET", f"{TOY}/ledger.csv", None, (401, 403, 403, 200, 403, 200)),
    # Without an Idempotency-Key nobody moves money, so 400 is leave to do it.
    ("POST", f"{TOY}/ledger/pledges", {"amount": "1", "currency": "EUR"},
     (401, 403, 403, 400, 403, 400)),
    ("POST", f"{TOY}/ledger/deposits",
     {"amount": "1", "currency": "EUR", "evidence_sha256": "0" * 64},
     (401, 403, 403, 403, 403, 400)),
    ("POST", f"{TOY}/ledger/refunds", {"amount": "1", "currency": "EUR", "fund": "bank"},
     (401, 403, 403, 403, 403, 400)),
    ("POST", f"{TOY}/ledger/fees", {"currency": "EUR"}, (401, 403, 403, 403, 403, 400)),
    ("POST", f"{TOY}/ledger/fee-payouts",
     {"currency": "EUR", "receipt_sha256": "0" * 64}, (401, 403, 403, 403, 403, 400)),
    ("POST", f"{TOY}/ledger/reversals", {"transaction_id": "0", "reason": "x"},
     (401, 403, 403, 403, 403, 400)),
    ("GET", "/api/v1/people/ada", None, (200, 200, 200, 200, 200, 200)),
    ("GET", "/people/ada", None, (200, 200, 200, 200, 200, 200)),
    ("PUT", "/api/v1/me/profile", {"is_hidden": False, "takes_invitations": False},
     (401, 204, 204, 204, 204, 204)),
    # Nobody speaks before the award: 409 is leave to do it then.
    ("GET", f"{TOY}/feedback", None, (401, 409, 409, 409, 409, 409)),
    ("POST", f"{TOY}/ratings", {"handle": "ada", "question": "rules_clear", "stars": 5},
     (401, 409, 409, 409, 409, 409)),
    ("POST", f"{TOY}/thanks", {"handle": "ada"}, (401, 409, 409, 409, 409, 409)),
    ("POST", f"{TOY}/invitations", {}, (401, 403, 403, 200, 403, 200)),
    ("GET", "/challenges/toy/invitations", None, (200, 403, 403, 200, 403, 200)),
    ("GET", "/api/v1/tokens", None, (401, 200, 200, 200, 200, 200)),
    ("DELETE", "/api/v1/tokens/{token}", None, (401, 204, 404, 404, 404, 404)),
]  # fmt: skip


def test_every_role_gets_what_the_matrix_says(world: World) -> None:
    found = {}
    expected = {}
    # The owner goes last: revoking the token would sign the owner out.
    order = [role for role in ROLES if role != "own"] + ["own"]
    for method, path, body, statuses in MATRIX:
        for role in order:
            key = (method, path, role)
            named = {"name": f"New {role}"} if isinstance(body, dict) and "name" in body else body
            found[key] = world.status(role, method, path, named)
            expected[key] = dict(zip(ROLES, statuses, strict=True))[role]
    assert found == expected


def test_an_organizer_does_not_take_part_in_the_own_challenge(world: World) -> None:
    hostess = world.visitors["organizer"]
    answer = hostess.submit(predictions())
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_tries_are_granted_by_name_too_and_never_to_teams_elsewhere(world: World) -> None:
    hostess, rival = world.visitors["organizer"], world.visitors["organizer_other"]
    order = {"tries": 2, "reason": "The server was down."}
    before = world.visitors["own"].get(f"{TOY}/quota").json()["remaining"]
    assert hostess.post(f"{TOY}/teams/ADA/grants", json=order).status_code == 204
    assert world.visitors["own"].get(f"{TOY}/quota").json()["remaining"] == before + 2
    for team in ("no/body", world.names["team"]):
        answer = rival.post(f"/api/v1/challenges/elsewhere/teams/{team}/grants", json=order)
        assert (answer.status_code, answer.json()["code"]) == (404, "team_not_found")


def test_a_foreign_id_reads_like_one_that_does_not_exist(world: World) -> None:
    bob = world.visitors["other"]
    foreign = bob.get(f"/api/v1/submissions/{world.names['submission']}").json()
    missing = bob.get(f"/api/v1/submissions/{'0' * 32}").json()
    for problem in (foreign, missing):
        del problem["request_id"]
    assert foreign == missing


def test_after_the_reveal_everybody_sees_the_private_board(world: World) -> None:
    world.site.end()
    world.site.settle()
    statuses = {
        role: world.status(role, "GET", f"{TOY}/leaderboard?board=private", None) for role in ROLES
    }
    assert statuses == dict.fromkeys(ROLES, 200)


def test_an_award_is_decided_by_its_host_alone(world: World) -> None:
    world.site.end()
    world.site.settle()
    (award,) = world.visitors["own"].get(f"{TOY}/awards").json()["items"]
    path = f"/api/v1/awards/{award['id']}/confirmation"
    statuses = {role: world.status(role, "POST", path, None) for role in ROLES if role != "admin"}
    assert statuses == {
        "spectator": 401, "own": 403, "other": 403, "organizer": 200, "organizer_other": 403,
    }  # fmt: skip
