"""Holds receipts that people kept against a bundle: a submission nobody shows is found by them."""

from collections.abc import Mapping, Sequence
from typing import Any

from palio.cli.verify import receipt
from palio.cli.verify.counted import RECEIVED
from palio.cli.verify.entries import OpenedEntry, record_of
from palio.cli.verify.findings import Findings, require

Json = dict[str, Any]


def check(
    found: Findings,
    raw: bytes,
    *,
    key: str,
    records: Mapping[int, str],
    told: Sequence[OpenedEntry],
) -> None:
    """Check that a bundle has what a receipt promises a place for.

    Args:
        found: Takes faults, what holds, and what could not be checked.
        raw: The file of a receipt.
        key: The one that signed the bundle; a receipt may be signed by one before it.
        records: All entries of the bundle, by their index.
        told: Those that are opened.

    """
    own = receipt.check(raw)
    found.faults += [(f"receipt, {place}", words) for place, words in own.faults]
    if own.faults:
        return
    with found.at("receipt"):
        read = receipt.read(raw)
        if read["key"] != key:
            found.unchecked.append(f"whose key signed the receipt: {read['key']}")
        fields = (read["received"] or read["scored"])["receipt"]
        _check_place(found, read, fields, records, told)


def _check_place(
    found: Findings,
    read: Json,
    fields: Json,
    records: Mapping[int, str],
    told: Sequence[OpenedEntry],
) -> None:
    id_ = fields["submission_id"]
    entries = [read["log"][name] for name in ("received", "scored")] if read["log"] else []
    for entry in filter(None, entries):
        fits = records.get(entry["index"]) == record_of(entry["payload"], salt=entry["salt"])
        require(fits, f"the bundle does not have entry {entry['index']}, about submission {id_}")
    opened = {entry.subject: entry.detail for entry in told if entry.kind == RECEIVED}
    if opened and read["received"]:
        require(id_ in opened, f"the bundle does not have submission {id_}")
        require(opened[id_] == fields, f"the bundle tells submission {id_} otherwise")
    if id_ in opened or any(entries):
        found.holds.append(f"submission {id_} of your receipt is in the log")
    else:
        found.unchecked.append(f"submission {id_}: bring its place in the log with palio receipt")
