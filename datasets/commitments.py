"""A promise about the answers that can be kept row by row: salted hashes under one root.

leaf = SHA-256(0x00 || salt || text), text = a JSON list of the row's id, its answers and its part;
the root is RFC 6962's. A label from 1 to 5 could be guessed from its plain hash, so each row has
16 secret bytes of its own (integrity.md §4.4). They follow from the challenge's secret: nothing
more has to be kept, and to open one row opens no other.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from palio.core import merkle
from palio.core.derivation import derived_key
from palio.datasets.row_leaves import leaf, line
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
    parts = hashlib.sha256(derived_key(secret, purpose=f"{_SPLIT}/{key_version}"))
    for first, rows in _chunks(key):
        tops.append(merkle.fold(_leaves(rows, first, secret, key_version)))
        parts.update("".join(f"{fields[0]} {fields[-1]}\n" for fields in rows).encode())
    return Holdout(merkle.fold(tops).hex(), parts.hexdigest(), key.ids.count)


def open_row(key: AnswerKey, row_id: str, *, secret: bytes, key_version: int) -> OpenedRow | None:
    """Return one row by its id with its proof, None when there is no such row."""
    leaves: list[bytes] = []
    found: tuple[int, list[str]] | None = None
    for first, rows in _chunks(key):
        leaves += _leaves(rows, first, secret, key_version)
        for offset, fields in enumerate(rows):
            if fields[0] == row_id:
                found = first + offset, fields
    if found is None:
        return None
    index, fields = found
    size = len(leaves)
    proof = merkle.inclusion_proof(_nodes(leaves), index=index, size=size)
    first = index - index % _CHUNK
    salt = _salts(secret, key_version, first, _CHUNK)[index - first]
    return OpenedRow(index, tuple(fields), salt.hex(), tuple(step.hex() for step in proof))


def open_all(key: AnswerKey, *, secret: bytes, key_version: int) -> Iterator[str]:
    """Yield one line for each row, in order: a JSON list of salt, id, answers, part."""
    for first, rows in _chunks(key):
        salts = _salts(secret, key_version, first, len(rows))
        for fields, salt in zip(rows, salts, strict=True):
            yield line([salt.hex(), *fields])


def _leaves(rows: list[list[str]], first: int, secret: bytes, key_version: int) -> list[bytes]:
    salts = _salts(secret, key_version, first, len(rows))
    return [leaf(fields, salt) for fields, salt in zip(rows, salts, strict=True)]


def _salts(secret: bytes, key_version: int, first: int, count: int) -> list[bytes]:
    """Return the salts of a chunk: SHAKE-256 of a key and the chunk's number."""
    key = derived_key(secret, purpose=f"{_PURPOSE}/{key_version}")
    raw = hashlib.shake_256(key + first.to_bytes(8)).digest(count * SALT_BYTES)
    return [raw[at : at + SALT_BYTES] for at in range(0, len(raw), SALT_BYTES)]


def _nodes(leaves: list[bytes]) -> merkle.Get:
    def get(level: int, position: int) -> bytes:
        return merkle.fold(leaves[position << level : position + 1 << level])

    return get


def _chunks(key: AnswerKey) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the index of the first row, and id, answers and part of up to `_CHUNK` rows."""
    for first in range(0, key.ids.count, _CHUNK):
        last = min(first + _CHUNK, key.ids.count)
        slots = key.placement[first:last].tolist()
        columns = [key.ids.texts(first, last)]
        for column, values in zip(key.columns, key.truth, strict=True):
            columns.append([_text(column, values[slot]) for slot in slots])
        columns.append([_part(key, slot) for slot in slots])
        yield first, [list(fields) for fields in zip(*columns, strict=True)]


def _text(column: TargetColumn, value: Any) -> str:  # noqa: ANN401 (a cell of any kind of column)
    match column.kind:
        case TargetKind.ITEMS:
            return " ".join(map(str, value))
        case TargetKind.LABEL:
            label: str = column.labels[value]
            return label
        case TargetKind.INTEGER:
            return str(int(value))
        case TargetKind.REAL:
            return repr(float(value))


def _part(key: AnswerKey, slot: int) -> str:
    if slot < key.public_rows:
        return "public"
    return "private" if slot < key.public_rows + key.private_rows else "ignored"
