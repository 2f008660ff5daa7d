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
