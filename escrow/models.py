"""Tables of the escrow ledger: currency, account, transaction, posting; guarded by `guards`."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Connection, UniqueConstraint, event
from sqlmodel import Field, SQLModel

from palio.core.db import UtcDateTime
from palio.core.ids import new_id
from palio.core.money import MOST_MINOR
from palio.escrow import guards
from palio.escrow.contracts import AccountKind, Deed, Fund

_FUNDS = ", ".join(f"'{fund.value}'" for fund in Fund)
_KINDS = ", ".join(f"'{kind.value}'" for kind in AccountKind)
_DEEDS = ", ".join(f"'{deed.value}'" for deed in Deed)


class CurrencyRow(SQLModel, table=True):
    """A currency that was used, with the decimals it had then."""

    __tablename__ = "ledger_currency"
    __table_args__ = (
        CheckConstraint("length(code) = 3 AND code = upper(code)", name="code"),
        CheckConstraint("exponent BETWEEN 0 AND 3", name="exponent"),
    )

    code: str = Field(primary_key=True)
    exponent: int


class AccountRow(SQLModel, table=True):
    """An account of one challenge in one currency; `balance` is the sum of its sealed postings."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        UniqueConstraint("challenge_id", "fund", "kind", "person_id", "award_id", "currency"),
        CheckConstraint(f"fund IN ({_FUNDS})", name="fund"),
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        CheckConstraint("kind = 'outside' OR balance >= 0", name="floor"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    fund: str
    kind: str
    person_id: str = ""
    award_id: str = ""
    currency: str = Field(foreign_key="ledger_currency.code")
    balance: int = Field(default=0, sa_type=BigInteger)


class TransactionRow(SQLModel, table=True):
    """A deed. It is written open, gets its postings, is sealed, and never changes again.

    Nothing counts before the seal; `content_sha256` tells a repeated deed from another one that
    bears its key.
    """

    __tablename__ = "ledger_transaction"
    __table_args__ = (
        UniqueConstraint("challenge_id", "key"),
        CheckConstraint(f"deed IN ({_DEEDS})", name="deed"),
        CheckConstraint("length(key) BETWEEN 1 AND 200", name="key"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    challenge_id: str = Field(foreign_key="challenge.id")
    key: str
    deed: str
    currency: str
    award_id: str = Field(default="", index=True)
    person_id: str = ""
    content_sha256: str
    detail: str  # canonical JSON
    reverses_id: str | None = Field(default=None, foreign_key="ledger_transaction.id", unique=True)
    by: str
    at: datetime = Field(sa_type=UtcDateTime)
    is_sealed: bool = False


class PostingRow(SQLModel, table=True):
    """One line of a transaction."""

    __tablename__ = "ledger_posting"
    __table_args__ = (
        CheckConstraint(
            f"minor <> 0 AND minor BETWEEN -{MOST_MINOR} AND {MOST_MINOR}", name="minor"
        ),
    )

    transaction_id: str = Field(foreign_key="ledger_transaction.id", primary_key=True)
    line: int = Field(primary_key=True)
    account_id: str = Field(foreign_key="ledger_account.id", index=True)
    minor: int = Field(sa_type=BigInteger)


@event.listens_for(PostingRow.__table__, "after_create")  # type: ignore[attr-defined]  # the last of the four
def _guard(_table: object, connection: Connection, **_: object) -> None:
    for statement in guards.statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
