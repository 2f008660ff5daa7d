"""Ground of every answer's shape: built from contracts, never from tables; examples beside them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from palio.core.money import Money
from palio.web.texts import is_storable

NOW = "2026-12-01T12:00:00Z"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
ID = "019363f2a5b07c4e9d1f3a2b4c5d6e7f"


class View(BaseModel):
    """An answer; unknown members are a bug of ours, so they are refused."""

    model_config = ConfigDict(from_attributes=True, frozen=True, extra="forbid")


class Order(BaseModel):
    """A request body; unknown members are refused so that typing errors show."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="after")
    @classmethod
    def _storable(cls, value: Any) -> Any:  # noqa: ANN401 (of any field)
        if isinstance(value, str) and not is_storable(value):
            raise ValueError("holds a NUL or half a character")
        return value


def example(value: dict[str, Any]) -> ConfigDict:
    """Return the model configuration that shows `value` in the API's description."""
    return ConfigDict(json_schema_extra={"examples": [value]})


class FindingView(View):
    """One thing wrong with what was sent."""

    code: str
    text: str
    line: int | None = None
    file: str = ""
    hint: str = ""


FINDING = {
    "code": "id:missing",
    "text": "Row id 17 of the expected 100 is missing.",
    "line": None,
    "file": "",
    "hint": "",
}
PROBLEM = {
    "type": "urn:palio:problem:closed",
    "title": "Conflict",
    "status": 409,
    "code": "closed",
    "detail": "Submissions closed on 2026-12-22 00:00:00 UTC. It is now 2026-12-22 00:00:07 UTC.",
    "findings": [],
    "request_id": ID,
}


class ProblemView(View):
    """An error (RFC 9457), with a stable `code` and words to act on."""

    model_config = example(PROBLEM)

    type: str
    title: str
    status: int
    code: str
    detail: str
    findings: tuple[FindingView, ...]
    request_id: str


class MoneyView(View):
    """An amount: integer count of the currency's smallest unit, and the same in words."""

    minor: int
    currency: str
    text: str


MONEY = {"minor": 100_000, "currency": "EUR", "text": "EUR 1,000.00"}


def money_view(money: Money) -> MoneyView:
    """Show an amount."""
    return MoneyView(minor=money.minor, currency=money.currency, text=str(money))


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Document which errors an endpoint may answer with."""
    content = {"application/problem+json": {"schema": ProblemView.model_json_schema()}}
    return {
        status: {"description": "A problem document.", "content": content}
        for status in sorted({*statuses, 400, 429, 500, 503})
    }
