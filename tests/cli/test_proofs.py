"""Receipts, bundles and checkpoints from the command line; and what an operator does to the log."""

import base64
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select
from tests.cli.conftest import PASSWORD, Palio, document
from tests.cli.fakes import Fake, problem

from palio.cli.operate.here import here
from palio.core import audit, checkpoints, merkle
from palio.core.log_entries import canonical
from palio.core.notes import Checkpoint, Signer

SIGNER = Signer("fake/log", b"s" * 32)
OTHER = Signer("fake/log", b"o" * 32)
KEY = str(SIGNER.verifier)
MINI = "/api/v1/challenges/mini"
LEAVES = [merkle.leaf_hash(bytes([number])) for number in range(7)]
FIELDS = {
    "v": 1,
    "submission_id": "s1",
    "team": "t1",
    "received_at": "2026-12-01T12:00:00.000000+00:00",
    "sha256_raw": "0" * 64,
    "bytes": 3,
}


def signed_receipt() -> dict[str, Any]:
    signature = SIGNER.signature(canonical(FIELDS) + "\n")
    return {
        "format": "palio-receipt-1",
        "key": KEY,
        "received": {"receipt": FIELDS, "signature": signature},
        "scored": None,
        "log": None,
        "opened": None,
    }


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    path = tmp_path / "p.csv"
    path.write_text("id,rating\n1,3\n")
    return path


# Receipts


def test_submit_keeps_the_receipt_of_the_upload(
    signed_in: Palio, fake: Fake, predictions: Path
) -> None:
    fake.answers[f"GET {MINI}/quota"] = [problem(404, "not_found", "No.")]
    fake.signed = signed_receipt()
    assert signed_in("submit", predictions, "-c", "mini", "--receipt", "r.json").exit_code == 0
    checked = signed_in("verify", "receipt", "r.json", "--key", KEY, "--team", "t1")
    assert checked.exit_code == 0, checked.output
    assert signed_in("verify", "receipt", "r.json", "--team", "t2").exit_code == 1


def test_submit_without_a_folder_for_the_receipt_sends_nothing(
    signed_in: Palio, fake: Fake, predictions: Path
) -> None:
    ended = signed_in("submit", predictions, "-c", "mini", "--receipt", "no/r.json")
    assert (ended.exit_code, fake.requests) == (1, [])
    assert "There is no folder no for the receipt." in ended.output


def test_submit_says_how_to_get_a_receipt_that_could_not_be_kept(
    signed_in: Palio, fake: Fake, predictions: Path, tmp_path: Path
) -> None:
    fake.answers[f"GET {MINI}/quota"] = [problem(404, "not_found", "No.")]
    older = signed_in("submit", predictions, "-c", "mini", "--receipt", "r.json")
    assert older.exit_code == 0
    assert "Bring it with: palio receipt s1" in older.stdout
    fake.signed = signed_receipt()
    (tmp_path / "folder").mkdir()
    ended = signed_in("submit", predictions, "-c", "mini", "--receipt", "folder")
    assert ended.exit_code == 2  # a folder is no file: nothing was sent
    (tmp_path / "r.json.part").mkdir()
    ended = signed_in("submit", predictions, "-c", "mini", "--receipt", "r.json")
    assert ended.exit_code == 1
    assert "received all the same" in ended.output
    assert "palio receipt s2" in ended.output


def test_receipt_writes_what_verify_takes(signed_in: Palio, fake: Fake, tmp_path: Path) -> None:
    fake.answers["GET /api/v1/submissions/s1/receipt"] = [signed_receipt()]
    ended = signed_in("receipt", "s1")
    assert ended.stdout.splitlines()[-1].endswith("palio verify receipt receipt-s1.json")
    assert signed_in("verify", "receipt", "receipt-s1.json", "--key", KEY).exit_code == 0
    assert document(signed_in("receipt", "s1", "--out", "x.json", "--json")) == signed_receipt()
    assert (tmp_path / "x.json").read_bytes() == (tmp_path / "receipt-s1.json").read_bytes()


# Bundles and opened answers


def test_bundle_brings_opened_answers_too(signed_in: Palio, fake: Fake, tmp_path: Path) -> None:
    opening = {"state": "opened", "rows": 2, "sha256": "0" * 64, "words": ""}
    fake.answers[f"GET {MINI}/openings"] = [
        {
            "items": [
                opening | {"id": "o3", "row": "", "state": "asked"},
                opening | {"id": "o2", "row": "17"},
                opening | {"id": "o1", "row": ""},
            ],
            "next_cursor": None,
        }
    ]
    fake.answers[f"GET {MINI}/bundle"] = [["the bundle"]]
    fake.answers[f"GET {MINI}/openings/o1/file"] = [["all"]]
    fake.answers[f"GET {MINI}/openings/o2/file"] = [["a row"]]
    ended = signed_in("bundle", "mini", "--answers", "all.jsonl")
    assert ended.stdout.splitlines()[-1] == (
        "Written to mini-bundle.zip. Check it with: palio verify board mini-bundle.zip"
        " --answers all.jsonl"
    )
    found = document(
        signed_in(
            "bundle", "mini", "--out", "b.zip", "--answers", "r.jsonl", "--row", "17", "--json"
        )
    )
    assert found == {"challenge": "mini", "file": "b.zip", "answers": "r.jsonl"}
    texts = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert texts == {
        "mini-bundle.zip": '["the bundle"]',
        "all.jsonl": '["all"]',
        "b.zip": '["the bundle"]',
        "r.jsonl": '["a row"]',
    }


def test_bundle_says_when_answers_are_not_opened(signed_in: Palio, fake: Fake) -> None:
    fake.answers[f"GET {MINI}/openings"] = [{"items": [], "next_cursor": None}]
    for more, words in (((), "Not all of the answers are opened."), (("--row", "9"), "Row 9 is")):
        ended = signed_in("bundle", "mini", "--answers", "a.jsonl", *more)
        assert ended.exit_code == 1
        assert words in ended.output
    alone = signed_in("bundle", "mini", "--row", "9")
    assert alone.exit_code == 1
    assert "--row needs --answers" in alone.output


# Checkpoints


def head(fake: Fake, leaves: list[bytes], *, signer: Signer = SIGNER) -> str:
    """Let the fake's log have these leaves; return its checkpoint."""
    note = signer.sign(Checkpoint(signer.name, len(leaves), merkle.root_of(leaves)).text())
    fake.answers["GET /api/v1/log"] = [
        {
            "size": len(leaves),
            "root": merkle.root_of(leaves).hex(),
            "checkpoint": note,
            "keys": [str(each.verifier) for each in dict.fromkeys((SIGNER, signer))],
        }
    ]
    return note


def growth(fake: Fake, leaves: list[bytes], *, first: int) -> None:
    def node(level: int, place: int) -> bytes:
        return merkle.root_of(leaves[place << level : (place + 1) << level])

    proof = merkle.consistency_proof(node, first=first, second=len(leaves))
    fake.answers["GET /api/v1/log/consistency"] = [
        {"proof": [base64.b64encode(step).decode() for step in proof]}
    ]


def test_a_checkpoint_is_kept_and_its_log_goes_on(palio: Palio, fake: Fake, tmp_path: Path) -> None:
    note = head(fake, LEAVES[:4])
    at = ("--server", fake.address)
    assert palio("checkpoint", "--out", "kept", "--key", KEY, *at).exit_code == 0
    assert (tmp_path / "kept").read_text() == note
    head(fake, LEAVES)
    growth(fake, LEAVES, first=4)
    ended = palio("checkpoint", "--since", "kept", "--key", KEY, *at)
    assert ended.exit_code == 0, ended.output
    assert "it continues the one of 4 entries that you kept" in ended.stdout
    head(fake, LEAVES, signer=OTHER)  # the key was changed since
    changed = ("checkpoint", "--since", "kept", "--key", str(OTHER.verifier), *at)
    assert palio(*changed).exit_code == 0
    assert palio("checkpoint", "--key", KEY, *at).exit_code == 1


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (LEAVES[:3], "a log of 3 cannot continue one of 4"),
        ([*LEAVES[:3], b"x" * 32], "there are two different logs of 4 entries"),
        ([b"x" * 32, *LEAVES[1:]], "leads to another log of 7"),
    ],
)
def test_another_log_than_before_is_found_out(
    palio: Palio, fake: Fake, tmp_path: Path, shown: list[bytes], words: str
) -> None:
    (tmp_path / "kept").write_text(head(fake, LEAVES[:4]))
    head(fake, shown)
    if len(shown) > 4:
        growth(fake, shown, first=4)
    ended = palio("checkpoint", "--since", "kept", "--server", fake.address, "--json")
    assert ended.exit_code == 1
    (fault,) = document(ended)["faults"]
    assert fault["where"] == "the checkpoint you kept"
    assert words in fault["words"]


def test_a_file_that_is_no_checkpoint_is_said_to_be_none(
    palio: Palio, fake: Fake, tmp_path: Path
) -> None:
    head(fake, LEAVES)
    (tmp_path / "kept").write_bytes(b"\xff\n")
    ended = palio("checkpoint", "--since", "kept", "--server", fake.address)
    assert ended.exit_code == 1
    assert "this is no signed note" in ended.output


# The operator


@pytest.fixture
def data(palio: Palio, tmp_path: Path) -> Path:
    data = tmp_path / "data"
    args = ("user", "create", "ada", "--data", data, "--password-stdin", "--admin")
    assert palio(*args, text=f"{PASSWORD}\n").exit_code == 0
    return data


def test_log_erase_forgets_one_entry_and_says_so(palio: Palio, data: Path) -> None:
    with here(data) as server, server.work() as session:
        wanted = select(audit.AuditEvent).where(audit.AuditEvent.action == "accounts.set_admin")
        event = session.exec(wanted).one()
    args = ("log", "erase", event.hash, "--reason", "asked to be forgotten", "--data", data)
    assert document(palio(*args, "--json")) == {"hash": event.hash, "erased": True}
    with here(data) as server, server.work() as session:
        assert audit.first_broken_event(session) is None
        erased = audit.of_subject(session, subject_id=event.hash, action="audit.erase")
        assert '"asked to be forgotten"' in erased[0].detail
    unknown = palio("log", "erase", "0" * 64, "--reason", "x", "--data", data, "--json")
    assert (unknown.exit_code, document(unknown)["error"]["code"]) == (4, "event_not_found")


def test_log_add_key_lets_a_new_key_sign_once(palio: Palio, data: Path) -> None:
    first = document(palio("log", "add-key", "--data", data, "--json"))["key"]
    assert document(palio("log", "add-key", "--data", data, "--json"))["key"] == first
    (data / "signing-key").unlink()
    second = document(palio("log", "add-key", "--data", data, "--json"))["key"]
    with here(data) as server, server.work() as session:
        assert checkpoints.keys(session) == (first, second)
    (data / "signing-key").write_text("no key\n")
    ended = palio("log", "add-key", "--data", data)
    assert ended.exit_code == 5
    assert "this is no private key" in ended.output
    assert "fault of Palio's" not in ended.output
