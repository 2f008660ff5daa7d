"""Raw SQL against the ledger on both databases: what the application never does is refused too."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session
from tests.escrow import money
from tests.escrow.money import Till

from palio.core import db
from palio.escrow import queries, trial
from palio.escrow.contracts import AccountKind, Fund, Place

Work = Callable[[], AbstractContextManager[Session]]
ESCROW = Place(Fund.BANK, AccountKind.ESCROW)


@pytest.fixture
def ids(work: Work) -> dict[str, str]:
    """A ledger with EUR 1,000.00 in escrow: what an attacker would look up first."""
    with work() as session:
        till = Till(session, money.challenge(session).id)
        made = till.deposit(100_000)
        till.deposit(500, "USD")
        rows = session.execute(text("SELECT id, fund, kind, currency FROM ledger_account")).all()
    found = {f"{row.kind}_{row.currency}": row.id for row in rows}
    return {**found, "challenge": till.challenge_id, "txn": made.id}


NEW = (
    "INSERT INTO ledger_transaction (id, challenge_id, key, deed, currency, award_id, person_id,"
    " content_sha256, detail, by, at, is_sealed{extra}) VALUES"
    " (:new, :challenge, 'k', 'deposit', 'EUR', '', '', '', '{{}}', 'me',"
    " '2026-01-01 00:00:00', {sealed}{value})"
)
OPEN = NEW.format(extra="", sealed="false", value="")
POST = "INSERT INTO ledger_posting VALUES (:new, {line}, :{account}, {minor})"
SEAL = "UPDATE ledger_transaction SET is_sealed = true WHERE id = :new"
PAIR = (
    POST.format(line=0, account="escrow_EUR", minor=5),
    POST.format(line=1, account="outside_EUR", minor=-5),
)

ATTACKS = {
    "an unbalanced transaction": (
        OPEN,
        POST.format(line=0, account="escrow_EUR", minor=5),
        POST.format(line=1, account="outside_EUR", minor=-4),
        SEAL,
    ),
    "two currencies that add up to zero together": (
        OPEN,
        POST.format(line=0, account="escrow_EUR", minor=5),
        POST.format(line=1, account="outside_USD", minor=-5),
        SEAL,
    ),
    "a transaction of one posting": (
        OPEN,
        POST.format(line=0, account="escrow_EUR", minor=5),
        SEAL,
    ),
    "a transaction of none": (OPEN, SEAL),
    "a posting of nothing": (OPEN, POST.format(line=0, account="escrow_EUR", minor=0)),
    "a transaction sealed from the start": (NEW.format(extra="", sealed="true", value=""),),
    "more taken out of escrow than is there": (
        OPEN,
        POST.format(line=0, account="escrow_EUR", minor=-100_001),
        POST.format(line=1, account="outside_EUR", minor=100_001),
        SEAL,
    ),
    "a posting added to a sealed transaction": (
        "INSERT INTO ledger_posting VALUES (:txn, 9, :escrow_EUR, 5)",
    ),
    "a posting added after the seal": (
        OPEN,
        *PAIR,
        SEAL,
        POST.format(line=2, account="escrow_EUR", minor=5),
    ),
    "a seal broken": ("UPDATE ledger_transaction SET is_sealed = false WHERE id = :txn",),
    "a time changed": ("UPDATE ledger_transaction SET at = '2020-01-01 00:00:00' WHERE id = :txn",),
    "evidence changed": ("UPDATE ledger_transaction SET detail = '{}' WHERE id = :txn",),
    "a word changed together with the seal": (
        OPEN,
        *PAIR,
        "UPDATE ledger_transaction SET is_sealed = true, by = 'you' WHERE id = :new",
    ),
    "an amount changed": ("UPDATE ledger_posting SET minor = minor + 1",),
    "a posting moved": ("UPDATE ledger_posting SET account_id = :escrow_USD",),
    "a posting deleted": ("DELETE FROM ledger_posting",),
    "a transaction deleted": (OPEN, "DELETE FROM ledger_transaction WHERE id = :new"),
    "an account deleted": ("DELETE FROM ledger_account",),
    "a currency deleted": ("DELETE FROM ledger_currency",),
    "decimals changed": ("UPDATE ledger_currency SET exponent = 0",),
    "a balance written": ("UPDATE ledger_account SET balance = 1000000 WHERE id = :escrow_EUR",),
    "a balance below the floor": ("UPDATE ledger_account SET balance = -1 WHERE id = :escrow_EUR",),
    "an account given to another fund": (
        "UPDATE ledger_account SET fund = 'third_party' WHERE id = :escrow_EUR",
    ),
    "an account that begins rich": (
        """INSERT INTO ledger_account VALUES
           ('x', :challenge, 'bank', 'payable', 'me', 'a', 'EUR', 1000000)""",
    ),
    "a currency nobody knows": (
        "INSERT INTO ledger_account VALUES ('x', :challenge, 'bank', 'fee', '', '', 'XXX', 0)",
    ),
    "a key used again": (OPEN.replace("'k'", "'key-0'"),),
    "a reversal that is none": (
        NEW.format(extra=", reverses_id", sealed="false", value=", :txn"),
        *PAIR,
        SEAL,
    ),
    "a reversal of nothing": (
        NEW.format(extra=", reverses_id", sealed="false", value=", 'nothing'"),
    ),
}
SQLITE_ONLY = {
    "a posting replaced": (
        "INSERT OR REPLACE INTO ledger_posting VALUES (:txn, 0, :escrow_EUR, 5)",
    ),
    "a posting of a sealed transaction replaced under an open one": (
        OPEN,
        "UPDATE OR REPLACE ledger_posting SET transaction_id = :new",
    ),
    "a transaction replaced": (
        OPEN.replace("INSERT", "INSERT OR REPLACE").replace(":new", ":txn"),
    ),
    "a key replaced": (OPEN.replace("INSERT", "INSERT OR REPLACE").replace("'k'", "'key-0'"),),
    "an account replaced": (
        """INSERT OR REPLACE INTO ledger_account VALUES
           (:escrow_EUR, :challenge, 'bank', 'escrow', '', '', 'EUR', 0)""",
    ),
    "a currency replaced": ("INSERT OR REPLACE INTO ledger_currency VALUES ('EUR', 0)",),
    "a floor ignored": (
        OPEN,
        POST.format(line=0, account="escrow_EUR", minor=-100_001),
        POST.format(line=1, account="outside_EUR", minor=100_001),
        SEAL.replace("UPDATE", "UPDATE OR IGNORE"),
    ),
    "half a cent": (
        OPEN,
        POST.format(line=0, account="escrow_EUR", minor="0.5"),
    ),
}
POSTGRES_ONLY = {
    "a transaction left open": (OPEN, *PAIR),
    "a transaction left empty": (OPEN,),
    "everything truncated": ("TRUNCATE ledger_posting CASCADE",),
    "every check deferred": (
        "SET CONSTRAINTS ALL DEFERRED",
        OPEN,
        POST.format(line=0, account="escrow_EUR", minor=5),
    ),
}


REFUSALS = ("ledger: ", "constraint failed", "ledger, ", "violates")


def attack(engine: Engine, ids: dict[str, str], statements: tuple[str, ...]) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), {**ids, "new": "new"})


def verdict(engine: Engine, ids: dict[str, str], statements: tuple[str, ...]) -> str:
    """Return "refused", or what happened instead."""
    try:
        attack(engine, ids, statements)
    except DatabaseError as error:
        words = str(error.orig)
        return "refused" if any(word in words for word in REFUSALS) else words
    return "went through"


def check_untouched(engine: Engine, ids: dict[str, str]) -> None:
    with db.reading(engine) as session:
        assert queries.balances(session, ids["challenge"], "EUR")[ESCROW] == 100_000
        assert len(queries.statement(session, ids["challenge"])) == 2
        assert [(line.total, line.is_sound) for line in trial.trial_balance(session)] == [
            (0, True),
            (0, True),
        ]


def test_ledger_refuses_every_attack(engine: Engine, ids: dict[str, str]) -> None:
    own = SQLITE_ONLY if engine.dialect.name == "sqlite" else POSTGRES_ONLY
    attacks = {**ATTACKS, **own}
    verdicts = {name: verdict(engine, ids, statements) for name, statements in attacks.items()}
    assert verdicts == dict.fromkeys(attacks, "refused")
    check_untouched(engine, ids)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_transaction_left_open_in_sqlite_counts_nowhere(
    engine: Engine, ids: dict[str, str]
) -> None:
    attack(engine, ids, (OPEN, *PAIR))
    check_untouched(engine, ids)


def test_sound_transaction_by_raw_sql_counts(engine: Engine, ids: dict[str, str]) -> None:
    attack(engine, ids, (OPEN, *PAIR, SEAL))
    with db.reading(engine) as session:
        assert queries.balances(session, ids["challenge"], "EUR")[ESCROW] == 100_005
        assert all(line.is_sound for line in trial.trial_balance(session))
