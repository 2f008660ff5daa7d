"""Under a release rule no page and no answer tells the score it holds back, to nobody."""

from collections.abc import Iterator
from decimal import Decimal

import pytest
from tests.web.site import Site
from tests.web.test_secrecy import PATHS
from tests.web.toy_pack import predictions

from palio.challenges.board_contracts import Release, ReleaseRule
from palio.pipeline import number_steps

LADDER = ReleaseRule(Release.LADDER, Decimal("0.02"))
HELD_BACK = ("0.317", "0.311")  # rmse and mae alike
BOARD = "/api/v1/challenges/toy/leaderboard"


def seen(site: Site, ids: list[str]) -> Iterator[tuple[str, str]]:
    paths = [*PATHS, *(f"/api/v1/submissions/{i}" for i in ids)]
    paths += [f"/challenges/toy/submissions/{i}" for i in ids]
    for visitor in (site.spectator(), *site.people.values()):
        for path in paths:
            yield path, visitor.get(path).text


def two_tries(site: Site, rule: ReleaseRule) -> list[str]:
    site.publish(baselines=False)
    site.declare_board(release=rule)
    ada = site.person("ada", accepts="toy")
    ids = []
    for offset in (0.317, 0.311):
        ids.append(ada.submit(predictions(offset)).json()["submission_id"])
        site.score_all()
    return ids


@pytest.mark.parametrize(
    "rule", [LADDER, ReleaseRule(Release.HIDDEN), ReleaseRule(Release.DAILY)], ids=str
)
def test_score_held_back_stands_nowhere(site: Site, rule: ReleaseRule) -> None:
    for path, text in seen(site, two_tries(site, rule)):
        assert not [score for score in HELD_BACK if score in text], path


def test_ladder_shows_the_teams_step_and_says_so(site: Site) -> None:
    ids = two_tries(site, LADDER)
    ada = site.people["ada"]
    for submission_id in ids:
        told = ada.get(f"/api/v1/submissions/{submission_id}").json()
        assert told["public_scores"] == [{"metric": "rmse", "score": "0.32"}]
        assert told["status"].startswith("Scored. Shown is your team's best score so far, in steps")
        page = ada.get(f"/challenges/toy/submissions/{submission_id}").text
        assert "in steps of 0.02" in page
    (row,) = ada.get(BOARD).json()["items"]
    assert Decimal(row["score"]) == Decimal("0.32")
    assert "0.32" in ada.get(f"{BOARD}.csv").text


def test_hidden_scores_come_with_the_reveal(site: Site) -> None:
    ids = two_tries(site, ReleaseRule(Release.HIDDEN))
    ada = site.people["ada"]
    told = ada.get(f"/api/v1/submissions/{ids[0]}").json()
    assert (told["state"], told["public_scores"]) == ("scored", [])
    assert told["status"] == "Scored. Public scores are shown at the reveal."
    assert ada.get(BOARD).json()["items"] == []
    site.end()
    site.settle()
    told = ada.get(f"/api/v1/submissions/{ids[0]}").json()
    assert told["public_scores"][0] == {"metric": "rmse", "score": "0.3170"}
    assert [row["score"] for row in ada.get(BOARD).json()["items"]] == ["0.3110"]


def test_daily_scores_come_when_the_day_is_over(site: Site) -> None:
    ids = two_tries(site, ReleaseRule(Release.DAILY))
    ada = site.people["ada"]
    told = ada.get(f"/api/v1/submissions/{ids[0]}").json()
    assert told["public_scores"] == []
    assert told["status"].startswith("Scored. Its score is shown ")
    assert told["status"].endswith(" 00:00:00 UTC.")
    assert ada.get(BOARD).json()["items"] == []
    site.sql("UPDATE release_line SET visible_at = at")  # as if it were midnight
    number_steps.tell_due(site.bench)
    site.score_all()
    assert [row["score"] for row in ada.get(BOARD).json()["items"]] == ["0.3110"]
    told = ada.get(f"/api/v1/submissions/{ids[0]}").json()
    assert told["public_scores"][0] == {"metric": "rmse", "score": "0.3170"}
    assert told["status"] == "Scored."
