"""The SQL by which the database itself keeps the ledger sound, whoever writes to it.

One source for a fresh schema (`models`) and for migrations. A transaction is written open, gets
its postings and is sealed: the seal is refused unless each currency adds up to zero over at least
two postings, and only the seal moves balances. SQLite has no deferred triggers, so there an
unsealed transaction may stay; it counts nowhere. PostgreSQL also refuses to commit one.

No statement has a percent sign or a colon: drivers read those as parameters.
"""

_UNCHANGED = (
    "id",
    "challenge_id",
    "key",
    "deed",
    "currency",
    "award_id",
    "person_id",
    "content_sha256",
    "detail",
    "reverses_id",
    "by",
    "at",
)
_ACCOUNT = ("id", "challenge_id", "fund", "kind", "person_id", "award_id", "currency")
_TABLES = ("ledger_currency", "ledger_account", "ledger_transaction", "ledger_posting")


def _same(columns: tuple[str, ...], operator: str) -> str:
    return " AND ".join(f'NEW."{column}" {operator} OLD."{column}"' for column in columns)


# True of a transaction NEW that may not be sealed.
_UNBALANCED = """
    (SELECT count(*) FROM ledger_posting p WHERE p.transaction_id = NEW.id) < 2
    OR EXISTS (
        SELECT 1 FROM ledger_posting p JOIN ledger_account a ON a.id = p.account_id
        WHERE p.transaction_id = NEW.id GROUP BY a.currency HAVING sum(p.minor) <> 0)
"""
# True of a reversal NEW that is not the other transaction negated, or not of its challenge.
_NOT_NEGATED = """
    NEW.reverses_id IS NOT NULL AND (
        EXISTS (
            SELECT 1 FROM ledger_posting p WHERE p.transaction_id IN (NEW.id, NEW.reverses_id)
            GROUP BY p.account_id HAVING sum(p.minor) <> 0)
        OR EXISTS (
            SELECT 1 FROM ledger_transaction t WHERE t.id = NEW.reverses_id
            AND (t.reverses_id IS NOT NULL OR NOT t.is_sealed OR t.deed <> NEW.deed
                 OR t.challenge_id <> NEW.challenge_id)))
"""
# True of a posting NEW that its transaction cannot take.
_MISPLACED = """
    NOT EXISTS (
        SELECT 1 FROM ledger_transaction t JOIN ledger_account a ON a.id = NEW.account_id
        WHERE t.id = NEW.transaction_id AND NOT t.is_sealed AND t.challenge_id = a.challenge_id)
"""
_NOT_SEALED = """
    NOT EXISTS (SELECT 1 FROM ledger_transaction t WHERE t.id = NEW.id AND t.is_sealed)
"""
_DRIFTED = """
    NEW.balance <> (
        SELECT coalesce(sum(p.minor), 0) FROM ledger_posting p
        JOIN ledger_transaction t ON t.id = p.transaction_id
        WHERE p.account_id = NEW.id AND t.is_sealed)
"""
_APPLY = """
    UPDATE ledger_account SET balance = balance + (
        SELECT sum(p.minor) FROM ledger_posting p
        WHERE p.transaction_id = NEW.id AND p.account_id = ledger_account.id)
    WHERE id IN (SELECT p.account_id FROM ledger_posting p WHERE p.transaction_id = NEW.id)
"""


def statements(dialect: str) -> tuple[str, ...]:
    """Return the statements that install the guards; running them again changes nothing.

    Args:
        dialect: "postgresql" or "sqlite".

    """
    return _postgresql() if dialect == "postgresql" else _sqlite()


def _sqlite() -> tuple[str, ...]:
    def guard(name: str, when: str, *refusals: tuple[str, str]) -> str:
        body = "\n".join(
            f"SELECT RAISE(ABORT, 'ledger: {words}') WHERE {condition};"
            for words, condition in refusals
        )
        return f"CREATE TRIGGER IF NOT EXISTS {name} {when} FOR EACH ROW BEGIN {body} END"

    # INSERT OR REPLACE deletes rows without firing their delete trigger: the refusals "is there".
    # UPDATE OR IGNORE skips a row that fails a CHECK, also inside a trigger: the refusal "floor".
    return (
        *(
            guard(f"{table}_no_delete", f"BEFORE DELETE ON {table}", ("append-only", "1"))
            for table in _TABLES
        ),
        guard(
            "ledger_currency_no_update", "BEFORE UPDATE ON ledger_currency", ("append-only", "1")
        ),
        guard(
            "ledger_currency_new",
            "BEFORE INSERT ON ledger_currency",
            ("is there", "EXISTS (SELECT 1 FROM ledger_currency WHERE code = NEW.code)"),
        ),
        guard("ledger_posting_no_update", "BEFORE UPDATE ON ledger_posting", ("append-only", "1")),
        guard(
            "ledger_posting_new",
            "BEFORE INSERT ON ledger_posting",
            ("no such open transaction of this challenge", _MISPLACED),
            ("no whole number", "typeof(NEW.minor) <> 'integer'"),
            (
                "is there",
                """EXISTS (SELECT 1 FROM ledger_posting WHERE line = NEW.line
                   AND transaction_id = NEW.transaction_id)""",
            ),
        ),
        guard(
            "ledger_account_new",
            "BEFORE INSERT ON ledger_account",
            ("an account begins at zero", "NEW.balance IS NOT 0"),
            (
                "is there",
                """EXISTS (SELECT 1 FROM ledger_account a WHERE a.id = NEW.id
                   OR (a.challenge_id = NEW.challenge_id AND a.fund = NEW.fund
                       AND a.kind = NEW.kind AND a.person_id = NEW.person_id
                       AND a.award_id = NEW.award_id AND a.currency = NEW.currency))""",
            ),
        ),
        guard(
            "ledger_account_change",
            "BEFORE UPDATE ON ledger_account",
            ("append-only", f"NOT ({_same(_ACCOUNT, 'IS')})"),
            ("balance is the sum of the postings", _DRIFTED),
            ("floor", "NEW.kind <> 'outside' AND NEW.balance < 0"),
        ),
        guard(
            "ledger_transaction_new",
            "BEFORE INSERT ON ledger_transaction",
            ("a transaction begins open", "NEW.is_sealed IS NOT 0"),
            (
                "is there",
                """EXISTS (SELECT 1 FROM ledger_transaction t WHERE t.id = NEW.id
                   OR (t.challenge_id = NEW.challenge_id AND t.key = NEW.key)
                   OR t.reverses_id = NEW.reverses_id)""",
            ),
        ),
        guard(
            "ledger_transaction_seal",
            "BEFORE UPDATE ON ledger_transaction",
            (
                "append-only",
                f"OLD.is_sealed OR NEW.is_sealed IS NOT 1 OR NOT ({_same(_UNCHANGED, 'IS')})",
            ),
            ("unbalanced", _UNBALANCED),
            ("no reversal of that", _NOT_NEGATED),
        ),
        f"""CREATE TRIGGER IF NOT EXISTS ledger_transaction_apply
            AFTER UPDATE ON ledger_transaction FOR EACH ROW BEGIN {_APPLY}; END""",
    )


def _postgresql() -> tuple[str, ...]:
    def function(name: str, body: str) -> str:
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $body$ BEGIN {body} END $body$"
        )

    def refuse(words: str, condition: str = "true") -> str:
        return (
            f"IF {condition} THEN RAISE EXCEPTION USING MESSAGE = 'ledger, ' || TG_TABLE_NAME"
            f" || ' {words}', ERRCODE = 'integrity_constraint_violation'; END IF;"
        )

    def trigger(name: str, when: str, call: str, *, each: str = "ROW") -> tuple[str, str]:
        table = when.rsplit(" ", 1)[1]
        return (
            f"DROP TRIGGER IF EXISTS {name} ON {table}",
            f"CREATE TRIGGER {name} {when} FOR EACH {each} EXECUTE FUNCTION {call}()",
        )

    deferred = (
        "DROP TRIGGER IF EXISTS ledger_transaction_whole ON ledger_transaction",
        """CREATE CONSTRAINT TRIGGER ledger_transaction_whole AFTER INSERT ON ledger_transaction
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION palio_ledger_whole()""",
    )
    return (
        function("palio_ledger_refuse", refuse("is append-only")),
        function(
            "palio_ledger_posting_new",
            refuse("needs an open transaction of this challenge", _MISPLACED) + "RETURN NEW;",
        ),
        function(
            "palio_ledger_account_new",
            refuse("begins at zero", "NEW.balance <> 0") + "RETURN NEW;",
        ),
        function(
            "palio_ledger_account_change",
            refuse("is append-only", f"NOT ({_same(_ACCOUNT, 'IS NOT DISTINCT FROM')})")
            + refuse("balance is the sum of the postings", _DRIFTED)
            + "RETURN NEW;",
        ),
        function(
            "palio_ledger_transaction_new", refuse("begins open", "NEW.is_sealed") + "RETURN NEW;"
        ),
        function(
            "palio_ledger_transaction_seal",
            refuse(
                "is append-only",
                "OLD.is_sealed OR NOT NEW.is_sealed"
                f" OR NOT ({_same(_UNCHANGED, 'IS NOT DISTINCT FROM')})",
            )
            + refuse("is unbalanced", _UNBALANCED)
            + refuse("is no reversal of that", _NOT_NEGATED)
            + "RETURN NEW;",
        ),
        function("palio_ledger_transaction_apply", f"{_APPLY}; RETURN NEW;"),
        function(
            "palio_ledger_whole",
            refuse("is not sealed", _NOT_SEALED)
            + refuse("is unbalanced", _UNBALANCED)
            + "RETURN NULL;",
        ),
        *(
            statement
            for table in _TABLES
            for name, what, each in (
                ("no_delete", "DELETE", "ROW"),
                ("no_truncate", "TRUNCATE", "STATEMENT"),
            )
            for statement in trigger(
                f"{table}_{name}", f"BEFORE {what} ON {table}", "palio_ledger_refuse", each=each
            )
        ),
        *(
            statement
            for name, when, call in (
                ("ledger_currency_no_update", "BEFORE UPDATE ON ledger_currency", "refuse"),
                ("ledger_posting_no_update", "BEFORE UPDATE ON ledger_posting", "refuse"),
                ("ledger_posting_new", "BEFORE INSERT ON ledger_posting", "posting_new"),
                ("ledger_account_new", "BEFORE INSERT ON ledger_account", "account_new"),
                ("ledger_account_change", "BEFORE UPDATE ON ledger_account", "account_change"),
                (
                    "ledger_transaction_new",
                    "BEFORE INSERT ON ledger_transaction",
                    "transaction_new",
                ),
                (
                    "ledger_transaction_seal",
                    "BEFORE UPDATE ON ledger_transaction",
                    "transaction_seal",
                ),
                (
                    "ledger_transaction_apply",
                    "AFTER UPDATE ON ledger_transaction",
                    "transaction_apply",
                ),
            )
            for statement in trigger(name, when, f"palio_ledger_{call}")
        ),
        *deferred,
    )
