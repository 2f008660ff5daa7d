"""The compiled answer key: public ids in one file, sealed answers in another, memory mapped."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from palio.scoring import container
from palio.scoring.columns import Placement
from palio.scoring.form import PredictionForm, TargetColumn, TargetKind
from palio.scoring.metrics.base import Column
from palio.scoring.refusal import SolutionRefusedError
from palio.scoring.rows import RowIds
from palio.scoring.solution import Solution, read_solution

__all__ = ["AnswerKey", "KeySummary", "RowIds", "SolutionRefusedError", "compile_key"]


@dataclass(frozen=True, slots=True)
class KeySummary:
    """What a compiled key holds, in numbers anyone may see, and the sha256 of its two files."""

    rows: int
    public_rows: int
    private_rows: int
    ignored_rows: int
    sha256_ids: str
    sha256_sealed: str


@dataclass(frozen=True, eq=False, slots=True)
class AnswerKey:
    """Ids and sealed answers; never crosses into anything a participant can ask.

    Attributes:
        ids: The expected ids.
        placement: int32 (rows,), the slot of each row. Slots hold the public rows first, then
            the private ones, then the ignored ones, each in the order of the ids.
        truth: The answer columns in slot order: float64 for REAL and INTEGER, int32 codes for
            LABEL, lists of names for ITEMS.
        columns: What the answer columns are.
        public_rows, private_rows, ignored_rows: Sizes of the three parts.

    """

    ids: RowIds
    placement: Placement
    truth: tuple[Column, ...]
    columns: tuple[TargetColumn, ...]
    public_rows: int
    private_rows: int
    ignored_rows: int
    _container: container.Container

    @classmethod
    def open(cls, ids_path: Path, sealed_path: Path) -> "AnswerKey":
        """Map both files of a compiled key.

        Raises:
            container.KeyFileError: A file is damaged, or the two do not belong together.

        """
        ids = RowIds.open(ids_path)
        held = container.read(sealed_path)
        meta = held.meta
        if meta.get("what") != "answers" or meta["ids"] != ids.digest:
            raise container.KeyFileError("the answers and the ids do not belong together")
        columns = tuple(
            TargetColumn(name=c["name"], kind=TargetKind(c["kind"]), labels=tuple(c["labels"]))
            for c in meta["truth"]
        )
        truth = tuple(_column(held, place, column) for place, column in enumerate(columns))
        counts = (meta["public"], meta["private"], meta["ignored"])
        return cls(ids, held.sections["placement"], truth, columns, *counts, held)

    def drop_pages(self) -> None:
        """Give back the resident pages of the answers."""
        for array in self._container.sections.values():
            container.drop_pages(array)


def _column(held: container.Container, place: int, column: TargetColumn) -> Column:
    if column.kind is not TargetKind.ITEMS:
        stored: Column = held.sections[f"truth{place}"]
        return stored
    edges = held.sections[f"truth{place}.offsets"].tolist()
    blob = bytes(held.sections[f"truth{place}"])
    return [tuple(blob[a:b].decode().split(" ")) if a < b else () for a, b in pairwise(edges)]


def compile_key(
    *,
    solution: Path,
    form: PredictionForm,
    truth: tuple[TargetColumn, ...],
    usage_column: str = "Usage",
    public_share: float | None,
    seed: int | None,
    ids_path: Path,
    sealed_path: Path,
) -> KeySummary:
    """Compile solution.csv into an ids file and a sealed file; same input, same bytes.

    The rows keep the order of solution.csv. With a Usage column it says which rows are public,
    private and ignored. Without it, the first ``round(public_share * rows)`` rows of
    ``numpy.random.default_rng(seed).permutation(rows)`` are public, all others private.

    Args:
        solution: CSV with the id column, the truth columns and perhaps the Usage column.
        form: Names the id column, its kind and the caps on a line and a value.
        truth: The answer columns; they may be others than the predicted ones.
        usage_column: Name of the Usage column.
        public_share: Share of public rows, 0..1, where there is no Usage column.
        seed: Of the split, where there is no Usage column.
        ids_path: Written: the ids, nothing secret.
        sealed_path: Written: answers and partition.

    Raises:
        SolutionRefusedError: With all faults found, up to 50.

    """
    read = read_solution(solution, form=form, truth=truth, usage_column=usage_column)
    parts = read.parts(public_share=public_share, seed=seed)
    order = np.argsort(parts, kind="stable")  # slot -> row
    placement = np.empty(len(order), dtype=np.int32)
    placement[order] = np.arange(len(order), dtype=np.int32)
    sha256_ids = read.ids.write(ids_path)
    counts: list[int] = np.bincount(parts, minlength=3).tolist()
    sha256_sealed = container.write(
        sealed_path,
        meta=_meta(read.ids.digest, counts, truth),
        sections={"placement": placement, **_sections(read, order, truth)},
    )
    public, private, ignored = counts
    return KeySummary(len(order), public, private, ignored, sha256_ids, sha256_sealed)


def _meta(digest: str, counts: list[int], truth: Sequence[TargetColumn]) -> dict[str, Any]:
    columns = [{"name": c.name, "kind": c.kind.value, "labels": list(c.labels)} for c in truth]
    public, private, ignored = counts
    return {
        "what": "answers",
        "ids": digest,
        "public": public,
        "private": private,
        "ignored": ignored,
        "truth": columns,
    }


def _sections(
    read: Solution,
    order: NDArray[np.intp],
    truth: Sequence[TargetColumn],
) -> dict[str, container.Section]:
    sections: dict[str, container.Section] = {}
    for place, (column, values) in enumerate(zip(truth, read.columns, strict=True)):
        if column.kind is not TargetKind.ITEMS:
            sections[f"truth{place}"] = values[order]
            continue
        raw = [" ".join(values[row]).encode() for row in order]
        sections[f"truth{place}.offsets"] = np.cumsum([0, *map(len, raw)], dtype=np.int64)
        sections[f"truth{place}"] = np.frombuffer(b"".join(raw), dtype=np.uint8)
    return sections
