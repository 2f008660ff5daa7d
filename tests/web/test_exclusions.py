"""Disqualified and withdrawn by API and by page: who may, who reads what, what the boards say."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.factories.submissions import until_somebody_waits
from tests.web.site import Site, Visitor
from tests.web.test_pages import Browser
from tests.web.toy_pack import predictions

from palio.challenges import queries as challenges
from palio.core.clock import database_now
from palio.submissions import exclusions
from palio.submissions.exclusion_contracts import ReasonCode

TOY = "/api/v1/challenges/toy"
WORDS = "Your file is bob's, see rule 4."


def play(site: Site, **options: Any) -> tuple[Visitor, Visitor, dict[str, str]]:
    """A challenge with a scored submission of ada, the better one, and of bob."""
    site.publish(**options)
    ids = {}
    for handle, miss in (("ada", 0.1), ("bob", 0.2)):
        person = site.person(handle, accepts="toy")
        ids[handle] = person.submit(predictions(miss)).json()["submission_id"]
    site.score_all()
    return site.people["ada"], site.people["bob"], ids


def ranked(site: Site, board: str = "public") -> list[str]:
    rows = site.spectator().get(f"{TOY}/leaderboard?board={board}").json()["items"]
    return [row["team"] for row in rows if row["rank"] is not None]


def disqualify(
    site: Site, team: str = "ada", submission_id: str | None = None
) -> dict[str, object]:
    order = {"team": team, "submission_id": submission_id, "reason": "copied", "words": WORDS}
    answer = site.people["hostess"].post(f"{TOY}/exclusions", json=order)
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    site.score_all()
    return made


def test_disqualified_team_is_off_the_board_reads_why_and_comes_back(site: Site) -> None:
    ada, bob, _ = play(site)
    made = disqualify(site)
    assert ranked(site) == ["bob"]
    (own,) = ada.get(f"{TOY}/team/exclusions").json()["items"]
    assert (own["reason"], own["words"]) == ("copied", WORDS)
    assert bob.get(f"{TOY}/team/exclusions").json()["items"] == []
    refused = ada.submit(predictions(0.3))
    assert (refused.status_code, refused.json()["code"]) == (403, "team_excluded")
    assert WORDS in refused.json()["detail"]
    assert ada.get("/api/v1/messages").json()["items"][0]["kind"] == "exclusion.made"
    lifted = site.people["hostess"].post(
        f"{TOY}/exclusions/{made['id']}/lifting", json={"words": "You were right."}
    )
    assert lifted.status_code == 200
    assert "nobody is disqualified any more." in site.spectator().get("/challenges/toy/board").text
    site.score_all()
    assert ranked(site) == ["ada", "bob"]


def test_everybody_reads_how_many_and_nobody_elses_name_or_reason(site: Site) -> None:
    _, bob, _ = play(site)
    assert "disqualified" not in site.spectator().get("/challenges/toy/board").text
    disqualify(site)
    count = site.spectator().get(f"{TOY}/exclusions/count").json()
    assert (count["teams"], count["submissions"]) == (1, 0)
    page = bob.get("/challenges/toy/board").text
    assert "1 team disqualified." in page
    assert "bob's, see rule 4" not in page
    assert "copied" not in page
    assert re.search(r"\bada\b", page) is None  # ids may hold the letters


def test_after_the_reveal_a_new_version_is_shown_and_the_old_one_kept(site: Site) -> None:
    play(site)
    site.end()
    site.settle()
    assert ranked(site, "private") == ["ada", "bob"]
    first = site.spectator().get(f"{TOY}/leaderboard?board=private").json()
    disqualify(site)
    second = site.spectator().get(f"{TOY}/leaderboard?board=private").json()
    assert ranked(site, "private") == ["bob"]
    assert (first["version"], second["version"]) == (1, 2)
    assert site.count("board_snapshot WHERE board = 'private'") == 2


def test_team_withdraws_takes_back_and_the_organizer_withdraws_with_words(site: Site) -> None:
    ada, bob, ids = play(site)
    path = f"/api/v1/submissions/{ids['ada']}/withdrawal"
    assert bob.call("PUT", path, json={"withdrawn": True}).status_code == 404
    withdrawn = ada.call("PUT", path, json={"withdrawn": True})
    assert withdrawn.json()["withdrawn_at"] is not None
    site.score_all()
    assert ranked(site) == ["bob"]
    hosts_view = site.people["hostess"].get(f"{TOY}/submissions?all=true").json()["items"]
    assert {ids["ada"], ids["bob"]} <= {item["id"] for item in hosts_view}
    assert ada.get(f"{TOY}/quota").json()["used_total"] == 1
    ada.call("PUT", path, json={"withdrawn": False})
    site.score_all()
    assert ranked(site) == ["ada", "bob"]
    order = {"withdrawn": True, "words": "Broken upload."}
    assert ada.call("PUT", path, json=order).status_code == 403
    done = site.people["hostess"].call("PUT", path, json=order)
    assert done.json()["withdrawn_words"] == "Broken upload."
    refused = ada.call("PUT", path, json={"withdrawn": False})
    assert (refused.status_code, refused.json()["code"]) == (409, "withdrawn_by_host")


def test_team_of_a_disqualified_person_is_not_left_for_a_new_one(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    assert ada.post(f"{TOY}/team", json={"name": "First"}).status_code == 201
    disqualify(site, team="First")
    for answer in (
        ada.call("DELETE", f"{TOY}/team/membership"),
        ada.post(f"{TOY}/team", json={"name": "Second"}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "team_excluded")


@pytest.mark.integration
@pytest.mark.parametrize("database", ["postgresql"])
def test_a_team_that_is_left_while_it_is_disqualified_is_not_left(
    site: Site, postgres_engine: Engine
) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    team = ada.post(f"{TOY}/team", json={"name": "First"}).json()
    with ThreadPoolExecutor(1) as pool:
        with site.work() as session:
            exclusions.disqualify(
                session,
                challenge=challenges.by_slug(session, "toy"),
                team_id=team["id"],
                reason=ReasonCode.COPIED,
                words=WORDS,
                by=site.organizer_id,
                now=database_now(session),
            )
            leaving = pool.submit(ada.call, "DELETE", f"{TOY}/team/membership")
            until_somebody_waits(postgres_engine)
        assert leaving.result().json()["code"] == "team_excluded"


def test_nobody_joins_a_disqualified_team_and_it_is_not_said_why(site: Site) -> None:
    site.publish()
    ada, bob = (site.person(handle, accepts="toy") for handle in ("ada", "bob"))
    assert ada.post(f"{TOY}/team", json={"name": "First"}).status_code == 201
    code = ada.post(f"{TOY}/team/invites").json()["code"]
    made = disqualify(site, team="First")
    refused = bob.post(f"/api/v1/team-invites/{code}")
    assert (refused.status_code, refused.json()["code"]) == (409, "team_frozen")
    assert refused.json()["detail"] == "First takes nobody in now. Ask its captain."
    path = f"{TOY}/exclusions/{made['id']}/lifting"
    assert site.people["hostess"].post(path, json={"words": "A mistake."}).is_success
    assert bob.post(f"/api/v1/team-invites/{code}").is_success


def test_host_disqualifies_and_lifts_by_page(site: Site) -> None:
    _, _, ids = play(site)
    browser = Browser(site)
    browser.log_in("hostess")
    page = browser.see(f"/challenges/toy/submissions/{ids['ada']}")
    assert "Disqualify it or its team" in page
    browser.see("/challenges/toy/host/exclusions?team=ada")
    without = browser.send("/challenges/toy/host/exclusions", deed="disqualify", team="ada")
    assert without.status_code == 400
    browser.page = without.text
    made = browser.send(
        "/challenges/toy/host/exclusions",
        deed="disqualify",
        team="ada",
        reason="copied",
        words=WORDS,
    )
    assert "in force" in made.text
    browser.page = made.text
    lifted = browser.send(
        "/challenges/toy/host/exclusions",
        deed="lift",
        exclusion=browser.hidden("exclusion"),
        words="You were right.",
    )
    assert "lifted" in lifted.text
    assert "You were right." in lifted.text


def test_team_withdraws_by_page_and_sees_it(site: Site) -> None:
    _, _, ids = play(site, rule="chosen")
    browser = Browser(site)
    browser.log_in("ada")
    browser.see(f"/challenges/toy/submissions/{ids['ada']}")
    done = browser.send("/challenges/toy/withdrawals", submission=ids["ada"], deed="withdraw")
    assert "It counts on no board" in done.text
    assert "withdrawn" in browser.see("/challenges/toy/submissions")
    browser.see(f"/challenges/toy/submissions/{ids['ada']}")
    back = browser.send("/challenges/toy/withdrawals", submission=ids["ada"], deed="restore")
    assert "It counts on no board" not in back.text
