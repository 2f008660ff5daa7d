"""A promise about the answers that can be kept row by row: salted hashes under one root.

leaf = SHA-256(0x00 || salt || text), text = a JSON list of the row's id, its answers and its part;
the root is RFC 6962's. A label from 1 to 5 could be guessed from its plain hash, so each row has
16 secret bytes of its own (integrity.md §4.4). They follow from the challenge's secret: nothing
more has to be kept, and to open one row opens no other.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any

from palio.core import merkle
from palio.core.derivation import derived_key
from palio.datasets.row_leaves import line
from palio.scoring.form import TargetColumn, TargetKind
from palio.scoring.key import AnswerKey

SALT_BYTES = 16
_PURPOSE = "rows"
_SPLIT = "split"
_CHUNK = 1 << 14  # rows; a power of two, so that each chunk is a subtree


@dataclass(frozen=True, slots=True)
class Holdout:
    """What is promised of an answer key: hex digests.

    Attributes:
        root: Over all rows with their answers and parts.
        split: Over which row is in which part, salted; without any answer.

    """

    root: str
    split: str
    rows: int


@dataclass(frozen=True, slots=True)
class OpenedRow:
    """One row with what shows that it was promised so.

    Attributes:
        index: From 0, in the order of solution.csv.
        fields: Id, answers, part.
        salt: Hex.
        proof: Hex, from the leaf to the root.

    """

    index: int
    fields: tuple[str, ...]
    salt: str
    proof: tuple[str, ...]


def commit(key: AnswerKey, *, secret: bytes, key_version: int) -> Holdout:
    """Return the promise of an answer key; some seconds for a million rows."""
    tops: list[bytes] = []
    split = hashlib.sha256(derived_key(secret, purpose=f"{_SPLIT}/{key_version}"))
    for chunk in _chunks(key, secret, key_version):
        tops.append(merkle.fold(chunk.leaves()))
        split.update(chunk.split())
    return Holdout(merkle.fold(tops).hex(), split.hexdigest(), key.ids.count)


def open_row(key: AnswerKey, row_id: str, *, secret: bytes, key_version: int) -> OpenedRow | None:
    """Return one row by its id with its proof, None when there is no such row."""
    leaves: list[bytes] = []
    found: tuple[int, list[str], bytes] | None = None
    for chunk in _chunks(key, secret, key_version):
        if row_id in chunk.columns[0]:
            place = chunk.columns[0].index(row_id)
            fields = [column[place] for column in chunk.columns]
            found = len(leaves) + place, fields, chunk.salts[place]
        leaves += chunk.leaves()
    if found is None:
        return None
    index, fields, salt = found
    proof = merkle.inclusion_proof(_nodes(leaves), index=index, size=len(leaves))
    return OpenedRow(index, tuple(fields), salt.hex(), tuple(step.hex() for step in proof))


def open_all(key: AnswerKey, *, secret: bytes, key_version: int) -> Iterator[str]:
    """Yield one line for each row, in order: a JSON list of salt, id, answers, part."""
    for chunk in _chunks(key, secret, key_version):
        rows = zip(*chunk.columns, strict=True)
        for fields, salt in zip(rows, chunk.salts, strict=True):
            yield line([salt.hex(), *fields])


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Some rows, by columns: ids, answers, parts; and their salts."""

    columns: list[list[str]]
    salts: list[bytes]

    def leaves(self) -> list[bytes]:
        """Return what `row_leaves.leaf` gives for each row, in a tenth of the time."""
        columns = [map(encode_basestring_ascii, column) for column in self.columns]
        rows = "]\n[".join(map(",".join, zip(*columns, strict=True))).join("[]")
        sha256 = hashlib.sha256
        return [
            sha256(b"\x00" + salt + text).digest()
            for salt, text in zip(self.salts, rows.encode().split(b"\n"), strict=True)
        ]

    def split(self) -> bytes:
        """Return which row is in which part."""
        columns = [map(encode_basestring_ascii, self.columns[place]) for place in (0, -1)]
        return ("\n".join(map(" ".join, zip(*columns, strict=True))) + "\n").encode()


def _chunks(key: AnswerKey, secret: bytes, key_version: int) -> Iterator[_Chunk]:
    """Yield the rows in order, `_CHUNK` at a time."""
    derived = derived_key(secret, purpose=f"{_PURPOSE}/{key_version}")
    for first in range(0, key.ids.count, _CHUNK):
        last = min(first + _CHUNK, key.ids.count)
        slots = key.placement[first:last]
        columns = [key.ids.texts(first, last)]
        columns += [
            _texts(column, values, slots)
            for column, values in zip(key.columns, key.truth, strict=True)
        ]
        columns.append([_part(key, slot) for slot in slots.tolist()])
        raw = hashlib.shake_256(derived + first.to_bytes(8)).digest((last - first) * SALT_BYTES)
        salts = [raw[at : at + SALT_BYTES] for at in range(0, len(raw), SALT_BYTES)]
        yield _Chunk(columns, salts)


def _texts(column: TargetColumn, values: Any, slots: Any) -> list[str]:  # noqa: ANN401 (arrays, or lists of names)
    if column.kind is TargetKind.ITEMS:
        return [" ".join(values[slot]) for slot in slots.tolist()]
    found = values[slots].tolist()
    match column.kind:
        case TargetKind.LABEL:
            return [column.labels[code] for code in found]
        case TargetKind.INTEGER:
            return [str(int(value)) for value in found]
        case _:
            return [repr(value) for value in found]


def _nodes(leaves: list[bytes]) -> merkle.Get:
    def get(level: int, position: int) -> bytes:
        return merkle.fold(leaves[position << level : position + 1 << level])

    return get


def _part(key: AnswerKey, slot: int) -> str:
    if slot < key.public_rows:
        return "public"
    return "private" if slot < key.public_rows + key.private_rows else "ignored"
