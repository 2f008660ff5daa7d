"""`palio verify board`: the log, its promises, and the final ranking, computed again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from palio.cli.verify import counted, entries, kept, opening
from palio.cli.verify.entries import OpenedEntry
from palio.cli.verify.findings import FaultError, Findings, require
from palio.core import merkle
from palio.core.notes import Checkpoint, Verifier, open_by_one
from palio.leaderboard import ranking, snapshots, views
from palio.leaderboard.contracts import PhaseBoard, Standing
from palio.submissions.contracts import ScoredEntry, SubmissionKind

FORMAT = "palio-bundle-1"
MANIFEST = "bundle.note"
COMMITMENT = "challenges.commitment"
OPENED = "challenges.open_answers"
REVEALS = ("leaderboard.reveal", "leaderboard.rereveal")
REOPEN = "challenges.reopen"
_MEMBERS = {"format", "challenge", "slug", "key", "made_at", "is_revealed", "files"}

# Part of the board as it was revealed, and not computed again.
NEVER = (
    "names of teams and of their members: the log holds ids alone",
    "rank intervals, and who is tied with the first by chance",
)

NO_RECEIPTS = "that no submission is kept secret: give --receipt with those you have"

Json = dict[str, Any]
Files = Mapping[str, bytes]
Records = Mapping[int, str]  # of the log, by index
Told = list[OpenedEntry]


def check(
    files: Files, *, key: str = "", answers: bytes | None = None, receipts: Sequence[bytes] = ()
) -> Findings:
    """Check the files of a bundle.

    Args:
        files: By name.
        key: The server's public key, from elsewhere; empty = the one in the bundle.
        answers: What `palio challenge open-answers` wrote, where it is to be checked too.
        receipts: Files of receipts that the bundle must have a place for.

    """
    found = Findings()
    manifest = found.read(MANIFEST, lambda: _manifest(files, key))
    if manifest is None:
        return found
    _check_files(found, files, manifest)
    whose = "the key you gave" if key else "the key named in the bundle"
    found.holds.append(f"signed by {whose}: {manifest['key']}")
    history = _history(found, files, manifest)
    if history is None:
        return found
    records, told, promise = history
    _check_rules(found, files, promise)
    if manifest["is_revealed"]:
        _check_revealed(found, files, records, told, promise)
    else:
        with found.at(MANIFEST):
            _check_hidden(found, records)
    if answers is not None:
        _check_answers(found, answers, told, promise)
    for raw in receipts:
        kept.check(found, raw, key=manifest["key"], records=records, told=told)
    if not receipts:
        found.unchecked.append(NO_RECEIPTS)
    return found


def _history(found: Findings, files: Files, manifest: Json) -> tuple[Records, Told, Json] | None:
    """Return the log's entries, those that are told, and the promise in force."""
    records = found.read("log.json", lambda: _log(found, files, manifest))
    if records is None:
        return None
    told = found.read("opened.json", lambda: _opened(files, records))
    if told is None:
        return None
    promise = found.read("opened.json", lambda: _last(records, told, COMMITMENT).detail)
    return None if promise is None else (records, told, promise)


def _check_answers(found: Findings, answers: bytes, told: Told, promise: Json) -> None:
    with found.at("answers"):
        opening.check(found, answers, promise)
        _check_opened(found, answers, told)


def _check_opened(found: Findings, answers: bytes, told: Told) -> None:
    digests = {entry.detail["sha256"] for entry in told if entry.kind == OPENED}
    if sha256(answers).hexdigest() in digests:
        found.holds.append("the log says that this very file was opened")
    else:
        found.unchecked.append("who opened this file: the log of the bundle does not have it")


def _manifest(files: Files, key: str) -> Json:
    require(MANIFEST in files, "this is no bundle: it has no signed list of files")
    note = files[MANIFEST].decode()
    read: Json = json.loads(note.partition("\n\n")[0])
    text = Verifier.parse(key or read["key"]).open(note)
    require(text == note.partition("\n\n")[0] + "\n", "the list of files was changed")
    require(read["format"] == FORMAT, "this is no bundle of Palio")
    require(set(read) == _MEMBERS, "the list of files has unknown members")
    return read


def _check_files(found: Findings, files: Files, manifest: Json) -> None:
    listed = manifest["files"]
    for name in sorted(listed.keys() | files.keys() - {MANIFEST}):
        with found.at(name):
            require(name in listed, "the file does not belong to the bundle")
            require(name in files, "the file is missing")
            fits = sha256(files[name]).hexdigest() == listed[name]
            require(fits, "the file was changed: it has another SHA-256 than was signed")


def _log(found: Findings, files: Files, manifest: Json) -> dict[int, str]:
    """Check that the challenge's entries are in the signed log, and that it only ever grew."""
    read = json.loads(files["log.json"])
    verifier = Verifier.parse(manifest["key"])
    now = Checkpoint.parse(verifier.open(read["checkpoint"]))
    require(now.origin == verifier.name, "the checkpoint is of another log")
    records: dict[int, str] = {}
    for index, record in read["entries"]:
        about = json.loads(record)["challenge"]
        require(about == manifest["challenge"], f"entry {index} is of another challenge")
        records[index] = record
    leaves = {index: merkle.leaf_hash(record.encode()) for index, record in records.items()}
    siblings = [bytes.fromhex(node) for node in read["siblings"]]
    root = merkle.root_with(leaves, siblings, size=now.size)
    require(
        root == now.root,
        "the entries do not lead to the signed root: one was changed, added or dropped",
    )
    keys = [Verifier.parse(text) for text in read["keys"] if text != manifest["key"]]
    for each in read["earlier"]:
        before = Checkpoint.parse(open_by_one([*keys, verifier], each["checkpoint"]))
        merkle.check_consistency(
            [bytes.fromhex(node) for node in each["proof"]],
            first=before.size,
            second=now.size,
            first_root=before.root,
            second_root=now.root,
        )
    found.holds.append(
        f"{len(records)} entries are in the log of {now.size}, "
        f"which continues {len(read['earlier'])} earlier checkpoints"
    )
    if keys:
        found.unchecked.append(
            f"that these were the server's keys before: {', '.join(map(str, keys))}"
        )
    return records


def _opened(files: Files, records: Records) -> Told:
    read = json.loads(files["opened.json"])
    told = [entries.opened(each, records) for each in read]
    places = [entry.index for entry in told]
    # What counts depends on what came later: a choice, a withdrawal, another promise.
    require(places == sorted(set(places)), "the entries are not told in the order of the log")
    return told


def _kinds(records: Records) -> dict[int, str]:
    return {index: json.loads(records[index])["kind"] for index in sorted(records)}


def _check_hidden(found: Findings, records: Records) -> None:
    """Check that the log, too, says that the private board is nobody's yet."""
    moves = [kind for kind in _kinds(records).values() if kind in {*REVEALS, REOPEN}]
    is_hidden = not moves or moves[-1] == REOPEN
    require(is_hidden, "it says that nothing is revealed yet, and the log has the reveal")
    found.holds.append("not revealed yet: the final ranking can be checked after the reveal")


def _check_all_opened(records: Records, told: Told) -> None:
    """Check that nothing is kept back that says what counts; what was erased cannot be opened."""
    opened = {entry.index for entry in told}
    kinds = _kinds(records)
    for index in sorted(kinds.keys() - opened):
        is_told = kinds[index] not in counted.ALL
        require(is_told, f"entry {index} ({kinds[index]}) is kept back, or was erased")


def _last(records: Records, told: Told, *kinds: str) -> OpenedEntry:
    """Return what the log's last entry of these kinds says; an earlier one is not in force."""
    places = [index for index, kind in _kinds(records).items() if kind in kinds]
    require(places, f"the log has no entry {kinds[0]}")
    for entry in told:
        if entry.index == places[-1]:
            return entry
    raise FaultError(f"entry {places[-1]} ({kinds[0]}) is kept back, or was erased")


def _check_rules(found: Findings, files: Files, promise: Json) -> None:
    with found.at("rules.md"):
        fits = sha256(files["rules.md"]).hexdigest() == promise["rules_sha256"]
        require(fits, "these are not the rules that were promised at the launch")
        found.holds.append("the rules are those promised at the launch")


def _check_revealed(
    found: Findings,
    files: Files,
    records: Records,
    told: Told,
    promise: Json,
) -> None:
    with found.at("opened.json"):
        _check_all_opened(records, told)
    revealed = found.read("opened.json", lambda: _last(records, told, *REVEALS))
    if revealed is not None:
        _check_final(found, files, told, promise, etag=revealed.detail["etag"])


def _check_final(found: Findings, files: Files, told: Told, promise: Json, *, etag: str) -> None:
    read = found.read("entries.json", lambda: json.loads(files["entries.json"]))
    view = found.read("view.json", lambda: views.from_json(files["view.json"].decode()))
    board = found.read("board.json", lambda: snapshots.from_bytes(files["board.json"]))
    if read is None or view is None or board is None:
        return
    with found.at("view.json"):
        fits = views.to_json(replace(view, lines=())) == promise["ranking"]
        require(fits, "the board is not ranked as was promised at the launch")
    with found.at("board.json"):
        fits = snapshots.etag_of(files["board.json"]) == etag
        require(fits, "this is not the board that was revealed")
    scored = found.read("entries.json", lambda: _entries(found, read, told, promise))
    if scored is not None:
        with found.at("board.json"):
            _check_ranking(found, scored, view, board)


def _entries(found: Findings, read: Json, told: Told, promise: Json) -> list[ScoredEntry]:
    """Check every entry against what the log promised of it, and return them."""
    counted.check(found, read, told, promise)
    return [_scored_entry(each) for each in read["entries"]]


def _scored_entry(each: Json) -> ScoredEntry:
    private = tuple((name, Decimal(value)) for name, value in each["private"])
    return ScoredEntry(
        submission_id=each["submission_id"],
        team_id=each["team"],
        kind=SubmissionKind(each["kind"]),
        label=each["label"],
        received_at=datetime.fromisoformat(each["received_at"]),
        is_chosen=each["is_chosen"],
        public=Decimal(each["public"]),
        rounded=private[0][1],
        all_rounded=private,
        phase_id=each["phase_id"],
        all_public=tuple((name, Decimal(value)) for name, value in each["all_public"]),
    )


def _check_ranking(
    found: Findings, scored: list[ScoredEntry], view: views.View, board: snapshots.Content
) -> None:
    ranked = ranking.rank(scored, view=view)
    shown = [*board.earlier, PhaseBoard(board.phase, board.standings, board.lines)]
    made = [*ranked.earlier, ranked]
    require(len(shown) == len(made), "the board has other phases")
    for phase, again in zip(shown, made, strict=True):
        require(len(phase.standings) == len(again.rows), "the board has other rows")
        for place, (row, standing) in enumerate(zip(again.rows, phase.standings, strict=True), 1):
            require(
                _facts(row) == _facts_shown(standing),
                f"row {place} ({standing.name}): computed again it is "
                f"rank {row.rank}, score {row.score}, submission {row.entry.submission_id}",
            )
        require(phase.phase == again.phase, "the board names its phases otherwise")
        require(phase.lines == again.lines, "the lines among the rows are not where they belong")
    count = sum(len(phase.standings) for phase in shown)
    found.holds.append(f"the final ranking of {count} rows comes out the same, computed again")
    if any(phase.lines for phase in shown):
        found.holds.append("the lines among the rows stand where their scores say")
        found.unchecked.append("that the lines have the scores that the rules give them")
    found.unchecked += list(NEVER)


def _facts(row: ranking.Row) -> tuple[object, ...]:
    entry = row.entry
    return (
        row.rank, entry.team_id, entry.submission_id, entry.kind, row.score, tuple(row.values),
        row.improvement, row.entries, entry.received_at, row.is_measure,
    )  # fmt: skip


def _facts_shown(standing: Standing) -> tuple[object, ...]:
    return (
        standing.rank, standing.team_id, standing.submission_id, standing.kind, standing.score,
        standing.scores, standing.improvement, standing.entries, standing.received_at,
        standing.is_measure,
    )  # fmt: skip
