"""An award of three people over HTTP: split, payments that come back, and money taken back."""

import hashlib
from typing import Any

import pytest
from tests.web.site import Site, Visitor
from tests.web.test_prizes import TOY, verify_winners
from tests.web.toy_pack import predictions

RECEIPTS = [hashlib.sha256(bytes([number])).hexdigest() for number in range(9)]
TEAM = ("ada", "bea", "cyd")


class Won:
    """Ada, bea and cyd have won the one prize, and accepted it; dan is second."""

    def __init__(self, site: Site) -> None:
        verify_winners(site, "identity")
        self.site = site
        self.people = [site.person(name, accepts="toy") for name in (*TEAM, "dan")]
        ada, bea, cyd, dan = self.people
        team = ada.post(f"/api/v1{TOY}/team", json={"name": "Three"})
        assert team.status_code == 201, team.text
        for each in (bea, cyd):
            link = ada.post(f"/api/v1{TOY}/team/invites").json()["url"]
            assert each.post(f"/api/v1/team-invites/{link.rsplit('/')[-1]}").status_code == 200
        ada.submit(predictions(0.25))
        dan.submit(predictions(0.5))
        site.score_all()
        site.end()
        site.settle()
        self.host = site.people["hostess"]
        (self.award,) = self.awards()
        self.at = f"/api/v1/awards/{self.award['id']}"
        self.host.post(f"{self.at}/moves", json={"move": "notify"})
        ada.post(f"{self.at}/moves", json={"move": "accept"})
        ada.post(f"{self.at}/moves", json={"move": "hand_in"})

    def awards(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (
            self.site.spectator().get(f"/api/v1{TOY}/awards").json()["items"]
        )
        return found

    def split(self, who: Visitor, *parts: int) -> tuple[int, Any]:
        order = {"parts": dict(zip(TEAM, parts, strict=True))}
        answer = who.call("PUT", f"{self.at}/split", json=order)
        return answer.status_code, answer.json()

    def sign(self, who: Visitor, number: int) -> Any:
        return who.post(f"{self.at}/split/signature", json={"split_number": number}).json()

    def pass_gate(self) -> Any:
        gate = {"has_passed": True, "evidence_sha256": RECEIPTS[0]}
        return self.host.call("PUT", f"{self.at}/gates/identity", json=gate).json()

    def pay(self, handle: str, receipt: str) -> Any:
        order = {"withheld": "0", "receipt_sha256": receipt}
        return self.host.post(f"{self.at}/payments/{handle}", json=order).json()

    def file(self) -> Any:
        return self.host.get(self.at).json()


@pytest.fixture
def won(open_site: Site) -> Won:
    """The story so far."""
    return Won(open_site)


def of(file: Any, name: str) -> list[Any]:
    return [share[name] for share in file["shares"]]


def test_a_split_is_proposed_changed_signed_by_all_and_frozen(won: Won) -> None:
    ada, bea, cyd, dan = won.people
    status, refused = won.split(dan, 10_000, 0, 0)
    assert (status, refused["code"]) == (403, "award_not_yours")
    status, first = won.split(bea, 2_000, 4_000, 4_000)
    assert (status, first["split_number"], of(first, "has_signed")) == (
        200,
        1,
        [False, True, False],
    )
    assert of(won.sign(cyd, 1), "has_signed") == [False, True, True]
    _, second = won.split(ada, 5_000, 2_500, 2_500)
    assert (second["split_number"], of(second, "has_signed")) == (2, [True, False, False])
    assert won.sign(bea, 1)["code"] == "split_changed"
    won.sign(bea, 2)
    assert of(won.sign(cyd, 2), "has_signed") == [True, True, True]
    assert won.split(ada, 9_998, 1, 1)[1]["code"] == "split_frozen"
    given = won.pass_gate()
    assert given["award"]["state"] == "payable"
    assert [money["text"] for money in of(given, "money")] == [
        "EUR 500.00",
        "EUR 250.00",
        "EUR 250.00",
    ]
    assert won.split(bea, 0, 10_000, 0)[1]["code"] == "split_frozen"


def test_a_payment_that_came_back_is_sent_again(won: Won) -> None:
    for who in won.people[:3]:
        won.sign(who, 0)
    won.pass_gate()
    for number, handle in enumerate(TEAM):
        sent = won.pay(handle, RECEIPTS[number])
    assert sent["award"]["state"] == "sent"
    assert won.pay("beaa", RECEIPTS[0])["detail"] == (
        "'beaa' has no part in this award. Who has one: ada, bea, cyd."
    )
    back = won.host.post(f"{won.at}/payments/bea/return").json()
    assert (back["award"]["state"], of(back, "payment")) == (
        "returned",
        ["sent", "payable", "sent"],
    )
    assert won.pay("bea", RECEIPTS[5])["award"]["state"] == "sent"
    for who, handle in zip(won.people, TEAM, strict=False):
        last = who.post(f"{won.at}/payments/{handle}/arrival").json()
    assert (last["award"]["state"], of(last, "payment")) == ("confirmed", ["paid"] * 3)
    (line,) = won.site.spectator().get(f"/api/v1{TOY}/funding").json()["items"]
    assert (line["awarded"]["text"], line["paid"]["text"]) == ("EUR 1,000.00", "EUR 1,000.00")


def test_money_taken_back_after_it_was_paid_is_offered_to_the_next_in_rank(won: Won) -> None:
    for who in won.people[:3]:
        won.sign(who, 0)
    won.pass_gate()
    for number, handle in enumerate(TEAM):
        won.pay(handle, RECEIPTS[number])
        won.host.post(f"{won.at}/payments/{handle}/arrival")
    assert won.file()["award"]["state"] == "confirmed"
    order = {"move": "claw_back", "words": "The code was somebody else's."}
    assert won.host.post(f"{won.at}/moves", json=order).json()["award"]["state"] == "clawed_back"
    assert [(award["team"], award["state"]) for award in won.awards()] == [
        ("Three", "clawed_back"),
        ("dan", "provisional"),
    ]
    (line,) = won.site.spectator().get(f"/api/v1{TOY}/funding").json()["items"]
    assert (line["awarded"]["minor"], line["paid"]["minor"]) == (0, 0)
