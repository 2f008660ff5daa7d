"""Shapes of openings of answers."""

from datetime import datetime

from pydantic import Field

from palio.pipeline.contracts import OpeningState
from palio.web.api.schemas import ID, NOW, SHA256, Order, View, example

_OPENING = {
    "id": ID,
    "row": "1045",
    "state": "opened",
    "rows": 1,
    "bytes": 912,
    "sha256": SHA256,
    "asked_at": NOW,
    "ended_at": NOW,
    "words": "",
}


class OpeningOrder(Order):
    """Which row of the answers is to be opened; empty = all."""

    model_config = example({"row": "1045"})

    row: str = Field(default="", max_length=1000)


class OpeningView(View):
    """Answers that are opened: all, or one row.

    `sha256`, `rows` and `bytes` are of the file, once `state` is "opened". `words` say why there
    is none.
    """

    model_config = example(_OPENING)

    id: str
    row: str
    state: OpeningState
    rows: int
    bytes: int
    sha256: str
    asked_at: datetime
    ended_at: datetime | None
    words: str


class OpeningsView(View):
    """Every opening of a challenge's answers, newest first."""

    model_config = example({"items": [_OPENING]})

    items: tuple[OpeningView, ...]
