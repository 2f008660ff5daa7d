"""What would count now, for the own team alone, from what it is told."""

from tests.web.site import Site
from tests.web.test_pages import Browser
from tests.web.toy_pack import predictions

TOY = "/api/v1/challenges/toy"


def names(site: Site) -> list[tuple[str, bool]]:
    found = site.people["ada"].get(f"{TOY}/finals").json()
    return [(final["submission_id"], final["is_chosen"]) for final in found["items"]]


def test_best_public_ones_stand_in_for_choices_not_made(site: Site) -> None:
    site.publish(rule="chosen")
    ada = site.person("ada", accepts="toy")
    ids = [ada.submit(predictions(miss)).json()["submission_id"] for miss in (0.3, 0.1, 0.2)]
    assert names(site) == []
    site.score_all()
    assert names(site) == [(ids[1], False), (ids[2], False)]
    ada.call("PUT", f"/api/v1/submissions/{ids[0]}/choice", json={"chosen": True})
    assert names(site) == [(ids[0], True), (ids[1], False)]
    ada.call("PUT", f"/api/v1/submissions/{ids[1]}/withdrawal", json={"withdrawn": True})
    assert names(site) == [(ids[0], True), (ids[2], False)]
    found = ada.get(f"{TOY}/finals").json()
    assert (found["rule"], found["limit"], found["untold"]) == ("chosen", 2, 0)
    assert found["words"].startswith("Choose up to 2 submissions until ")


def test_page_says_what_would_count_by_which_rule(site: Site) -> None:
    site.publish()
    site.person("ada", accepts="toy").submit(predictions(0.1))
    site.score_all()
    browser = Browser(site)
    browser.log_in("ada")
    page = browser.see("/challenges/toy/submissions")
    assert "What would count now" in page
    assert "Your submission with the best public score counts; nothing is chosen." in page


def test_board_follows_choices_names_and_roles_without_another_score(site: Site) -> None:
    site.publish(rule="chosen")
    ada, bob = (site.person(name, accepts="toy") for name in ("ada", "bob"))
    worse, _ = (ada.submit(predictions(miss)).json()["submission_id"] for miss in (0.3, 0.1))
    bob.submit(predictions(0.2))
    site.score_all()

    def rows() -> list[tuple[int | None, str, str]]:
        site.score_all()
        items = site.spectator().get(f"{TOY}/leaderboard").json()["items"]
        return [(row["rank"], row["team"], row["score"]) for row in items if row["team_id"]]

    assert rows() == [(1, "ada", "0.1000"), (2, "bob", "0.2000")]
    assert ada.call("PUT", f"/api/v1/submissions/{worse}/choice", json={"chosen": True}).is_success
    assert rows() == [(1, "bob", "0.2000"), (2, "ada", "0.3000")]
    assert bob.call("PATCH", f"{TOY}/team", json={"name": "Bobcats"}).is_success
    assert rows() == [(1, "Bobcats", "0.2000"), (2, "ada", "0.3000")]
    link = {"uses": 1, "role": "judge"}
    made = site.people["hostess"].post(f"{TOY}/join-links", json=link).json()
    browser = Browser(site)
    browser.log_in("bob")
    browser.send("/join/" + made["url"].partition("/join/")[2])
    assert rows() == [(None, "Bobcats", "0.2000"), (1, "ada", "0.3000")]
