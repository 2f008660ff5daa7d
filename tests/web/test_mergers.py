"""Mergers by API and by page, from the look at each other to one team."""

import pytest
from tests.web.site import Site, Visitor
from tests.web.test_pages import Browser
from tests.web.toy_pack import predictions

TOY = "/api/v1/challenges/toy"


@pytest.fixture
def pair(site: Site) -> tuple[Visitor, Visitor]:
    """Ada with one try used and bob with two."""
    site.publish()
    for handle, count in (("ada", 1), ("bob", 2)):
        person = site.person(handle, accepts="toy")
        for index in range(count):
            person.submit(predictions(0.1 * (index + 1)))
    site.score_all()
    return site.people["ada"], site.people["bob"]


def test_two_teams_look_agree_and_are_one(site: Site, pair: tuple[Visitor, Visitor]) -> None:
    ada, bob = pair
    look = ada.get(f"{TOY}/team/mergers/preview?team=BOB").json()
    (tries,) = look["phases"]
    assert (tries["ours"], tries["theirs"], tries["combined"], tries["remaining"]) == (1, 2, 3, 2)
    assert look["obstacles"] == []
    made = ada.post(f"{TOY}/team/mergers", json={"team": "bob", "name": "theirs"})
    assert made.status_code == 201, made.text
    (asked,) = bob.get(f"{TOY}/team/mergers").json()["items"]
    assert (asked["is_ours"], asked["name"], asked["captain"]) == (False, "bob", "ada")
    assert asked["preview"]["phases"][0]["combined"] == 3
    path = f"{TOY}/team/mergers/{asked['id']}/decision"
    assert ada.post(path, json={"decision": "accept"}).status_code == 403
    answer = bob.post(path, json={"decision": "accept"})
    assert answer.status_code == 200, answer.text
    assert [member["handle"] for member in answer.json()["members"]] == ["ada", "bob"]
    quota = bob.get(f"{TOY}/quota").json()
    assert (quota["used_total"], quota["remaining"]) == (3, 2)
    assert len(ada.get(f"{TOY}/submissions").json()["items"]) == 3
    site.score_all()
    rows = site.spectator().get(f"{TOY}/leaderboard").json()["items"]
    assert [(row["team"], row["entries"]) for row in rows if row["rank"]] == [("bob", 3)]


def test_proposal_of_others_is_not_there(site: Site, pair: tuple[Visitor, Visitor]) -> None:
    ada, _ = pair
    made = ada.post(f"{TOY}/team/mergers", json={"team": "bob"}).json()
    eve = site.person("eve", accepts="toy")
    path = f"{TOY}/team/mergers/{made['id']}/decision"
    assert eve.post(path, json={"decision": "decline"}).json()["code"] == "team_not_found"
    eve.submit()
    assert eve.post(path, json={"decision": "decline"}).json()["code"] == "merger_not_found"


def test_teams_merge_by_pages(site: Site, pair: tuple[Visitor, Visitor]) -> None:
    assert len(pair) == 2
    browser = Browser(site)
    browser.log_in("ada")
    assert "Merge with another team" in browser.see("/challenges/toy/team")
    page = browser.see("/challenges/toy/team/mergers?team=bob")
    assert "Propose it to bob" in page
    sent = browser.send(
        "/challenges/toy/team/mergers", deed="propose", team="bob", name="ours", captain="theirs"
    )
    assert "ada proposes to merge with bob" in sent.text
    browser.log_in("bob")
    assert "A merger with another team is proposed" in browser.see("/challenges/toy/team")
    browser.see("/challenges/toy/team/mergers")
    done = browser.send(
        "/challenges/toy/team/mergers", deed="accept", merger=browser.hidden("merger")
    )
    assert "ada and bob: accepted" in done.text
    assert "You have no team" not in browser.see("/challenges/toy/team")


def test_unknown_team_and_obstacles_are_said_on_the_page(
    site: Site, pair: tuple[Visitor, Visitor]
) -> None:
    assert len(pair) == 2
    browser = Browser(site)
    browser.log_in("ada")
    answer = browser.client.get("/challenges/toy/team/mergers?team=nobody")
    assert answer.status_code == 404
    assert "No team of this challenge is called" in answer.text
    for _ in range(3):
        site.people["ada"].submit(predictions(0.4))
    page = browser.see("/challenges/toy/team/mergers?team=bob")
    assert "have used 6 tries together; one team could have used 5 by now" in page
    assert "Propose it to bob" not in page


def test_where_teams_have_made_up_names_nobody_looks_at_anothers_tries_in_secret(
    site: Site, pair: tuple[Visitor, Visitor]
) -> None:
    ada, bob = pair
    site.declare_board(is_anonymous=True)
    for name in ("bob", "nobody"):
        look = ada.get(f"{TOY}/team/mergers/preview?team={name}")
        assert (look.status_code, look.json()["code"]) == (409, "merger_refused")
    ada.post(f"{TOY}/team/mergers", json={"team": "bob"})
    for one in (ada, bob):
        (asked,) = one.get(f"{TOY}/team/mergers").json()["items"]
        assert asked["preview"]["phases"][0]["combined"] == 3


def test_a_division_that_would_be_lost_is_said_before(
    site: Site, pair: tuple[Visitor, Visitor]
) -> None:
    ada, _ = pair
    site._change_plan("toy", divisions=("students",))
    site.sql(
        "INSERT INTO team_division (team_id, challenge_id, division, declared_by, at)"
        " SELECT id, challenge_id, 'students', captain_id, created_at FROM team"
        " WHERE name = 'bob'"
    )
    look = ada.get(f"{TOY}/team/mergers/preview?team=BOB").json()
    assert look["divisions_end"] == ["students"]
    browser = Browser(site)
    browser.log_in("ada")
    page = browser.see("/challenges/toy/team/mergers?team=bob")
    assert "takes no part in the prizes for students" in page
