"""The two deadlines of teams, through the API: who may still come in, and who may still change."""

import pytest
from tests.web.site import Site, Visitor

TOY = "/api/v1/challenges/toy"
PAST = "2026-01-01T00:00:00Z"


def pass_deadline(site: Site, name: str) -> None:
    """Declare that a deadline was long ago."""
    site.sql(
        "UPDATE challenge SET plan = replace(plan, :old, :new)",
        old=f'"{name}":null',
        new=f'"{name}":"{PAST}"',
    )
    teams = site.spectator().get(TOY).json()["team_rules"]
    assert teams[name] == PAST


def code_of(visitor: Visitor, method: str, path: str, **body: str) -> tuple[int, str]:
    answer = visitor.call(method, f"{TOY}{path}", json=body)
    return answer.status_code, answer.json()["code"] if answer.content else ""


def test_after_the_entry_deadline_nobody_new_submits_or_founds_a_team(open_site: Site) -> None:
    ada, bob = (open_site.person(handle, accepts="toy") for handle in ("ada", "bob"))
    assert ada.submit().status_code == 201
    pass_deadline(open_site, "entry_deadline")
    late = bob.submit()
    assert (late.status_code, late.json()["code"]) == (409, "entry_deadline_passed")
    assert code_of(bob, "POST", "/team", name="Late") == (409, "entry_deadline_passed")
    assert ada.submit(key="again").status_code == 201


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_after_the_merge_deadline_no_team_changes_and_everybody_submits(open_site: Site) -> None:
    ada, bob, cid = (open_site.person(handle, accepts="toy") for handle in ("ada", "bob", "cid"))
    assert ada.post(f"{TOY}/team", json={"name": "One"}).status_code == 201
    code = ada.post(f"{TOY}/team/invites", json={}).json()["code"]
    pass_deadline(open_site, "merge_deadline")
    joined = bob.post(f"/api/v1/team-invites/{code}")
    assert (joined.status_code, joined.json()["code"]) == (409, "team_frozen")
    assert code_of(ada, "POST", "/team/invites") == (409, "team_frozen")  # it would lead nowhere
    assert code_of(ada, "DELETE", "/team/membership") == (409, "team_frozen")
    assert code_of(ada, "POST", "/team", name="Two") == (409, "team_frozen")
    assert [person.submit().status_code for person in (ada, cid)] == [201, 201]
