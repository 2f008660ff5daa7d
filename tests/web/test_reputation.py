"""Profiles, ratings, thanks and invitations by API and by page."""

import pytest
from tests.web.site import Site, Visitor
from tests.web.test_pages import Browser
from tests.web.toy_pack import predictions

from palio.web.pages import reputation as pages

TOY = "/api/v1/challenges/toy"


def play(site: Site) -> tuple[Visitor, Visitor]:
    """An awarded challenge: ada won before bob."""
    site.publish()
    for handle, miss in (("ada", 0.1), ("bob", 0.2)):
        site.person(handle, accepts="toy").submit(predictions(miss))
    site.score_all()
    site.end()
    site.settle()
    (award,) = site.spectator().get(f"{TOY}/awards").json()["items"]
    done = site.people["hostess"].post(f"/api/v1/awards/{award['id']}/confirmation")
    assert done.status_code == 200, done.text
    return site.people["ada"], site.people["bob"]


def profile(site: Site, handle: str) -> dict[str, object]:
    found: dict[str, object] = site.spectator().get(f"/api/v1/people/{handle}").json()
    return found


def rate(who: Visitor, handle: str, question: str, stars: int = 5) -> tuple[int, str]:
    order = {"handle": handle, "question": question, "stars": stars}
    answer = who.post(f"{TOY}/ratings", json=order)
    return answer.status_code, answer.json()["code"] if answer.content else ""


def test_profile_shows_what_somebody_did(site: Site) -> None:
    play(site)
    shown = profile(site, "ada")
    assert [(f["rank"], f["teams"], f["members"]) for f in shown["finishes"]] == [(1, 2, 1)]  # type: ignore[attr-defined]
    assert shown["prizes"][0]["money"]["text"] == "EUR 1,000.00"  # type: ignore[index]
    assert profile(site, "hostess")["organized"] == 1
    page = site.spectator().get("/people/ada").text
    assert "First prize" in page


def test_challenge_without_prizes_is_over_with_the_reveal(site: Site) -> None:
    site.publish()
    site.declare_prizes()
    ada, bob = (site.person(name, accepts="toy") for name in ("ada", "bob"))
    for who, miss in ((ada, 0.1), (bob, 0.2)):
        who.submit(predictions(miss))
    site.score_all()
    assert "/feedback" not in ada.get("/challenges/toy").text
    site.end()
    site.settle()
    assert "/challenges/toy/feedback" in ada.get("/challenges/toy").text
    assert rate(ada, "hostess", "rules_clear") == (204, "")
    assert bob.post(f"{TOY}/thanks", json={"handle": "ada"}).status_code == 204
    assert "has no prizes, so no money" in ada.get("/challenges/toy/money").text
    assert "No award" not in ada.get("/challenges/toy/prizes").text


def test_ratings_and_thanks_are_given_once_by_those_who_met(site: Site) -> None:
    ada, bob = play(site)
    hostess = site.people["hostess"]
    assert rate(ada, "hostess", "paid_on_time") == (204, "")
    assert rate(ada, "hostess", "paid_on_time", 1) == (409, "rated_already")
    assert rate(bob, "hostess", "paid_on_time") == (403, "not_yours_to_rate")
    assert rate(hostess, "ada", "reproducible") == (204, "")
    assert rate(bob, "hostess", "rules_clear", 6) == (400, "stars_bad")
    assert rate(site.person("stranger"), "hostess", "rules_clear") == (403, "not_yours_to_rate")
    assert bob.post(f"{TOY}/thanks", json={"handle": "ada"}).status_code == 204
    assert bob.post(f"{TOY}/thanks", json={"handle": "ada"}).status_code == 409
    assert profile(site, "ada")["thanks"] == 1
    left = bob.get(f"{TOY}/feedback").json()["items"]
    assert [(line["handle"], line["questions"], line["may_thank"]) for line in left] == [
        ("hostess", ["rules_clear"], True)
    ]


def test_feedback_before_the_award_is_refused_in_words(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    answer = ada.get(f"{TOY}/feedback")
    assert (answer.status_code, answer.json()["code"]) == (409, "challenge_not_over")


def test_hidden_profile_looks_like_none(site: Site) -> None:
    ada, _ = play(site)
    chosen = ada.call(
        "PUT", "/api/v1/me/profile", json={"is_hidden": True, "takes_invitations": False}
    )
    assert chosen.status_code == 204
    hidden = site.spectator().get("/api/v1/people/ada")
    nobody = site.spectator().get("/api/v1/people/nobody")
    assert (hidden.status_code, hidden.json()["detail"]) == (404, nobody.json()["detail"])
    assert ada.get("/api/v1/people/ada").json()["is_hidden"] is True


def test_host_invites_by_results_and_learns_a_number(site: Site) -> None:
    ada, _ = play(site)
    ada.call("PUT", "/api/v1/me/profile", json={"is_hidden": False, "takes_invitations": True})
    site.publish("elsewhere")
    hostess = site.people["hostess"]
    path = "/api/v1/challenges/elsewhere/invitations"
    refused = ada.post(path, json={})
    assert refused.status_code == 403
    assert hostess.post(path, json={"top_percent": 50}).json() == {"invited": 1}
    assert hostess.post(path, json={"top_percent": 50}).json() == {"invited": 0}
    assert ada.get("/api/v1/messages").json()["items"][0]["kind"] == "reputation.invitation"


def test_page_of_a_crowd_lists_some_and_thanks_anybody_by_handle(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(site)
    monkeypatch.setattr(pages, "SHOWN_MAX", 1)
    browser = Browser(site)
    browser.log_in("bob")
    late = Browser(site)
    late.sign_up("late")
    late.see("/challenges/toy/rules")
    late.send("/challenges/toy/rules", sha256=late.hidden("sha256"))
    assert "the challenge is over" in late.see("/challenges/toy/team")
    browser.log_in("bob")
    page = browser.see("/challenges/toy/feedback")
    assert ('href="/people/hostess"' in page, 'href="/people/ada"' in page) == (True, False)
    assert "1 more" in page
    assert browser.send("/challenges/toy/feedback", deed="thank", handle="ada").status_code == 200
    assert profile(site, "ada")["thanks"] == 1
    assert " more" not in browser.see("/challenges/toy/feedback")


@pytest.mark.parametrize("deed", ["rate", "thank"])
def test_pages_let_a_participant_speak(site: Site, deed: str) -> None:
    play(site)
    browser = Browser(site)
    browser.log_in("bob")
    page = browser.see("/challenges/toy/feedback")
    assert "Rules were clear" in page
    fields = {"deed": deed, "handle": "hostess", "question": "rules_clear", "stars": "4"}
    assert browser.send("/challenges/toy/feedback", **fields).status_code == 200
    again = browser.send("/challenges/toy/feedback", **fields)
    assert again.status_code == 409
    browser.see("/people/bob")
    kept = browser.send("/me/profile", takes_invitations="on")
    assert "checked> Organizers may invite me" in kept.text


def test_page_lets_the_host_invite(site: Site) -> None:
    site.publish()
    browser = Browser(site)
    browser.log_in("hostess")
    browser.see("/challenges/toy/invitations")
    sent = browser.send(
        "/challenges/toy/invitations", tier="newcomer", finishes="0", tag="", words=""
    )
    assert "0 people were invited." in sent.text
    bad = browser.send("/challenges/toy/invitations", tier="newcomer", finishes="x")
    assert bad.status_code == 400
