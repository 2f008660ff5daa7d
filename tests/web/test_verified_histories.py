"""Bundles of challenges in which much happened, all of it honestly: `verify` accuses nobody."""

import json
from typing import Any

from tests.cli.test_verify import Proofs, changed_json, unzipped
from tests.cli.test_verify_lies import merge
from tests.web.site import Site, Visitor
from tests.web.toy_pack import predictions

from palio.cli.verify import board, receipt
from palio.cli.verify.entries import record_of
from palio.core import audit, checkpoints, log, merkle
from palio.core.clock import database_now
from palio.core.log_entries import canonical
from palio.core.notes import Checkpoint, Signer


def sent(person: Visitor, *values: float) -> list[str]:
    return [person.submit(predictions(each)).json()["submission_id"] for each in values]


def choose(person: Visitor, submission_id: str) -> None:
    path = f"/api/v1/submissions/{submission_id}/choice"
    assert person.call("PUT", path, json={"chosen": True}).is_success


def turn_key(site: Site) -> Signer:
    """Put another key in place, as docs/operate/signing-key.md says."""
    old = site.state.signer
    new = Signer.make(old.name)
    object.__setattr__(site.state, "signer", new)
    with site.work() as session:
        checkpoints.add_key(session, new, by=audit.SYSTEM, now=database_now(session))
    return old


def test_choices_that_fit_are_kept_by_a_merger(site: Site) -> None:
    site.publish(rule="chosen")
    ada, bob = (site.person(handle, accepts="toy") for handle in ("ada", "bob"))
    one, two = sent(ada, 0.5, 0.2)[0], sent(bob, 0.4, 0.1)[0]
    site.score_all()
    choose(ada, one)
    choose(bob, two)
    merge(site, "ada", "bob")
    site.end()
    site.settle()
    assert board.check(unzipped(site)).faults == []


def test_choices_that_do_not_fit_end_with_a_merger(site: Site) -> None:
    site.publish(rule="chosen")
    ada, bob = (site.person(handle, accepts="toy") for handle in ("ada", "bob"))
    one, other = sent(ada, 0.5, 0.2)
    two = sent(bob, 0.4, 0.1)[0]
    site.score_all()
    choose(ada, one)
    choose(ada, other)
    choose(bob, two)
    merge(site, "ada", "bob")
    site.end()
    site.settle()
    assert board.check(unzipped(site)).faults == []


def test_a_key_that_was_changed_leaves_the_log_one(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    (id_,) = sent(ada, 0.5)
    site.score_all()
    assert ada.get("/api/v1/log").is_success  # a checkpoint under the old key
    before = ada.get(f"/submissions/{id_}/receipt.json").content
    old = turn_key(site)
    site.end()
    site.settle()
    files = unzipped(site)
    assert board.check(files).faults == []
    assert board.check(files, key=str(site.state.signer.verifier)).faults == []
    assert "not by the key" in " ".join(
        text for _, text in board.check(files, key=str(old.verifier)).faults
    )
    assert receipt.check(before, key=str(old.verifier)).faults == []
    after = ada.get(f"/submissions/{id_}/receipt.json").content
    assert receipt.check(after, key=str(site.state.signer.verifier)).faults == []


def test_a_checkpoint_that_another_key_of_the_log_has_signed_is_signed_again(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    (id_,) = sent(ada, 0.5)
    assert ada.get("/api/v1/log").is_success
    old = turn_key(site)
    with site.work() as session:
        checkpoints.sign_head(session, old, now=database_now(session))
    path = f"/submissions/{id_}/receipt.json"
    assert receipt.check(ada.get(path).content).faults == []


def erase(site: Site, submission_id: str, kind: str) -> None:
    with site.work() as session:
        (event,) = audit.of_subject(session, subject_id=submission_id, action=kind)
        now = database_now(session)
        audit.erase(session, event_hash=event.hash, by=audit.SYSTEM, reason="asked", now=now)


def test_a_score_the_log_was_made_to_forget_is_not_opened(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    (id_,) = sent(ada, 0.5)
    site.score_all()
    site.end()
    site.settle()
    erase(site, id_, "submissions.scored")
    raw = ada.get(f"/submissions/{id_}/receipt.json").content
    assert receipt.check(raw).faults == []
    assert (json.loads(raw)["scored"], json.loads(raw)["opened"]) == (None, None)


def test_a_receipt_the_log_was_made_to_forget_says_so(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    (id_,) = sent(ada, 0.5)
    site.score_all()
    erase(site, id_, "submissions.received")
    raw = ada.get(f"/submissions/{id_}/receipt.json").content
    found = receipt.check(raw)
    assert found.faults == []
    assert found.unchecked == ["the upload: the log has no entry of it, or it was erased"]
    assert receipt.check(raw, team="x").faults != []
    nothing = json.loads(raw) | {"scored": None}
    assert "holds no receipt" in receipt.check(canonical(nothing).encode()).faults[0][1]
    again = ada.submit(predictions(0.5), key="ada-1")  # the same file, by a client that lost it
    assert again.is_success, again.text
    assert again.json()["receipt_json"]["received"] is None


def without(site: Site, files: dict[str, bytes], submission_id: str) -> dict[str, bytes]:
    """The bundle of a server that keeps a submission secret, as well as it can."""
    with site.work() as session:
        hidden = {
            log.index_of(session, event.hash)
            for kind in ("submissions.received", "submissions.scored")
            for event in audit.of_subject(session, subject_id=submission_id, action=kind)
        }
        size = Checkpoint.parse(json.loads(files["log.json"])["checkpoint"]).size

        def hide(read: Any) -> None:
            read["entries"] = [each for each in read["entries"] if each[0] not in hidden]
            shown = [index for index, _ in read["entries"]]
            nodes = log.siblings(session, indices=shown, size=size)
            read["siblings"] = [node.hex() for node in nodes]

        changed = changed_json(files["log.json"], hide)
    proofs = Proofs(files, b"", site.state.signer)
    return proofs.resigned(log_json=changed)


def test_a_submission_kept_secret_is_found_by_its_receipt(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    one, two = sent(ada, 0.5, 0.4)
    site.score_all()
    first, second = (ada.get(f"/submissions/{id_}/receipt.json").content for id_ in (one, two))
    files = unzipped(site)
    assert board.check(files, receipts=[first, second]).faults == []
    lie = without(site, files, one)
    assert board.check(lie).faults == []  # nobody can tell from the bundle alone
    ((place, words),) = board.check(lie, receipts=[first, second]).faults
    assert place == "receipt"
    assert f"about submission {one}" in words


def test_after_the_reveal_the_receipt_of_the_upload_is_enough(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    answer = ada.submit(predictions(0.5)).json()
    raw = canonical(answer["receipt_json"]).encode()
    early = board.check(unzipped(site), receipts=[raw])
    assert early.faults == []
    assert "bring its place in the log with palio receipt" in early.unchecked[-1]
    site.score_all()
    site.end()
    site.settle()
    found = board.check(unzipped(site), receipts=[raw])
    assert found.faults == []
    assert found.holds[-1] == f"submission {answer['submission_id']} of your receipt is in the log"
    other = make_receipt(site, answer["receipt_json"], sha256_raw="0" * 64)
    assert "otherwise" in board.check(unzipped(site), receipts=[other]).faults[0][1]


def make_receipt(site: Site, document: Any, **fields: object) -> bytes:
    """A receipt that the server signed and does not keep to."""
    changed = document["received"]["receipt"] | fields
    signature = site.state.signer.signature(canonical(changed) + "\n")
    received = {"receipt": changed, "signature": signature}
    return canonical(document | {"received": received}).encode()


def test_a_receipt_under_another_kind_of_entry_is_refused(site: Site) -> None:
    """Else a server could leave it out of a bundle, which shows certain kinds alone."""
    site.publish()
    ada = site.person("ada", accepts="toy")
    (id_,) = sent(ada, 0.5)
    document = ada.get(f"/api/v1/submissions/{id_}/receipt").json()
    entry = document["log"]["received"]
    entry["payload"]["action"] = "submissions.noted"
    leaf = merkle.leaf_hash(record_of(entry["payload"], salt=entry["salt"]).encode())
    note = Checkpoint(site.state.signer.name, 1, leaf).text()
    document["log"]["checkpoint"] = site.state.signer.sign(note)
    entry["index"], entry["proof"] = 0, []
    found = receipt.check(canonical(document).encode())
    assert found.faults == [
        ("log", "the log calls it submissions.noted, which no bundle has to show")
    ]


def test_a_receipt_of_a_newer_server_says_upgrade(site: Site) -> None:
    site.publish()
    document = site.person("ada", accepts="toy").submit().json()["receipt_json"]
    newer = make_receipt(site, document, v=2)
    assert receipt.check(newer).faults == [("received", "its version 2 is newer: upgrade palio")]
    other = canonical(document | {"format": "palio-receipt-2"}).encode()
    assert "upgrade palio" in receipt.check(other).faults[0][1]


def test_a_hash_in_capitals_is_a_change_like_any_other(site: Site) -> None:
    site.publish()
    ada = site.person("ada", accepts="toy")
    (id_,) = sent(ada, 0.5)
    site.score_all()
    site.end()
    site.settle()
    document = ada.get(f"/api/v1/submissions/{id_}/receipt").json()
    assert receipt.check(canonical(document).encode()).faults == []
    for places in (("opened",), ("log", "received"), ("log", "scored")):
        changed = json.loads(json.dumps(document))
        part = changed
        for place in places:
            part = part[place]
        part["salt"] = part["salt"].upper()
        assert receipt.check(canonical(changed).encode()).faults != [], places
