"""Entries of the log as files hold them: a record, and for some what is in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from palio.cli.verify.findings import require
from palio.core.log_entries import canonical, salted_hash

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OpenedEntry:
    """An entry whose payload is told, and fits the record in the log."""

    index: int
    kind: str
    subject: str
    detail: Json


def opened(read: Mapping[str, Any], records: Mapping[int, str]) -> OpenedEntry:
    """Hold an opened payload against its record.

    Raises:
        FaultError: It is not what the log holds.

    """
    index, payload = read["index"], read["payload"]
    require(index in records, f"entry {index} is opened and not in the log")
    record = json.loads(records[index])
    check_record(record, payload, salt=read["salt"], index=index)
    return OpenedEntry(index, payload["action"], payload["subject"], payload["detail"])


def record_of(payload: Json, *, salt: str) -> str:
    """Return the record that an opened payload leads to."""
    return canonical(
        {
            "at": payload["at"],
            "challenge": payload["challenge"],
            "hash": salted_hash(salt, canonical(payload)),
            "kind": payload["action"],
        }
    )


def check_record(record: Json, payload: Json, *, salt: str, index: int) -> None:
    """Check that a payload is the one that a record hides.

    Raises:
        FaultError: It is not.

    """
    fits = canonical(record) == record_of(payload, salt=salt)
    require(fits, f"what is told of entry {index} is not what the log holds")
