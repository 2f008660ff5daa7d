"""Prize money from the command line: the order that is sent, and the operator's books."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.cli.conftest import Palio, document
from tests.cli.fakes import Fake
from tests.escrow import money
from tests.escrow.money import Till

from palio.core import db
from palio.core.settings import Settings
from palio.migrations.upgrade import upgrade
from palio.pipeline import tables

MADE = {
    "id": "t",
    "deed": "deposit",
    "money": {"minor": 100_000, "currency": "EUR", "text": "EUR 1,000.00"},
    "person": "",
    "by": "ada",
    "at": "2026-12-01T12:00:00Z",
    "reverses_id": None,
}


def books(data: Path) -> Path:
    """A server's data folder with one deposit, half of it given back."""
    data.mkdir()
    engine = db.open_engine(Settings(data_folder=data).database)
    upgrade(engine, metadata=tables.metadata)
    with db.unit_of_work(engine, send=lambda _: None) as session:
        till = Till(session, money.challenge(session).id)
        till.deposit(100_000)
        till.deposit(100_000, "JPY")
        till.refund(50_000)
    engine.dispose()
    return data


def test_ledger_check_draws_the_trial_balance(palio: Palio, tmp_path: Path) -> None:
    data = books(tmp_path / "data")
    lines = document(palio("ledger", "check", "--data", data, "--json"))
    assert [(line["currency"], line["total"], line["is_sound"]) for line in lines] == [
        ("EUR", 0, True),
        ("JPY", 0, True),
    ]


def test_ledger_check_fails_where_somebody_went_around_the_guards(
    palio: Palio, tmp_path: Path
) -> None:
    data = books(tmp_path / "data")
    engine = db.open_engine(Settings(data_folder=data).database)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER ledger_account_change"))
        connection.execute(text("UPDATE ledger_account SET balance = 7 WHERE kind = 'escrow'"))
    engine.dispose()
    result = palio("ledger", "check", "--data", data)
    assert result.exit_code == 1
    assert "The ledger is not sound." in result.output


def test_ledger_export_writes_amounts_in_units_of_the_currency(
    palio: Palio, tmp_path: Path
) -> None:
    data, out = books(tmp_path / "data"), tmp_path / "books.csv"
    made = document(palio("ledger", "export", "--out", out, "--data", data, "--json"))
    assert made["transactions"] == 3
    with out.open(newline="") as file:
        rows = [(row["deed"], row["account"], row["amount"]) for row in csv.DictReader(file)]
    assert rows == [
        ("deposit", "outside", "-1000.00"),
        ("deposit", "escrow", "1000.00"),
        ("deposit", "outside", "-100000"),
        ("deposit", "escrow", "100000"),
        ("refund", "escrow", "-500.00"),
        ("refund", "outside", "500.00"),
    ]


def test_deposit_sends_the_hash_of_the_document_and_a_key(
    signed_in: Palio, fake: Fake, tmp_path: Path
) -> None:
    evidence = tmp_path / "statement.pdf"
    evidence.write_bytes(b"a statement")
    fake.answers["POST /api/v1/challenges/toy/ledger/deposits"] = [MADE]
    result = signed_in(
        "money", "deposit", "toy", "1000.00", "EUR", "--evidence", evidence, "--key", "k"
    )
    assert result.exit_code == 0, result.output
    (sent,) = fake.requests
    assert sent.headers["idempotency-key"] == "k"
    assert json.loads(sent.body) == {
        "amount": "1000.00",
        "currency": "EUR",
        "evidence_sha256": hashlib.sha256(b"a statement").hexdigest(),
        "held_by": "",
    }


@pytest.mark.parametrize(
    ("verb", "path", "sent"),
    [
        (
            ("refund", "toy", "5.00", "EUR", "--from", "promise"),
            "refunds",
            {"amount": "5.00", "currency": "EUR", "fund": "promise"},
        ),
        (("fee", "toy", "EUR"), "fees", {"currency": "EUR"}),
        (
            ("take-back", "toy", "t", "--reason", "typed wrong"),
            "reversals",
            {"transaction_id": "t", "reason": "typed wrong"},
        ),
        (
            ("fee-paid", "toy", "EUR", "--receipt"),
            "fee-payouts",
            {"currency": "EUR", "receipt_sha256": hashlib.sha256(b"a receipt").hexdigest()},
        ),
    ],
)
def test_other_deeds_on_prize_money_send_what_the_page_sends(
    signed_in: Palio,
    fake: Fake,
    tmp_path: Path,
    verb: tuple[str, ...],
    path: str,
    sent: dict[str, str],
) -> None:
    receipt = tmp_path / "receipt.pdf"
    receipt.write_bytes(b"a receipt")
    fake.answers[f"POST /api/v1/challenges/toy/ledger/{path}"] = [MADE]
    files = (receipt,) if verb[-1] == "--receipt" else ()
    result = signed_in("money", *verb, *files)
    assert result.exit_code == 0, result.output
    (request,) = fake.requests
    assert request.headers["idempotency-key"]
    assert json.loads(request.body) == sent
    assert "EUR 1,000.00" in result.output
