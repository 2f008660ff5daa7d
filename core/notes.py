"""Signed texts that anybody can check: C2SP signed notes and checkpoints, with Ed25519.

A note is a text, an empty line, and one line for each signature (c2sp.org/signed-note). A
checkpoint is a note that says how long a log is and which root it has (c2sp.org/tlog-checkpoint).
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_ED25519 = b"\x01"
_ID_BYTES = 4
_KEY_BYTES = 32
_ROOT_BYTES = 32
_DASH = "\u2014 "
_PRIVATE = "PRIVATE+KEY+"


class NoteError(ValueError):
    """A note, key or checkpoint is not what it should be; the words say why."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name it signs under.

    Attributes:
        public: 32 bytes.

    """

    name: str
    public: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``name+hash+base64``.

        Raises:
            NoteError: It is no such key.

        """
        name, key_id, key = _parts(text.strip(), "public key")
        found = cls(name, key)
        if found.key_id != key_id:
            raise NoteError("the public key is damaged: its id does not fit it")
        return found

    @property
    def key_id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        return hashlib.sha256(f"{self.name}\n".encode() + _ED25519 + self.public).digest()[
            :_ID_BYTES
        ]

    def __str__(self) -> str:
        """Write ``name+hash+base64``."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self.public)}"

    def check(self, text: str, signature: str) -> None:
        """Check one signature line over a text that ends in a newline.

        Raises:
            NoteError: It is not this key's, or the text is not what was signed.

        """
        if not signature.startswith(_DASH) or signature.count(" ") != 2:  # noqa: PLR2004 (— name base64)
            raise NoteError("this is no signature line")
        name, coded = signature[len(_DASH) :].split(" ")
        raw = _decoded(coded, "signature")
        if name != self.name or raw[:_ID_BYTES] != self.key_id:
            raise NoteError(f"the signature is not by the key {self.name}+{self.key_id.hex()}")
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(raw[_ID_BYTES:], text.encode())
        except InvalidSignature:
            raise NoteError("the text or the signature was changed after signing") from None

    def open(self, note: str) -> str:
        """Return the text of a note that this key signed.

        Raises:
            NoteError: It did not sign it, or this is no note.

        """
        text, gap, signatures = note.rpartition("\n\n")
        if not gap or not signatures.endswith("\n"):
            raise NoteError("this is no signed note: it has no text, an empty line and signatures")
        text += "\n"
        lines = signatures.removesuffix("\n").split("\n")
        own = [line for line in lines if line.startswith(f"{_DASH}{self.name} ")]
        if len(own) != 1:
            raise NoteError(f"the note has no signature by {self.name}")
        self.check(text, own[0])
        return text


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with the name it signs under; whoever has it can speak for this server.

    Attributes:
        seed: 32 bytes.

    """

    name: str
    seed: bytes

    @classmethod
    def make(cls, name: str) -> Self:
        """Make a new key.

        Raises:
            NoteError: The name is empty, or has a space or a plus sign.

        """
        if not name or "+" in name or any(char.isspace() for char in name):
            raise NoteError(f"a key cannot be called {name!r}: no spaces, no plus sign")
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``PRIVATE+KEY+name+hash+base64``.

        Raises:
            NoteError: It is no such key. The words do not repeat it.

        """
        if not text.startswith(_PRIVATE):
            raise NoteError("this is no private key")
        name, key_id, seed = _parts(text.removeprefix(_PRIVATE).strip(), "private key")
        found = cls(name, seed)
        if found.verifier.key_id != key_id:
            raise NoteError("the private key is damaged: its id does not fit it")
        return found

    def __repr__(self) -> str:
        """Never show the key."""
        return f"Signer({self.name!r})"

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return Verifier(self.name, private.public_key().public_bytes_raw())

    def private_text(self) -> str:
        """Write ``PRIVATE+KEY+name+hash+base64``, for the key's own file alone."""
        key_id = self.verifier.key_id.hex()
        return f"{_PRIVATE}{self.name}+{key_id}+{_base64(_ED25519 + self.seed)}"

    def signature(self, text: str) -> str:
        """Return the signature line, without newline, for a text that ends in a newline."""
        if not text.endswith("\n"):
            raise ValueError("a note's text ends in a newline")
        raw = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return f"{_DASH}{self.name} {_base64(self.verifier.key_id + raw)}"

    def sign(self, text: str) -> str:
        """Return the note of a text that ends in a newline."""
        return f"{text}\n{self.signature(text)}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log was at some moment.

    Attributes:
        origin: Name of the log.
        root: 32 bytes.

    """

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a checkpoint; further lines are allowed and ignored.

        Raises:
            NoteError: It is none.

        """
        lines = text.split("\n")
        if len(lines) < 4 or not lines[0]:  # noqa: PLR2004 (origin, size, root, and what ends it)
            raise NoteError("this is no checkpoint: it has no origin, size and root")
        if not lines[1].isascii() or not lines[1].isdigit() or str(int(lines[1])) != lines[1]:
            raise NoteError("this is no checkpoint: its size is no number")
        root = _decoded(lines[2], "root")
        if len(root) != _ROOT_BYTES:
            raise NoteError("this is no checkpoint: its root is no SHA-256")
        return cls(lines[0], int(lines[1]), root)

    def text(self) -> str:
        """Write the text to sign."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def open_by_one(keys: Sequence[Verifier], note: str) -> str:
    """Return the text of a note that one of these keys signed.

    Raises:
        NoteError: None of them did; the words are about the last.

    """
    for key in keys[:-1]:
        with suppress(NoteError):
            return key.open(note)
    return keys[-1].open(note)


def _parts(text: str, what: str) -> tuple[str, bytes, bytes]:
    # Base64 may hold plus signs, a name may not.
    name, _, rest = text.partition("+")
    key_id, _, coded = rest.partition("+")
    key = _decoded(coded, what)
    if not name or key[:1] != _ED25519 or len(key) != 1 + _KEY_BYTES:
        raise NoteError(f"this is no {what}: it must read name+hash+base64, with Ed25519")
    try:
        return name, bytes.fromhex(key_id), key[1:]
    except ValueError:
        raise NoteError(f"the {what} is damaged: its id is not hexadecimal") from None


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError(f"the {what} is not base64") from None
    if _base64(raw) != text:  # two spellings of one signature would be two notes
        raise NoteError(f"the {what} is not base64 in its one form")
    return raw
