"""Holds opened answers against the promise in force: all of them, or one row."""

import json
from typing import Any

from palio.cli.verify.findings import Findings, require
from palio.core import merkle
from palio.datasets.row_leaves import leaf, line

Json = dict[str, Any]


def check(found: Findings, raw: bytes, promise: Json) -> None:
    """Check a file of opened answers.

    Raises:
        FaultError, ProofError: It is not what was promised.

    """
    text = raw.decode()
    if text.startswith("{"):
        _check_row(found, json.loads(text), promise)
        return
    leaves = []
    for number, each in enumerate(text.splitlines(), start=1):
        salt, *fields = json.loads(each)
        require(line([salt, *fields]) == each, f"line {number} was changed")
        leaves.append(leaf(fields, bytes.fromhex(salt)))
    rows = promise["holdout_rows"]
    require(len(leaves) == rows, f"there are {len(leaves)} rows; {rows} were promised")
    fits = merkle.fold(leaves).hex() == promise["holdout_root"]
    require(fits, f"a row was changed: these are not the answers promised {_when(promise)}")
    found.holds.append(f"all {rows} answers are those promised {_when(promise)}")


def _check_row(found: Findings, read: Json, promise: Json) -> None:
    merkle.check_inclusion(
        [bytes.fromhex(step) for step in read["proof"]],
        leaf=leaf(read["fields"], bytes.fromhex(read["salt"])),
        index=read["index"],
        size=promise["holdout_rows"],
        root=bytes.fromhex(promise["holdout_root"]),
    )
    found.holds.append(f"row {read['fields'][0]} is as promised {_when(promise)}")


def _when(promise: Json) -> str:
    is_first = promise["key_version"] == 1
    return "at the launch" if is_first else "at a correction after the launch"
