"""Prize money by API and by page: who may see and move it, once for each key."""

import csv
import hashlib
import io

from tests.web.site import Site, Visitor
from tests.web.test_pages import Browser
from tests.web.toy_pack import predictions

from palio.challenges.prize_contracts import EscrowPlan

TOY = "/api/v1/challenges/toy"
EVIDENCE = hashlib.sha256(b"bank statement").hexdigest()
DEPOSIT = {"amount": "1000.00", "currency": "EUR", "evidence_sha256": EVIDENCE}


def move(who: Visitor, what: str, order: dict[str, str], *, key: str = "one") -> tuple[int, str]:
    headers = {"Idempotency-Key": key}
    answer = who.post(f"{TOY}/ledger/{what}", json=order, headers=headers)
    body = answer.json()
    return answer.status_code, body.get("code") or body["money"]["text"]


def badge(site: Site) -> str:
    (line,) = site.spectator().get(f"{TOY}/funding").json()["items"]
    found: str = line["badge"]
    return found


def test_everybody_sees_how_safe_the_prizes_are_and_only_the_operator_says_deposited(
    site: Site,
) -> None:
    site.publish()
    warden, hostess = site.make_admin("warden"), site.people["hostess"]
    promised = site.spectator().get(f"{TOY}/funding").json()["items"][0]["prizes"]["text"]
    amount = {"amount": promised.split()[1].replace(",", ""), "currency": "EUR"}
    assert badge(site) == "stated"
    assert move(hostess, "pledges", amount) == (201, promised)
    assert badge(site) == "pledged"
    order = {**DEPOSIT, **amount}
    assert move(hostess, "deposits", order) == (403, "not_allowed")
    letter = {**order, "held_by": "Notary Rossi"}
    assert move(warden, "deposits", letter, key="two") == (201, promised)
    assert badge(site) == "held_by_third_party"
    assert move(warden, "deposits", order, key="three") == (201, promised)
    assert badge(site) == "deposited"
    assert "deposited" in site.spectator().get("/challenges/toy").text


def test_repeated_order_moves_money_once_and_an_order_without_a_key_never(site: Site) -> None:
    site.publish()
    warden = site.make_admin("warden")
    for _ in range(3):
        assert move(warden, "deposits", DEPOSIT) == (201, "EUR 1,000.00")
    assert move(warden, "deposits", {**DEPOSIT, "amount": "1"}) == (409, "ledger_key_reused")
    bare = warden.post(f"{TOY}/ledger/deposits", json=DEPOSIT)
    assert (bare.status_code, bare.json()["code"]) == (400, "idempotency_key_missing")
    assert len(warden.get(f"{TOY}/ledger").json()["items"]) == 1


def test_key_as_long_as_a_key_may_be_books_the_fee_too(site: Site) -> None:
    site.publish()
    site._change_plan("toy", escrow=EscrowPlan(fee_basis_points=100))
    warden = site.make_admin("warden")
    longest = "k" * (200 - len("asked:"))
    order = {**DEPOSIT, "amount": "1000000.00"}
    assert move(warden, "deposits", order, key=longest) == (201, "EUR 1,000,000.00")
    assert move(warden, "deposits", order, key=longest + "k") == (400, "ledger_bad_deed")
    assert [made["deed"] for made in warden.get(f"{TOY}/ledger").json()["items"]] == [
        "deposit",
        "fee",
    ]


def test_amount_or_currency_that_is_none_is_refused_in_words(site: Site) -> None:
    site.publish()
    warden = site.make_admin("warden")
    assert move(warden, "deposits", {**DEPOSIT, "amount": "1.001"}) == (400, "amount_bad")
    assert move(warden, "deposits", {**DEPOSIT, "currency": "XXX"}) == (400, "currency_unknown")
    assert move(warden, "deposits", {**DEPOSIT, "evidence_sha256": "x"}) == (400, "ledger_bad_deed")


def test_ledger_is_corrected_refunded_and_exported(site: Site) -> None:
    site.publish()
    warden = site.make_admin("warden")
    move(warden, "deposits", {**DEPOSIT, "held_by": "=cmd()"})
    first = warden.get(f"{TOY}/ledger").json()["items"][0]["id"]
    wrong = {"transaction_id": first, "reason": "typed wrong"}
    assert move(warden, "reversals", wrong, key="r") == (201, "EUR 1,000.00")
    assert move(warden, "reversals", wrong, key="s") == (409, "ledger_reversed")
    move(warden, "deposits", DEPOSIT, key="two")
    back = {"amount": "1000", "currency": "EUR", "fund": "bank"}
    assert move(warden, "refunds", back, key="back") == (201, "EUR 1,000.00")
    text = warden.get(f"{TOY}/ledger.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["deed"], row["account"], row["amount"]) for row in rows][:2] == [
        ("deposit", "outside", "-1000.00"),
        ("deposit", "escrow", "1000.00"),
    ]
    assert {row["by"] for row in rows} == {"warden"}
    assert len(rows) == 8


def test_challenge_that_demands_a_deposit_says_so_until_it_is_there(site: Site) -> None:
    site.publish()
    site._change_plan("toy", escrow=EscrowPlan(is_deposit_required=True))
    site.sql("UPDATE challenge SET state = 'scheduled'")
    site.settle()
    words = "The challenge opens when prizes and fee are deposited."
    assert words in site.spectator().get("/challenges/toy").text
    missing = site.spectator().get(f"{TOY}/funding").json()["missing"][0]
    ada = site.person("ada", accepts="toy")
    refused = ada.submit(predictions())
    assert (refused.status_code, refused.json()["code"]) == (409, "not_open_yet")
    assert "prize money is deposited" in refused.json()["detail"]
    amount = missing["text"].split()[1].replace(",", "")
    move(site.make_admin("warden"), "deposits", {**DEPOSIT, "amount": amount})
    site.settle()
    assert ada.get(TOY).json()["state"] == "open"
    assert words not in site.spectator().get("/challenges/toy").text


def test_page_lets_the_organizer_pledge_and_a_second_click_changes_nothing(site: Site) -> None:
    site.publish()
    browser = Browser(site)
    browser.log_in("hostess")
    form = {"deed": "pledge", "key": "k", "amount": "1,000.00", "currency": "eur"}
    browser.see("/challenges/toy/money")
    for _ in range(2):
        assert browser.send("/challenges/toy/money", **form).status_code == 200
    shown = browser.see("/challenges/toy/money")
    assert shown.count("<strong>pledge</strong>") == 1
    assert "Record a deposit" not in shown
    assert "Palio keeps the record of this money. It is no bank" in shown
    bad = browser.send("/challenges/toy/money", **{**form, "key": "l", "amount": "much"})
    assert (bad.status_code, "no amount of money" in bad.text) == (400, True)
    for doubtful in ("1,50", "1,000", "10,00.00"):  # a comma may be a decimal point
        again = browser.send("/challenges/toy/money", **{**form, "key": "m", "amount": doubtful})
        assert (again.status_code, "no commas" in again.text) == (400, True)
    browser.client.cookies.clear()
    assert "Ledger" not in browser.client.get("/challenges/toy/money").text


def test_page_records_that_the_fee_was_paid_out(site: Site) -> None:
    site.publish()
    site._change_plan("toy", escrow=EscrowPlan(fee_basis_points=100))
    site.make_admin("warden")
    promised = site.spectator().get(f"{TOY}/funding").json()["items"][0]["prizes"]["minor"]
    ada = site.person("ada", accepts="toy")
    ada.submit(predictions())
    site.score_all()
    browser = Browser(site)
    browser.log_in("warden")
    page = "/challenges/toy/money"
    assert "Fee paid out" in browser.see(page)
    amount = f"{promised // 100 + promised // 10_000 + 1}.00"
    paid_in = {"deed": "deposit", "key": "a", "amount": amount, "currency": "EUR"}
    assert browser.send(page, **paid_in, evidence_sha256=EVIDENCE, held_by="").status_code == 200
    out = {"deed": "fee_paid", "key": "b", "currency": "EUR", "receipt_sha256": EVIDENCE}
    for _ in range(2):
        assert browser.send(page, **out).status_code == 200
    shown = browser.see(page)
    assert shown.count("<strong>fee paid</strong>") == 1
    assert f"Receipt <code>{EVIDENCE}</code>" in shown
