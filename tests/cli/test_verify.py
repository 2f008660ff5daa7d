import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.site import Site, make_site
from tests.web.toy_pack import predictions
from typer.testing import CliRunner

from palio.cli.main import app
from palio.cli.verify import board, growth, receipt
from palio.cli.verify.commands import read_bundle
from palio.core import packing
from palio.core.log_entries import canonical, readable
from palio.core.notes import Signer

FILES = (
    "board.json",
    "bundle.note",
    "entries.json",
    "log.json",
    "opened.json",
    "rules.md",
    "view.json",
)
Files = dict[str, bytes]


@dataclass(frozen=True)
class Proofs:
    """A revealed challenge's bundle, a receipt, and the key of their server."""

    files: Files
    receipt: bytes
    signer: Signer

    def resigned(self, told: Mapping[str, object] = {}, /, **changed: bytes) -> Files:
        """The bundle as a dishonest server would make it: changed files under a sound list."""
        files = {**self.files, **{name.replace("_", "."): raw for name, raw in changed.items()}}
        manifest = json.loads(files["bundle.note"].decode().partition("\n\n")[0])
        digests = {
            name: sha256(raw).hexdigest() for name, raw in files.items() if name != "bundle.note"
        }
        text = canonical({**manifest, **told, "files": digests})
        return {**files, "bundle.note": self.signer.sign(f"{text}\n").encode()}


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proofs]:
    site = make_site(tmp_path_factory.mktemp("proofs") / "site")
    site.publish(rule="chosen", private_shift=0.25)
    for handle, values in (("ada", (0.5, 0.4)), ("bob", (0.45,))):
        person = site.person(handle, accepts="toy")
        for value in values:
            id_ = person.submit(predictions(value)).json()["submission_id"]
    site.score_all()
    person.call("PUT", f"/api/v1/submissions/{id_}/choice", json={"chosen": True})
    site.spectator().get("/api/v1/log")  # an earlier checkpoint
    site.end()
    site.settle()
    yield Proofs(
        files=unzipped(site),
        receipt=person.get(f"/submissions/{id_}/receipt.json").content,
        signer=site.state.signer,
    )
    site.close()


def unzipped(site: Site) -> Files:
    path = site.folder / "toy.zip"
    path.write_bytes(site.spectator().get("/api/v1/challenges/toy/bundle").content)
    files, fault = read_bundle(path)
    assert fault == ""
    return files


def places(files: Files, **options: Any) -> list[str]:
    return [place for place, _ in board.check(files, **options).faults]


def words(files: Files, **options: Any) -> str:
    return " ".join(text for _, text in board.check(files, **options).faults)


def flipped(raw: bytes, data: st.DataObject) -> bytes:
    place = data.draw(st.integers(0, len(raw) - 1), label="byte")
    changed = bytearray(raw)
    changed[place] ^= 1 << data.draw(st.integers(0, 7), label="bit")
    return bytes(changed)


def test_a_sound_bundle_has_every_file_and_holds(proofs: Proofs) -> None:
    assert tuple(sorted(proofs.files)) == FILES
    found = board.check(proofs.files, key=str(proofs.signer.verifier))
    assert found.faults == []
    assert len(found.holds) == 5
    assert "which continues 1 earlier checkpoints" in found.holds[1]


@given(data=st.data())
@pytest.mark.parametrize("name", FILES)
def test_one_flipped_byte_anywhere_is_named(proofs: Proofs, name: str, data: st.DataObject) -> None:
    changed = {**proofs.files, name: flipped(proofs.files[name], data)}
    assert places(changed)[0] == name


@given(data=st.data())
def test_one_flipped_byte_of_the_archive_is_noticed(
    proofs: Proofs, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped.zip"
    path.write_bytes(flipped(packing.pack(proofs.files), data))
    files, fault = read_bundle(path)
    assert fault or places(files)


@given(data=st.data())
def test_one_flipped_byte_of_a_receipt_is_noticed(proofs: Proofs, data: st.DataObject) -> None:
    assert receipt.check(proofs.receipt).faults == []
    assert receipt.check(flipped(proofs.receipt, data)).faults


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(proofs: Proofs, name: str) -> None:
    files = {each: raw for each, raw in proofs.files.items() if each != name}
    assert name in places(files)


def test_a_file_too_many_is_named(proofs: Proofs) -> None:
    assert places({**proofs.files, "more.txt": b""}) == ["more.txt"]


def test_another_servers_key_is_refused(proofs: Proofs) -> None:
    other = Signer(proofs.signer.name, b"o" * 32)
    assert "not by the key" in words(proofs.files, key=str(other.verifier))


def changed_json(raw: bytes, change: Any) -> bytes:
    read = json.loads(raw)
    change(read)
    return canonical(read).encode() + b"\n"


def test_a_checkpoint_of_another_log_by_the_same_key_is_refused(proofs: Proofs) -> None:
    read = json.loads(proofs.receipt)
    text = read["log"]["checkpoint"].partition("\n\n")[0]
    other = proofs.signer.sign("other.example/log\n" + text.partition("\n")[2] + "\n")
    read["log"]["checkpoint"] = other
    found = receipt.check(canonical(read).encode())
    assert found.faults == [("log", "the checkpoint is of another log")]
    keys = [str(proofs.signer.verifier)]
    grown = growth.check(other, None, key="", others=keys, proof=lambda *_: ())
    assert grown.faults == [("checkpoint", "the checkpoint is of another log")]


def test_json_without_end_is_damage_in_words(proofs: Proofs) -> None:
    deep = b"[" * 100_000
    assert places(proofs.resigned(log_json=deep)) == ["log.json"]
    assert [place for place, _ in receipt.check(deep).faults] == ["file"]


def test_a_server_that_drops_an_entry_is_found_out(proofs: Proofs) -> None:
    log = changed_json(proofs.files["log.json"], lambda read: read["entries"].pop(3))
    assert "do not lead to the signed root" in words(proofs.resigned(log_json=log))


def test_a_server_that_rewrites_its_log_is_found_out_by_an_earlier_checkpoint(
    proofs: Proofs,
) -> None:
    def rewrite(read: Any) -> None:
        read["earlier"][0]["proof"][0] = "00" * 32

    log = changed_json(proofs.files["log.json"], rewrite)
    assert "does not begin with" in words(proofs.resigned(log_json=log))


def test_a_server_that_changes_a_private_score_is_found_out(proofs: Proofs) -> None:
    def lower(read: Any) -> None:
        entry = next(each for each in read["entries"] if each["kind"] == "competitor")
        entry["private"][0][1] = str(Decimal(entry["private"][0][1]) - Decimal("0.1"))

    files = proofs.resigned(entries_json=changed_json(proofs.files["entries.json"], lower))
    assert "not the one promised when it was scored" in words(files)


def test_a_server_that_changes_a_choice_or_a_time_is_found_out(proofs: Proofs) -> None:
    for name, value in (("is_chosen", None), ("received_at", "2020-01-01T00:00:00.000000+00:00")):

        def change(read: Any, name: str = name, value: Any = value) -> None:
            entry = read["entries"][-1]
            entry[name] = not entry[name] if value is None else value

        files = proofs.resigned(entries_json=changed_json(proofs.files["entries.json"], change))
        assert "entries.json, submission" in places(files)[0]


def test_a_server_that_leaves_out_an_entry_is_found_out(proofs: Proofs) -> None:
    drop = changed_json(proofs.files["entries.json"], lambda read: read["entries"].pop())
    assert "a score in the log and no place" in words(proofs.resigned(entries_json=drop))


def test_a_server_that_swaps_ranks_is_found_out(proofs: Proofs) -> None:
    def swap(read: Any) -> None:
        read["rows"][0], read["rows"][1] = read["rows"][1], read["rows"][0]

    raw = json.loads(proofs.files["board.json"])
    swap(raw)
    files = proofs.resigned(board_json=json.dumps(raw, separators=(",", ":")).encode())
    found = words(files)
    assert "not the board that was revealed" in found
    assert "computed again it is rank" in found


def test_a_server_that_changes_how_it_ranks_is_found_out(proofs: Proofs) -> None:
    view = json.loads(proofs.files["view.json"])
    view["rule"] = "last"
    files = proofs.resigned(view_json=json.dumps(view).encode() + b"\n")
    assert "not ranked as was promised" in words(files)


def test_a_server_that_changes_the_rules_is_found_out(proofs: Proofs) -> None:
    assert "not the rules" in words(proofs.resigned(rules_md=b"Other rules.\n"))


def test_the_commands_say_what_holds_and_what_does_not(proofs: Proofs, tmp_path: Path) -> None:
    run, key = CliRunner(), tmp_path / "key"
    key.write_text(f"{proofs.signer.verifier}\n")
    bundle, file = tmp_path / "toy.zip", tmp_path / "receipt.json"
    bundle.write_bytes(packing.pack(proofs.files))
    file.write_bytes(proofs.receipt)
    for words_ in (("board", str(bundle)), ("receipt", str(file))):
        ended = run.invoke(app, ["verify", *words_, "--key", str(key)])
        assert ended.exit_code == 0, ended.output
        assert ended.output.splitlines()[-1] == "Everything that was checked holds."
    file.write_text(readable(json.loads(proofs.receipt) | {"opened": None}))
    assert run.invoke(app, ["verify", "receipt", str(file)]).exit_code == 0
    bundle.write_bytes(packing.pack(proofs.files | {"rules.md": b"Other rules.\n"}))
    ended = run.invoke(app, ["verify", "board", str(bundle), "--json"])
    assert ended.exit_code == 1
    faults = json.loads(ended.output)["faults"]
    assert faults[0]["where"] == "rules.md"


def test_a_file_that_is_no_zip_and_a_wrong_key_are_said(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(b"no zip")
    assert "cannot be read" in read_bundle(path)[1]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"b")
    ended = CliRunner().invoke(app, ["verify", "board", str(path), "--key", "nothing"])
    assert (ended.exit_code, "neither a public key nor a file" in ended.output) == (1, True)
    predictions = tmp_path / "predictions.csv"
    predictions.write_text("id,rating\n1,3.5\n")
    ended = CliRunner().invoke(app, ["verify", "receipt", str(predictions)])
    assert ended.exit_code == 1
    assert "predictions.csv is no receipt, or a damaged one" in ended.output


def test_receipt_and_bundle_taken_for_each_other_are_told_apart(
    proofs: Proofs, tmp_path: Path
) -> None:
    bundle, file = tmp_path / "toy-bundle.zip", tmp_path / "receipt.json"
    bundle.write_bytes(packing.pack(proofs.files))
    file.write_bytes(proofs.receipt)
    run = CliRunner()
    ended = run.invoke(app, ["verify", "receipt", str(bundle)])
    assert (ended.exit_code, f"palio verify board {bundle}" in ended.output) == (1, True)
    ended = run.invoke(app, ["verify", "board", str(file)])
    assert (ended.exit_code, f"palio verify receipt {file}" in ended.output) == (1, True)


def export_of(proofs: Proofs, path: Path, *, folder: str = "toy/bundle", method: int) -> None:
    """An organizer's export, in which the bundle is one folder."""
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("toy/rules.md", b"not of the bundle")
        for name, raw in proofs.files.items():
            archive.writestr(f"{folder}/{name}", raw)


def test_an_export_is_read_like_the_bundle_in_it(proofs: Proofs, tmp_path: Path) -> None:
    export_of(proofs, path := tmp_path / "toy.zip", method=zipfile.ZIP_DEFLATED)
    files, fault = read_bundle(path)
    assert (files, fault) == (proofs.files, "")


@given(data=st.data())
def test_one_flipped_byte_of_an_export_ends_in_words(
    proofs: Proofs, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "export.zip"
    export_of(proofs, path, method=zipfile.ZIP_DEFLATED)
    raw = path.read_bytes()
    path.write_bytes(flipped(raw, data))
    files, fault = read_bundle(path)
    assert fault or places(files) or files == proofs.files


@given(data=st.data())
def test_an_archive_cut_short_ends_in_words(
    proofs: Proofs, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "short.zip"
    raw = packing.pack(proofs.files)
    path.write_bytes(raw[: data.draw(st.integers(0, len(raw) - 1))])
    assert read_bundle(path)[1]


@pytest.mark.parametrize("folder", ["../../bundle", "/bundle", "a/bundle/../bundle"])
def test_an_archive_that_would_write_elsewhere_writes_nothing(
    proofs: Proofs, tmp_path: Path, folder: str
) -> None:
    (inner := tmp_path / "a" / "b").mkdir(parents=True)
    export_of(proofs, path := inner / "toy.zip", folder=folder, method=zipfile.ZIP_STORED)
    read_bundle(path)
    assert sorted(each for each in tmp_path.rglob("*") if each.is_file()) == [path]


def test_two_bundles_in_one_archive_are_not_mixed(proofs: Proofs, tmp_path: Path) -> None:
    export_of(proofs, path := tmp_path / "toy.zip", method=zipfile.ZIP_STORED)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other/bundle/rules.md", b"Other rules.\n")
    assert "more than once" in read_bundle(path)[1]


def test_a_key_that_is_damaged_is_said_to_be(proofs: Proofs, tmp_path: Path) -> None:
    (bundle := tmp_path / "toy.zip").write_bytes(packing.pack(proofs.files))
    (key := tmp_path / "key").write_bytes(b"\xff\xfe key")
    run = CliRunner()
    damaged = str(proofs.signer.verifier)[:-4] + "AAA="
    for given_key in (str(key), "a+b+c", damaged):
        for what in (("board", bundle), ("receipt", bundle)):
            ended = run.invoke(app, ["verify", what[0], str(what[1]), "--key", given_key])
            assert ended.exit_code == 1
            assert "key" in ended.output.lower()
            assert "Traceback" not in ended.output
            assert isinstance(ended.exception, SystemExit), ended.exception
