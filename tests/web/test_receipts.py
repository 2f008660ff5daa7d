import base64
import json
from pathlib import Path
from typing import Any

import pytest
from tests.web.site import Site
from tests.web.toy_pack import predictions

from palio.challenges import queries as challenges
from palio.cli.verify import board, receipt
from palio.cli.verify.commands import read_bundle
from palio.core import log, merkle
from palio.core.clock import database_now
from palio.core.log_entries import readable
from palio.core.notes import Checkpoint, Verifier
from palio.leaderboard import queries as boards
from palio.leaderboard import service as leaderboard
from palio.leaderboard.contracts import Board
from palio.pipeline import opening

TOY = "/api/v1/challenges/toy"


def sound(document: dict[str, Any], **options: str) -> list[str]:
    """What a receipt's file shows, when nothing in it is wrong."""
    found = receipt.check(readable(document).encode(), **options)
    assert found.faults == []
    return found.holds


def faults(document: dict[str, Any], **options: str) -> list[str]:
    return [words for _, words in receipt.check(readable(document).encode(), **options).faults]


def two_teams(site: Site) -> tuple[dict[str, Any], dict[str, Any]]:
    """Receipts of two teams, scored."""
    site.publish()
    ids = []
    for handle, value in (("ada", 0.5), ("bob", 0.4)):
        person = site.person(handle, accepts="toy")
        ids.append((person, person.submit(predictions(value)).json()["submission_id"]))
    site.score_all()
    first, second = (person.get(f"/api/v1/submissions/{id_}/receipt").json() for person, id_ in ids)
    return first, second


def test_the_upload_answers_with_a_signed_receipt(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    answer = ada.submit(predictions(0.5)).json()
    document = answer["receipt_json"]
    fields = document["received"]["receipt"]
    rules = ada.get(f"{TOY}/rules").json()
    assert {
        name: fields[name]
        for name in ("challenge", "phase", "sha256_raw", "bytes", "quota_left", "rules_commit")
    } == {
        "challenge": "toy", "phase": "main", "sha256_raw": answer["sha256"],
        "bytes": answer["bytes"], "quota_left": 4, "rules_commit": rules["sha256"],
    }  # fmt: skip
    assert len(fields["holdout_commit"]) == len(fields["scorer_digest"]) == 64
    key = site.spectator().get("/api/v1/log/key").text.strip()
    assert sound(document, key=key)[-1] == f"signed by the key you gave: {key}"


def test_after_scoring_a_receipt_proves_its_place_in_the_log(site: Site) -> None:
    first, _ = two_teams(site)
    words = sound(first)
    score = first["scored"]["receipt"]
    assert score["public_score"].split()[0] == "0.5000"
    assert len(score["canonical_sha256"]) == 64
    assert first["opened"] is None
    assert [each.split(":")[0] for each in words] == [
        f"received {first['received']['receipt']['received_at'][:13]}",
        "scored", "received", "scored", "signed by the key named in the file",
    ]  # fmt: skip


def test_a_receipt_is_no_other_teams(site: Site) -> None:
    first, second = two_teams(site)
    mine, other = (each["received"]["receipt"]["team"] for each in (first, second))
    assert faults(first, team=mine) == []
    assert faults(first, team=other) == [f"this is the receipt of another team: {mine}"]
    forged = json.loads(json.dumps(first))
    forged["received"]["receipt"]["team"] = other
    assert "changed after signing" in faults(forged)[0]
    mixed = {**first, "scored": second["scored"], "log": None}
    assert faults(mixed) == ["the two receipts are of different submissions"]
    foreign = {**first, "log": second["log"]}
    assert faults(foreign) == ["the log's entry received is about something else"]


def test_the_private_score_is_opened_with_the_reveal_and_not_before(site: Site) -> None:
    first, _ = two_teams(site)
    id_ = first["received"]["receipt"]["submission_id"]
    ada = site.people["ada"]
    site.end()
    assert ada.get(f"/api/v1/submissions/{id_}/receipt").json()["opened"] is None
    site.settle()
    document = ada.get(f"/api/v1/submissions/{id_}/receipt").json()
    assert sound(document)[4].startswith("private score 0.5000")
    document["opened"]["private_score"] = "0.4000 0.500"
    assert faults(document) == ["the private score is not the one promised when it was scored"]


def test_receipts_are_their_teams_own_and_a_page_gives_them_as_a_file(site: Site) -> None:
    first, _ = two_teams(site)
    id_ = first["received"]["receipt"]["submission_id"]
    ada, bob = site.people["ada"], site.people["bob"]
    file = ada.get(f"/submissions/{id_}/receipt.json")
    assert receipt.check(file.content).faults == []
    assert file.headers["Content-Disposition"].endswith(f'"receipt-{id_}.json"')
    for path in (f"/submissions/{id_}/receipt.json", f"/api/v1/submissions/{id_}/receipt"):
        assert bob.get(path).status_code == 404


def test_everybody_can_follow_the_log(site: Site) -> None:
    two_teams(site)
    spectator = site.spectator()
    first = spectator.get("/api/v1/log").json()
    verifier = Verifier.parse(first["keys"][0])
    before = Checkpoint.parse(verifier.open(first["checkpoint"]))
    assert (before.size, before.root.hex()) == (first["size"], first["root"])
    site.people["ada"].submit(predictions(0.3))
    now = Checkpoint.parse(verifier.open(spectator.get("/api/v1/log/checkpoint").text))
    assert now.size > before.size
    items: list[dict[str, Any]] = []
    start: int | None = 0
    while start is not None:
        page = spectator.get(f"/api/v1/log/entries?first={start}&limit=7").json()
        items, start = items + page["items"], page["next_first"]
    leaves = [merkle.leaf_hash(item["record"].encode()) for item in items]
    assert merkle.root_of(leaves[: now.size]) == now.root
    path = f"/api/v1/log/consistency?first={before.size}&second={now.size}"
    merkle.check_consistency(
        steps(spectator.get(path).json()),
        first=before.size,
        second=now.size,
        first_root=before.root,
        second_root=now.root,
    )
    path = f"/api/v1/log/inclusion?index=3&size={now.size}"
    merkle.check_inclusion(
        steps(spectator.get(path).json()), leaf=leaves[3], index=3, size=now.size, root=now.root
    )
    assert spectator.get("/api/v1/log/inclusion?index=9&size=4").status_code == 404
    page = spectator.get("/log")
    assert page.status_code == 200
    assert verifier.name in page.text
    assert "submissions.scored" in page.text


def steps(answer: dict[str, Any]) -> list[bytes]:
    return [base64.b64decode(step) for step in answer["proof"]]


def test_no_entry_says_who_did_what(site: Site) -> None:
    two_teams(site)
    secrets = {site.person_id("ada"), site.organizer_id}
    with site.work() as session:
        records = [e.record.text() for e in log.entries(session, first=0, limit=1000)]
    assert {"challenges.open", "challenges.commitment", "submissions.received"} <= {
        json.loads(record)["kind"] for record in records
    }
    assert [record for record in records if any(secret in record for secret in secrets)] == []


def bundle_of(site: Site, folder: Path) -> dict[str, bytes]:
    path = folder / "toy.zip"
    path.write_bytes(site.spectator().get(f"{TOY}/bundle").content)
    files, fault = read_bundle(path)
    assert fault == ""
    return files


def test_before_the_reveal_a_bundle_has_public_data_alone(site: Site, tmp_path: Path) -> None:
    two_teams(site)
    files = bundle_of(site, tmp_path)
    assert sorted(files) == ["bundle.note", "log.json", "opened.json", "rules.md"]
    kinds = {entry["payload"]["action"] for entry in json.loads(files["opened.json"])}
    assert kinds == {"challenges.commitment"}
    found = board.check(files)
    assert found.faults == []
    assert found.holds[-1].startswith("not revealed yet")


def test_after_the_reveal_everybody_ranks_again(site: Site, tmp_path: Path) -> None:
    two_teams(site)
    site.end()
    site.settle()
    found = board.check(bundle_of(site, tmp_path))
    assert found.faults == []
    assert found.holds[-1] == "the final ranking of 3 rows comes out the same, computed again"


def test_an_entry_verified_after_the_reveal_does_not_spoil_the_bundle(
    site: Site, tmp_path: Path
) -> None:
    two_teams(site)
    site.end()
    site.settle()
    with site.work() as session:
        challenge = challenges.by_slug(session, "toy")
        shown = boards.latest(session, challenge_id=challenge.id, board=Board.PRIVATE)
        assert shown is not None
        leaderboard.mark_verified(
            session,
            challenge=challenge,
            submission_id=shown.standings[0].submission_id,
            title="Progress prize",
            now=shown.made_at,
        )
    assert board.check(bundle_of(site, tmp_path)).faults == []


def test_the_hosts_export_holds_the_bundle_too(site: Site, tmp_path: Path) -> None:
    two_teams(site)
    site.end()
    site.settle()
    path = tmp_path / "export.zip"
    path.write_bytes(site.people["hostess"].get(f"{TOY}/export").content)
    files, fault = read_bundle(path)
    assert (fault, board.check(files).faults) == ("", [])


def test_the_rules_page_shows_what_is_promised(site: Site) -> None:
    two_teams(site)
    text = site.spectator().get("/challenges/toy/rules").text
    assert "Promised before the first download" in text
    assert "scoring_sha256" in text


def opened(site: Site, target: Path, *, row: str = "") -> bytes:
    with site.work() as session:
        opening.open_answers(
            session,
            slug="toy",
            row_id=row,
            target=target,
            open_key=site.bench.open_key,
            now=database_now(session),
        )
    return target.read_bytes()


def test_answers_are_opened_after_the_reveal_and_not_before(site: Site, tmp_path: Path) -> None:
    two_teams(site)
    target = tmp_path / "answers.jsonl"
    with pytest.raises(opening.NotOpenableError):
        opened(site, target)
    assert not target.exists()
    site.end()
    site.settle()
    files = bundle_of(site, tmp_path)
    for row in ("", "3"):
        answers = opened(site, target, row=row)
        found = board.check(files, answers=answers)
        assert found.faults == []
        assert "promised at the launch" in found.holds[-1]
        changed = answers.replace(b"private", b"ignored", 1).replace(b"public", b"ignored", 1)
        assert [place for place, _ in board.check(files, answers=changed).faults] == ["answers"]
    with pytest.raises(opening.RowNotFoundError):
        opened(site, target, row="none")
    entries = site.spectator().get("/api/v1/log/entries?limit=500").json()["items"]
    assert [entry["kind"] for entry in entries].count("challenges.open_answers") == 2
