"""Shape of the file that a team keeps as proof."""

from typing import Any

from palio.pipeline.receipts import FORMAT
from palio.web.api.schemas import ID, NOW, SHA256, View, example

_SIGNED = {
    "receipt": {
        "v": 1,
        "challenge": "film-night",
        "submission_id": ID,
        "team": ID,
        "sha256_raw": SHA256,
        "received_at": NOW,
    },
    "signature": "\u2014 palio.example/log x08goAAA…",
}
RECEIPT = {
    "format": FORMAT,
    "key": "palio.example/log+c74f20a3+ARpc2Qc…",
    "received": _SIGNED,
    "scored": None,
    "log": None,
    "opened": None,
}


class ReceiptFileView(View):
    """All that can be proved of a submission; keep it, and check it with `palio verify receipt`.

    `received` and `scored` are signed: the text is the `receipt` as JSON with sorted keys, no
    spaces, ASCII, and a newline. `log` shows that the log holds both; `opened` is told with the
    private score, after the reveal. What the log does not have, or was made to forget, is null.
    """

    model_config = example(RECEIPT)

    format: str
    key: str
    received: dict[str, Any] | None
    scored: dict[str, Any] | None
    log: dict[str, Any] | None
    opened: dict[str, Any] | None
