import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palio.core import notes
from palio.core.notes import Checkpoint, NoteError, Signer, Verifier

# From the documentation and tests of golang.org/x/mod/sumdb/note: a key, its note, and the key
# of the real checksum database with one of its tree heads.
SUMDB = Verifier.parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
PETER_PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_NOTE = (
    PETER_TEXT
    + "\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"  # noqa: E501 (a vector)
)
SIGNER = Signer("palio.example/log", hashlib.sha256(b"a test's key").digest())


def test_a_key_and_its_note_are_those_of_the_go_tools() -> None:
    signer = Signer.parse(PETER_PRIVATE)
    assert (str(signer.verifier), signer.private_text()) == (PETER, PETER_PRIVATE)
    assert signer.sign(PETER_TEXT) == PETER_NOTE
    assert Verifier.parse(PETER).open(PETER_NOTE) == PETER_TEXT


def test_a_key_that_somebody_else_made_is_read() -> None:
    assert (SUMDB.name, SUMDB.key_id.hex()) == ("sum.golang.org", "033de0ae")


def test_a_new_key_survives_being_written_and_hides_itself() -> None:
    signer = Signer.make("palio.example/log")
    assert Signer.parse(signer.private_text() + "\n") == signer
    assert Verifier.parse(str(signer.verifier)) == signer.verifier
    assert repr(signer) == "Signer('palio.example/log')"


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_key_has_a_name_that_a_line_can_hold(name: str) -> None:
    with pytest.raises(NoteError, match="cannot be called"):
        Signer.make(name)


@given(st.data())
def test_a_note_with_one_flipped_byte_is_refused(data: st.DataObject) -> None:
    raw = bytearray(SIGNER.sign("one\n\ntwo\n").encode())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(NoteError):
        SIGNER.verifier.open(raw.decode(errors="replace"))


@pytest.mark.parametrize(
    ("note", "words"),
    [
        ("", "no signed note"),
        ("text\n", "no signed note"),
        ("text\n\nno newline at the end", "no signed note"),
        ("text\n\n\u2014 other key\n", "no signature by palio.example/log"),
        ("text\n\n\u2014 palio.example/log !!\n", "not base64"),
        ("text\n\n\u2014 palio.example/log AAAAAA==\n", "not by the key"),
    ],
)
def test_what_is_no_note_of_ours_is_refused_in_words(note: str, words: str) -> None:
    with pytest.raises(NoteError, match=words):
        SIGNER.verifier.open(note)


def test_signatures_of_others_beside_ours_are_no_obstacle() -> None:
    note = SIGNER.sign("text\n")
    with_witness = note + PETER_NOTE.splitlines(keepends=True)[-1]
    assert SIGNER.verifier.open(with_witness) == "text\n"


@pytest.mark.parametrize(
    "text",
    ["", "a", "a+b+c", "a+00000000+AAAA", str(SIGNER.verifier).replace("+", "+0", 1), PETER[:-4]],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError, match="public key"):
        Verifier.parse(text)


def test_what_is_no_private_key_is_refused_without_repeating_it() -> None:
    for text in ("secret", PETER_PRIVATE[:-8] + "AAAAAAAA", PETER_PRIVATE[:-3]):
        with pytest.raises(NoteError) as caught:
            Signer.parse(text)
        assert "AYEK" not in str(caught.value)


def test_a_checkpoint_is_its_three_lines() -> None:
    checkpoint = Checkpoint("palio.example/log", 7, hashlib.sha256(b"").digest())
    text = "palio.example/log\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    assert (checkpoint.text(), Checkpoint.parse(text)) == (text, checkpoint)
    assert Checkpoint.parse(text + "an extension\n") == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n",
        "a\n1\n",
        "\n1\nAAAA\n",
        *(f"a\n{rest}\n" for rest in ("01\nAA==", "-1\nAA==", "1\nAA==", "1\n!")),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)


def test_a_text_without_a_newline_at_its_end_is_not_signed() -> None:
    with pytest.raises(ValueError, match="ends in a newline"):
        SIGNER.signature("text")
    assert notes.Signer.parse(PETER_PRIVATE).name == "PeterNeumann"
