"""Answers are put away and opened again, and what web processes hold is not enough to read them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from palio.core.storage import BlobMissingError, LocalStorage
from palio.datasets.contracts import AnswerKeyRef
from palio.datasets.seal import open_key, seal
from palio.scoring.form import FileFormat, IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.key import KeySummary, RowIds, compile_key

TARGET = TargetColumn(name="y", kind=TargetKind.REAL, minimum=0.0, maximum=100.0)


@pytest.fixture
def compiled(tmp_path: Path) -> tuple[Path, Path, KeySummary]:
    """A compiled key of four rows: two public, two private."""
    solution = tmp_path / "solution.csv"
    solution.write_text("id,y,Usage\n1,10,Public\n2,20,Private\n3,30,Private\n4,40,Public\n")
    ids, sealed = tmp_path / "ids", tmp_path / "answers"
    form = PredictionForm(
        id_column="id", id_kind=IdKind.INTEGER, targets=(TARGET,), formats=(FileFormat.CSV,)
    )
    summary = compile_key(
        solution=solution,
        form=form,
        truth=(TARGET,),
        public_share=None,
        seed=None,
        ids_path=ids,
        sealed_path=sealed,
    )
    return ids, sealed, summary


def reference(ids_sha256: str, sealed_sha256: str, summary: KeySummary) -> AnswerKeyRef:
    return AnswerKeyRef(
        id="k",
        challenge_id="c",
        version=1,
        ids_sha256=ids_sha256,
        sealed_sha256=sealed_sha256,
        rows=summary.rows,
        public_rows=summary.public_rows,
        private_rows=summary.private_rows,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
    )


def test_sealed_key_opens_with_both_stores_and_with_no_other(
    compiled: tuple[Path, Path, KeySummary], storage: LocalStorage, sealed: LocalStorage
) -> None:
    ids_path, sealed_path, summary = compiled
    ids, answers = seal(
        ids_path=ids_path, sealed_path=sealed_path, ids_storage=storage, sealed_storage=sealed
    )
    assert (ids.sha256, answers.sha256) == (summary.sha256_ids, summary.sha256_sealed)
    key = reference(ids.sha256, answers.sha256, summary)
    opened = open_key(ids_storage=storage, sealed_storage=sealed, key=key)
    assert (opened.public_rows, opened.private_rows, opened.ignored_rows) == (2, 2, 0)
    assert sorted(opened.truth[0]) == [10.0, 20.0, 30.0, 40.0]
    with pytest.raises(BlobMissingError):
        open_key(ids_storage=storage, sealed_storage=storage, key=key)


def test_ids_alone_are_enough_for_checks_and_hold_no_answers(
    compiled: tuple[Path, Path, KeySummary], storage: LocalStorage, sealed: LocalStorage
) -> None:
    ids_path, sealed_path, _ = compiled
    ids, answers = seal(
        ids_path=ids_path, sealed_path=sealed_path, ids_storage=storage, sealed_storage=sealed
    )
    assert RowIds.open(storage.path(ids.sha256)).texts(0, 4) == ["1", "2", "3", "4"]
    with pytest.raises(BlobMissingError):
        storage.path(answers.sha256)


def test_sealed_file_is_readable_by_its_owner_alone(
    compiled: tuple[Path, Path, KeySummary], storage: LocalStorage, sealed: LocalStorage
) -> None:
    ids_path, sealed_path, _ = compiled
    _, answers = seal(
        ids_path=ids_path, sealed_path=sealed_path, ids_storage=storage, sealed_storage=sealed
    )
    assert sealed.path(answers.sha256).stat().st_mode & 0o077 == 0
