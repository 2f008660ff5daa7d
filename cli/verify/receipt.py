"""`palio verify receipt`: signatures, the log's proofs, and the opened private score."""

import json
from typing import Any

from palio.cli.verify.counted import RECEIVED, SCORED
from palio.cli.verify.entries import record_of
from palio.cli.verify.findings import Findings, require
from palio.core import merkle
from palio.core.log_entries import canonical, readable, salted_hash
from palio.core.notes import Checkpoint, Verifier

FORMAT = "palio-receipt-1"
_MEMBERS = {"format", "key", "received", "scored", "log", "opened"}
_LOG_MEMBERS = {"checkpoint", "received", "scored"}
_KINDS = {"received": RECEIVED, "scored": SCORED}
_VERSION = 1
_ENTRY_MEMBERS = {"index", "salt", "payload", "proof"}
_TOLD_LATER = {"v", "public_score", "public_salt", "log_index"}  # signed beside the log's payload

Json = dict[str, Any]


def check(raw: bytes, *, key: str = "", team: str = "") -> Findings:
    """Check the file of a receipt.

    Args:
        raw: Its bytes.
        key: The server's public key, from elsewhere; empty = the one in the file.
        team: Whose receipt it should be; empty = anybody's.

    """
    found = Findings()
    document = found.read("file", lambda: read(raw))
    if document is None:
        return found
    with found.at("key"):
        named = document["key"]
        verifier = Verifier.parse(named)
        require(
            not key or str(Verifier.parse(key)) == named, "the receipt is signed by another key"
        )
        _check(found, document, verifier, team=team)
        whose = "by the key you gave" if key else "by the key named in the file"
        found.holds.append(f"signed {whose}: {named}")
    return found


def read(raw: bytes) -> Json:
    """Return the document of a receipt's file.

    Raises:
        FaultError, ValueError: It is none, or is not written as Palio writes it.

    """
    found = json.loads(raw.decode())
    require(isinstance(found, dict) and "format" in found, "this is no receipt of Palio")
    require(found["format"] == FORMAT, f"its format is {found['format']}: upgrade palio")
    require(set(found) == _MEMBERS, "members are missing, or there are unknown ones")
    as_sent = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    require(
        raw.decode().removesuffix("\n") in {readable(found)[:-1], canonical(found), as_sent},
        "the file was changed: it is not written as Palio writes it",
    )
    require(
        found["received"] or found["scored"],
        "it holds no receipt: the submission is older than the server's log, or was erased from it",
    )
    document: Json = found
    return document


def _check(found: Findings, read: Json, verifier: Verifier, *, team: str) -> None:
    received = scored = None
    with found.at("received"):
        received = _received(found, read["received"], verifier, team=team)
    if read["scored"] is not None:
        with found.at("scored"):
            scored = _signed(read["scored"], verifier)
            _check_scored(found, scored, received)
    if read["log"] is not None:
        with found.at("log"):
            _check_log(found, read["log"], verifier, received=received, scored=scored)
    if read["opened"] is not None:
        with found.at("opened"):
            _check_opened(found, read["opened"], scored)


def _received(found: Findings, read: Json | None, verifier: Verifier, *, team: str) -> Json | None:
    if read is None:
        require(not team, "it does not say whose it is: the log has no entry of the upload")
        found.unchecked.append("the upload: the log has no entry of it, or it was erased")
        return None
    fields = _signed(read, verifier)
    of = fields["team"]
    require(not team or of == team, f"this is the receipt of another team: {of}")
    found.holds.append(
        f"received {fields['received_at']}: file {fields['sha256_raw']}, "
        f"{fields['bytes']} bytes, of team {of}"
    )
    return fields


def _signed(read: Json, verifier: Verifier) -> Json:
    require(set(read) == {"receipt", "signature"}, "this is no signed receipt")
    fields: Json = read["receipt"]
    verifier.check(canonical(fields) + "\n", read["signature"])
    require(fields["v"] == _VERSION, f"its version {fields['v']} is newer: upgrade palio")
    return fields


def _check_scored(found: Findings, scored: Json, received: Json | None) -> None:
    if received is not None:
        same = all(scored[name] == received[name] for name in ("submission_id", "team"))
        require(same, "the two receipts are of different submissions")
    if scored["public_score"] is not None:
        fits = salted_hash(scored["public_salt"], scored["public_score"])
        require(fits == scored["public_commit"], "the public score is not the one promised")
        found.holds.append(f"scored: {scored['public_score']} in public")


def _check_log(
    found: Findings, read: Json, verifier: Verifier, *, received: Json | None, scored: Json | None
) -> None:
    require(set(read) == _LOG_MEMBERS, "this is no part of a log")
    checkpoint = Checkpoint.parse(verifier.open(read["checkpoint"]))
    require(checkpoint.origin == verifier.name, "the checkpoint is of another log")
    for name, fields in (("received", received), ("scored", scored)):
        entry = read[name]
        if fields is None:
            continue
        if entry is None:
            found.unchecked.append(f"the place in the log of what was {name}: it was erased")
            continue
        require(set(entry) == _ENTRY_MEMBERS, f"the entry {name} has unknown members")
        payload = entry["payload"]
        is_same = payload["subject"] == fields["submission_id"]
        told = {key: value for key, value in fields.items() if key not in _TOLD_LATER}
        kept = {key: value for key, value in payload["detail"].items() if key not in _TOLD_LATER}
        require(is_same and told == kept, f"the log's entry {name} is about something else")
        kind = payload["action"]
        require(kind == _KINDS[name], f"the log calls it {kind}, which no bundle has to show")
        require(_is_plain(entry["salt"], *entry["proof"]), f"the entry {name} was changed")
        merkle.check_inclusion(
            [bytes.fromhex(step) for step in entry["proof"]],
            leaf=merkle.leaf_hash(record_of(payload, salt=entry["salt"]).encode()),
            index=entry["index"],
            size=checkpoint.size,
            root=checkpoint.root,
        )
        at = fields.get("log_index", entry["index"])
        require(at == entry["index"], "the receipt names another place in the log")
        found.holds.append(f"{name}: entry {entry['index']} of a log of {checkpoint.size}")


def _check_opened(found: Findings, read: Json, scored: Json | None) -> None:
    require(scored is not None, "a private score is told without its promise")
    assert scored is not None  # noqa: S101 (said in the line above, for the type checker)
    require(set(read) == {"private_score", "salt"}, "there are unknown members")
    fits = salted_hash(read["salt"], read["private_score"]) == scored["private_commit"]
    require(
        fits and _is_plain(read["salt"]),
        "the private score is not the one promised when it was scored",
    )
    found.holds.append(f"private score {read['private_score']}: as promised at scoring")


def _is_plain(*hashes: str) -> bool:
    """Tell whether hashes are written as Palio does: other spellings mean the same bytes."""
    return all(bytes.fromhex(each).hex() == each for each in hashes)
