"""A challenge over HTTP alone, from sign-up to the prize."""

import pytest
from tests.web.site import Site
from tests.web.toy_pack import predictions


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_challenge_played_over_the_api_ends_with_a_prize(open_site: Site) -> None:
    site = open_site
    ada = site.person("ada", accepts="toy")
    bob = site.person("bob", accepts="toy")

    receipt = ada.submit(predictions(0.5))
    assert receipt.status_code == 201, receipt.text
    assert bob.submit(predictions(0.25)).status_code == 201
    waiting = ada.get(f"/api/v1/submissions/{receipt.json()['submission_id']}").json()
    assert waiting["state"] == "received"
    assert waiting["queue"]["position"] == 1

    site.score_all()
    scored = ada.get(f"/api/v1/submissions/{receipt.json()['submission_id']}").json()
    assert (scored["state"], scored["status"]) == ("scored", "Scored.")
    assert scored["public_scores"] == [
        {"metric": "rmse", "score": "0.5000"},
        {"metric": "mae", "score": "0.500"},
    ]
    board = site.spectator().get("/api/v1/challenges/toy/leaderboard").json()
    assert [(row["rank"], row["team"], row["kind"], row["score"]) for row in board["items"]] == [
        (1, "bob", "competitor", "0.2500"),
        (2, "ada", "competitor", "0.5000"),
        (None, "Mean of all", "baseline", board["items"][2]["score"]),
    ]
    assert bob.get("/api/v1/challenges/toy/awards").json() == {"items": []}
    private = bob.get("/api/v1/challenges/toy/leaderboard?board=private")
    assert (private.status_code, private.json()["code"]) == (404, "not_revealed_yet")

    site.end()
    late = ada.submit(predictions(0.1))
    assert (late.status_code, late.json()["code"]) == (409, "closed")
    site.settle()
    final = bob.get("/api/v1/challenges/toy/leaderboard?board=private").json()
    assert [row["team"] for row in final["items"] if row["rank"]] == ["bob", "ada"]
    (award,) = bob.get("/api/v1/challenges/toy/awards").json()["items"]
    assert (award["team"], award["state"]) == ("bob", "provisional")

    assert bob.post(f"/api/v1/awards/{award['id']}/confirmation").status_code == 403
    confirmed = site.people["hostess"].post(f"/api/v1/awards/{award['id']}/confirmation")
    assert confirmed.json()["state"] == "confirmed"
    assert ada.get("/api/v1/challenges/toy").json()["state"] == "awarded"


def test_an_archived_challenge_is_read_by_everybody_as_before(open_site: Site) -> None:
    site = open_site
    site.person("ada", accepts="toy").submit(predictions(0.5))
    site.score_all()
    site.end()
    site.settle()
    toy, hostess = "/api/v1/challenges/toy", site.people["hostess"]
    assert hostess.post(f"{toy}/archive").json()["code"] == "awards_undecided"
    (award,) = hostess.get(f"{toy}/awards").json()["items"]
    hostess.post(f"/api/v1/awards/{award['id']}/confirmation")
    before = site.spectator().get(f"{toy}/leaderboard?board=private").json()
    assert hostess.post(f"{toy}/archive").status_code == 204
    assert site.spectator().get(toy).json()["state"] == "archived"
    assert site.spectator().get(f"{toy}/leaderboard?board=private").json() == before
