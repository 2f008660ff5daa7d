"""An award over HTTP and by pages: who sees what, and the way from notice to the money."""

import hashlib
import json
from decimal import Decimal

import pytest
from sqlalchemy import text
from tests.web.site import Site, Visitor
from tests.web.toy_pack import predictions

from palio.challenges.prize_contracts import PrizeKind, PrizePlan
from palio.core.db import reading
from palio.core.money import Money
from palio.pipeline import alarms, prize_steps
from palio.pipeline.contracts import AlarmKind
from palio.pipeline.queries import open_alarms
from palio.prizes import queries

RECEIPT = hashlib.sha256(b"receipt").hexdigest()
TOY = "/challenges/toy"


def verify_winners(site: Site, *gates: str) -> None:
    """Let the challenge declare gates, as its challenge.toml could have."""
    with site.state.engine.connect() as connection:
        found = connection.execute(text("SELECT plan FROM challenge WHERE slug = 'toy'"))
        plan = json.loads(found.scalar_one())
    plan["verification"]["gates"] = list(gates)
    site.sql("UPDATE challenge SET plan = :plan WHERE slug = 'toy'", plan=json.dumps(plan))


@pytest.fixture
def won(open_site: Site) -> tuple[Site, Visitor, Visitor, str]:
    """Ada has won, Bob is second; the award waits for the organizer."""
    site = open_site
    verify_winners(site, "identity")
    ada, bob = site.person("ada", accepts="toy"), site.person("bob", accepts="toy")
    ada.submit(predictions(0.25))
    bob.submit(predictions(0.5))
    site.score_all()
    site.end()
    site.settle()
    (award,) = ada.get(f"/api/v1{TOY}/awards").json()["items"]
    return site, ada, bob, award["id"]


def test_an_award_goes_its_way_over_the_api(won: tuple[Site, Visitor, Visitor, str]) -> None:
    site, ada, bob, award = won
    host, at = site.people["hostess"], f"/api/v1/awards/{award}"

    def state(answer: object) -> str:
        found: str = answer.json()["award"]["state"]  # type: ignore[attr-defined]
        return found

    refused = host.post(f"/api/v1/awards/{award}/confirmation")
    assert (refused.status_code, refused.json()["code"]) == (409, "award_state")
    assert bob.post(f"{at}/moves", json={"move": "notify"}).status_code == 403
    assert state(host.post(f"{at}/moves", json={"move": "notify"})) == "notified"
    assert bob.post(f"{at}/moves", json={"move": "accept"}).json()["code"] == "award_not_yours"
    assert state(ada.post(f"{at}/moves", json={"move": "accept"})) == "accepted"
    assert state(ada.post(f"{at}/moves", json={"move": "hand_in"})) == "code_verified"
    gate = {"has_passed": True, "evidence_sha256": RECEIPT}
    assert host.call("PUT", f"{at}/gates/age", json=gate).json()["code"] == "gate_not_asked"
    passed = host.call("PUT", f"{at}/gates/identity", json=gate)
    assert state(passed) == "payable"
    (share,) = passed.json()["shares"]
    assert (share["money"]["text"], share["payment"]) == ("EUR 1,000.00", "payable")
    pay = {"withheld": "1.00", "receipt_sha256": RECEIPT}
    assert state(host.post(f"{at}/payments/ada", json=pay)) == "sent"
    assert bob.post(f"{at}/payments/ada/arrival").status_code == 403
    assert state(ada.post(f"{at}/payments/ada/arrival")) == "confirmed"
    pages = [who.get(f"{TOY}/awards/{award}").text for who in (host, ada)]
    assert [("not passed on" in page, "after all" in page) for page in pages] == [
        (True, True),
        (True, False),
    ]
    tax = {"receipt_sha256": RECEIPT}
    tries = [who.post(f"{at}/payments/ada/tax", json=tax) for who in (ada, host, host)]
    assert [each.status_code for each in tries] == [403, 200, 409]
    assert tries[1].json()["shares"][0]["held_tax"] is None
    strip = site.spectator().get(f"/api/v1{TOY}/prizes").json()
    assert (strip["last_call"], strip["prizes"][0]["kind"]) == (None, "rank")
    assert [step["state"] for step in strip["awards"][0]["steps"]][-3:] == [
        "payable",
        "sent",
        "confirmed",
    ]


def test_page_says_which_prize_nobody_won(open_site: Site) -> None:
    site = open_site
    site.declare_prizes(
        PrizePlan(1, "First", Money(100_00, "EUR")),
        PrizePlan(1, "Grand", Money(900_00, "EUR"), PrizeKind.THRESHOLD, Decimal(99)),
    )
    ada = site.person("ada", accepts="toy")
    ada.submit(predictions(0.25))
    site.score_all()
    site.end()
    site.settle()
    (award,) = ada.get(f"/api/v1{TOY}/awards").json()["items"]
    assert "nobody won it" not in site.spectator().get(f"{TOY}/prizes").text
    done = site.people["hostess"].post(f"/api/v1/awards/{award['id']}/confirmation")
    assert done.status_code == 200, done.text
    page = site.spectator().get(f"{TOY}/prizes").text
    assert "Grand, EUR 900.00: nobody won it." in page
    assert page.count("nobody won it") == 1


def test_the_file_of_an_award_is_for_its_team_and_hosts(
    won: tuple[Site, Visitor, Visitor, str],
) -> None:
    site, ada, bob, award = won
    at = f"/api/v1/awards/{award}"
    host = site.people["hostess"]
    statuses = [who.get(at).status_code for who in (site.spectator(), ada, bob, host)]
    assert statuses == [401, 200, 404, 200]
    assert bob.get(f"/api/v1/awards/{'0' * 32}").status_code == 404


def test_pages_show_the_strip_to_all_and_the_checklist_to_the_winner(
    won: tuple[Site, Visitor, Visitor, str],
) -> None:
    site, ada, bob, award = won
    page = f"{TOY}/awards/{award}"
    public = site.spectator().get(f"{TOY}/prizes").text
    assert "place 1 on the final board" in public
    assert "the organizer has not told the team yet" in public
    assert "Your award" not in public
    assert "Your award" in ada.get(f"{TOY}/prizes").text
    assert bob.get(page).status_code == 404
    site.people["hostess"].post(f"/api/v1/awards/{award}/moves", json={"move": "notify"})
    shown = ada.get(page).text
    assert "Accept the prize" in shown
    assert "who you are" in shown
    assert "For the organizer" in site.people["hostess"].get(page).text
    assert "For the organizer" not in shown
    assert "Where each stands" in site.spectator().get(f"{TOY}/board").text


def test_an_organizer_expires_nobody_by_hand_the_clock_does(
    won: tuple[Site, Visitor, Visitor, str],
) -> None:
    """The check of the demand: expire a winner, and the next one is offered without a script."""
    site, _, _, award = won
    host = site.people["hostess"]
    host.post(f"/api/v1/awards/{award}/moves", json={"move": "notify"})
    site.sql("UPDATE award SET due_at = made_at")
    prize_steps.look_after(site.bench)
    with reading(site.state.engine) as session:
        found = queries.awards(session, challenge_id=site.challenge_id("toy"))
    assert [(a.team_name, a.state.value) for a in found] == [
        ("ada", "forfeited"),
        ("bob", "provisional"),
    ]


def test_an_organizer_ends_the_award_of_a_team_that_was_told_only_with_words(
    won: tuple[Site, Visitor, Visitor, str],
) -> None:
    site, ada, _, award = won
    host, at = site.people["hostess"], f"/api/v1/awards/{award}"
    host.post(f"{at}/moves", json={"move": "notify"})
    silent = host.post(f"{at}/decline")
    assert (silent.status_code, silent.json()["code"]) == (409, "award_state")
    assert "say why" in silent.json()["detail"]
    ended = host.post(f"{at}/moves", json={"move": "forfeit", "words": "The code was bought."})
    assert ended.json()["award"]["state"] == "forfeited"
    assert "The code was bought." in ada.get("/messages").text


def test_a_division_nobody_declared_is_refused(open_site: Site) -> None:
    ada = open_site.person("ada", accepts="toy")
    path = f"/api/v1{TOY}/team/division"
    alone = ada.call("PUT", path, json={"division": "students"})
    assert (alone.status_code, alone.json()["code"]) == (404, "team_not_found")
    ada.submit(predictions(0.25))
    answer = ada.call("PUT", path, json={"division": "students"})
    assert (answer.status_code, answer.json()["code"]) == (409, "division_unknown")
    assert ada.get(path).json() == {"division": "", "divisions": []}


def test_a_token_that_only_reads_takes_no_step_for_the_team(
    won: tuple[Site, Visitor, Visitor, str],
) -> None:
    site, _, _, award = won
    at = f"/api/v1/awards/{award}"
    site.people["hostess"].post(f"{at}/moves", json={"move": "notify"})
    reader = Visitor(site.client, token=site.token("ada", scope="read"))
    steps = (
        ("POST", f"{at}/moves", {"move": "accept"}),
        ("POST", f"{at}/moves", {"move": "turn_down"}),
        ("POST", f"{at}/moves", {"move": "hand_in"}),
        ("PUT", f"{at}/split", {"parts": {"ada": 10_000}}),
        ("POST", f"{at}/split/signature", {"split_number": 0}),
        ("POST", f"{at}/payments/ada/arrival", None),
    )
    answers = [reader.call(method, path, json=body) for method, path, body in steps]
    key = {"Idempotency-Key": "k"}
    answers.append(reader.post(f"{at}/code?delivery=code", content=b"PK", headers=key))
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(403, "scope_too_low")}
    assert reader.get(at).json()["award"]["state"] == "notified"


def test_files_of_winners_and_organizers_may_be_larger_than_forms(
    won: tuple[Site, Visitor, Visitor, str],
) -> None:
    site, ada, _, award = won
    large = b"x" * (site.settings.form_max_bytes + 1)
    key = {"Idempotency-Key": "k"}
    paths = (f"/api/v1/awards/{award}/code?delivery=code", f"/api/v1{TOY}/rescore/answers?reason=x")
    answers = [
        who.post(path, content=large, headers=key)
        for who, path in zip((ada, site.people["hostess"]), paths, strict=True)
    ]
    assert 413 not in {each.status_code for each in answers}


def test_a_winner_whose_organizer_is_silent_is_seen_by_everybody(
    won: tuple[Site, Visitor, Visitor, str],
) -> None:
    site, ada, _, award = won
    host, at = site.people["hostess"], f"/api/v1/awards/{award}"
    host.post(f"{at}/moves", json={"move": "notify"})
    for move in ("accept", "hand_in"):
        ada.post(f"{at}/moves", json={"move": move})
    site.sql("UPDATE award SET due_at = made_at")
    for _ in range(2):
        prize_steps.look_after(site.bench)
    (told,) = site.spectator().get(f"/api/v1{TOY}/awards").json()["items"]
    assert (told["state"], told["waiting_since"] is None) == ("code_verified", False)
    assert "waiting for the organizer since" in site.spectator().get(f"{TOY}/prizes").text
    with reading(site.state.engine) as session:
        (alarm,) = (each for each in open_alarms(session) if each.kind is AlarmKind.AWARD_WAITS)
    assert "ada waits for the organizer since" in alarm.words
    gate = {"has_passed": True, "evidence_sha256": RECEIPT}
    assert host.call("PUT", f"{at}/gates/identity", json=gate).json()["award"]["state"] == "payable"
    prize_steps.look_after(site.bench)
    with reading(site.state.engine) as session:
        assert alarms.challenge_ids(session, kind=AlarmKind.AWARD_WAITS) == ()
