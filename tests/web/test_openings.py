"""Opened answers: by the organizer's order or at the end by itself, never before the reveal."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.web.site import Site, Visitor
from tests.web.test_pages import Browser
from tests.web.toy_pack import predictions

from palio.challenges.contracts import AnswersOpen
from palio.challenges.prize_contracts import VerificationPlan
from palio.cli.verify import board
from palio.cli.verify.commands import read_bundle
from palio.pipeline import opening_steps

TOY = "/api/v1/challenges/toy"
OPENINGS = f"{TOY}/openings"
AT_THE_END = {"answers_open": AnswersOpen.AT_THE_END}


def played(site: Site, **plan: Any) -> tuple[Visitor, Visitor]:
    """A toy challenge with one submission, still open."""
    site.publish()
    if plan:
        site._change_plan("toy", **plan)
    ada = site.person("ada", accepts="toy")
    assert ada.submit(predictions(0.4)).status_code == 201
    site.score_all()
    return ada, site.people["hostess"]


def reveal(site: Site) -> None:
    site.end()
    site.settle()


def work(site: Site) -> None:
    """What the sweep and the worker it tells do."""
    opening_steps.ask_due(site.bench)
    for id_ in opening_steps.waiting(site.bench):
        opening_steps.open_one(site.bench, id_)


def kinds(site: Site) -> list[str]:
    items = site.spectator().get("/api/v1/log/entries?limit=500").json()["items"]
    return [item["kind"] for item in items]


def decide(hostess: Visitor) -> None:
    (award,) = hostess.get(f"{TOY}/awards").json()["items"]
    assert hostess.post(f"/api/v1/awards/{award['id']}/confirmation").status_code == 200


def verified(site: Site, folder: Path, answers: bytes) -> list[str]:
    path = folder / "toy.zip"
    path.write_bytes(site.spectator().get(f"{TOY}/bundle").content)
    files, fault = read_bundle(path)
    found = board.check(files, answers=answers)
    assert (fault, found.faults) == ("", [])
    return found.holds


@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]
)
@pytest.mark.parametrize("row", ["", "3"])
def test_an_organizer_opens_and_everybody_checks(site: Site, tmp_path: Path, row: str) -> None:
    ada, hostess = played(site)
    reveal(site)
    asked = hostess.post(OPENINGS, json={"row": row})
    assert (asked.status_code, asked.json()["state"]) == (202, "waiting")
    assert ada.get(f"{OPENINGS}/{asked.json()['id']}/file").status_code == 404
    work(site)
    (listed,) = site.spectator().get(OPENINGS).json()["items"]
    assert (listed["state"], listed["row"], listed["rows"]) == ("opened", row, 1 if row else 40)
    answers = ada.get(f"{OPENINGS}/{listed['id']}/file").content
    assert hashlib.sha256(answers).hexdigest() == listed["sha256"]
    assert "promised at the launch" in " ".join(verified(site, tmp_path, answers))
    assert (
        kinds(site).count("challenges.ask_opening"),
        kinds(site).count("challenges.open_answers"),
    ) == (1, 1)
    again = hostess.post(OPENINGS, json={"row": row}).json()
    assert (again["id"], again["state"]) == (listed["id"], "opened")
    work(site)
    assert kinds(site).count("challenges.open_answers") == 1


def test_nothing_is_opened_or_told_before_the_reveal(site: Site) -> None:
    ada, hostess = played(site, **AT_THE_END)
    for is_over in (False, True):
        if is_over:
            site.end()
        refused = hostess.post(OPENINGS, json={"row": ""})
        assert (refused.status_code, refused.json()["code"]) == (409, "answers_not_openable")
        assert {who.get(OPENINGS).status_code for who in (ada, hostess, site.spectator())} == {404}
        assert "Open the answers" not in hostess.get("/challenges/toy/host").text
    work(site)
    assert site.count("answer_opening") == 0


def test_declared_at_the_end_they_open_once_the_challenge_is_awarded(
    site: Site, tmp_path: Path
) -> None:
    ada, hostess = played(site, **AT_THE_END)
    reveal(site)
    work(site)
    assert site.count("answer_opening") == 0
    decide(hostess)
    for _ in range(3):
        work(site)
    hostess.post(f"{TOY}/archive")
    work(site)
    (listed,) = ada.get(OPENINGS).json()["items"]
    answers = ada.get(f"{OPENINGS}/{listed['id']}/file").content
    assert "all 40 answers are those promised at the launch" in verified(site, tmp_path, answers)
    assert kinds(site).count("challenges.open_answers") == 1


def test_declared_at_the_end_they_open_with_the_reveal_where_there_are_no_prizes(
    site: Site,
) -> None:
    played(site, **AT_THE_END, prizes=())
    reveal(site)
    for _ in range(3):
        work(site)
    assert kinds(site).count("challenges.open_answers") == 1


def test_by_default_nothing_opens_by_itself(site: Site) -> None:
    _, hostess = played(site)
    reveal(site)
    decide(hostess)
    work(site)
    assert site.count("answer_opening") == 0


def test_answers_stay_shut_while_the_challenge_may_open_again(site: Site) -> None:
    _, hostess = played(site)
    reveal(site)
    site._change_plan("toy", verification=VerificationPlan(reopen_days=30))
    refused = hostess.post(OPENINGS, json={"row": ""})
    assert (refused.status_code, "open again" in refused.json()["detail"]) == (409, True)


def test_an_asked_opening_is_not_made_when_the_challenge_opened_again(site: Site) -> None:
    _, hostess = played(site)
    reveal(site)
    hostess.post(OPENINGS, json={"row": ""})
    site.sql("UPDATE challenge SET revealed_at = NULL, state = 'open' WHERE slug = 'toy'")
    work(site)
    assert "challenges.open_answers" not in kinds(site)


def test_a_row_that_is_not_there_is_said_to_the_organizer(site: Site) -> None:
    _, hostess = played(site)
    reveal(site)
    hostess.post(OPENINGS, json={"row": "nothing"})
    work(site)
    (listed,) = hostess.get(OPENINGS).json()["items"]
    assert (listed["state"], listed["words"]) == ("failed", "The answers have no row 'nothing'.")
    assert "challenges.open_answers" not in kinds(site)


def test_only_hosts_ask(site: Site) -> None:
    ada, _ = played(site)
    reveal(site)
    assert ada.post(OPENINGS, json={"row": ""}).status_code == 403
    assert site.spectator().post(OPENINGS, json={"row": ""}).status_code == 401


def test_the_pages_ask_and_show(site: Site) -> None:
    played(site)
    reveal(site)
    browser = Browser(site)
    browser.log_in("hostess")
    assert "Open the answers" in browser.see("/challenges/toy/host")
    assert browser.send("/challenges/toy/host", deed="open-answers", row="3").status_code == 200
    work(site)
    text = site.spectator().get("/challenges/toy/rules").text
    (listed,) = site.spectator().get(OPENINGS).json()["items"]
    assert f"{OPENINGS}/{listed['id']}/file" in text
    assert "row 3" in text


def test_after_a_corrected_key_the_new_answers_open_beside_the_old(site: Site) -> None:
    _, hostess = played(site)
    reveal(site)
    for version in (1, 2):
        if version == 2:
            site.sql("UPDATE answer_opening SET key_version = 0")  # as if of the key before
        hostess.post(OPENINGS, json={"row": "3"})
        work(site)
    assert json.loads(hostess.get(OPENINGS).text)["items"][0]["state"] == "opened"
    assert site.count("answer_opening") == 2
