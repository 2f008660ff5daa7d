import json
from pathlib import Path

import pytest

from palio.cli.verify import opening
from palio.cli.verify.findings import FaultError, Findings
from palio.core import merkle
from palio.core.merkle import ProofError
from palio.datasets import commitments
from palio.datasets.row_leaves import leaf
from palio.scoring.form import IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.key import AnswerKey, compile_key

SECRET = b"s" * 32
PARTS = ("Public", "Private", "Ignored")
TRUTH = (
    TargetColumn(name="rating", kind=TargetKind.REAL),
    TargetColumn(name="count", kind=TargetKind.INTEGER),
    TargetColumn(name="genre", kind=TargetKind.LABEL, labels=("drama", 'say "é"')),
)


def key_of(folder: Path, rows: int, *, changed: int = -1) -> AnswerKey:
    """A key of rows r0, r1 …; `changed` has another rating."""
    lines = ["id,rating,count,genre,Usage"]
    for row in range(rows):
        rating = 5 if row == changed else row % 5 + 0.5
        genre = '"say ""é"""' if row % 2 else "drama"
        lines.append(f"r{row},{rating},{row},{genre},{PARTS[row % 3]}")
    folder.mkdir()
    (folder / "solution.csv").write_text("\n".join(lines) + "\n")
    compile_key(
        solution=folder / "solution.csv",
        form=PredictionForm(id_column="id", id_kind=IdKind.TEXT, targets=TRUTH),
        truth=TRUTH,
        public_share=None,
        seed=None,
        ids_path=folder / "ids",
        sealed_path=folder / "sealed",
    )
    return AnswerKey.open(folder / "ids", folder / "sealed")


@pytest.fixture(params=[1, 7, (1 << 14) + 3], ids=str)
def key(request: pytest.FixtureRequest, tmp_path: Path) -> AnswerKey:
    return key_of(tmp_path / "key", request.param)


def commit(key: AnswerKey, *, version: int = 1, secret: bytes = SECRET) -> commitments.Holdout:
    return commitments.commit(key, secret=secret, key_version=version)


def test_the_root_is_that_of_the_definition(key: AnswerKey) -> None:
    opened = [json.loads(each) for each in commitments.open_all(key, secret=SECRET, key_version=1)]
    assert opened[0][1:] == ["r0", "0.5", "0", "drama", "public"]
    assert [fields[1] for fields in opened] == [f"r{row}" for row in range(key.ids.count)]
    assert len({fields[0] for fields in opened}) == key.ids.count
    leaves = [leaf(fields, bytes.fromhex(salt)) for salt, *fields in opened]
    assert commit(key) == commitments.Holdout(
        merkle.root_of(leaves).hex(), commit(key).split, key.ids.count
    )


def test_salts_follow_from_the_secret_and_the_version(tmp_path: Path) -> None:
    key = key_of(tmp_path / "key", 5)
    roots = [commit(key), commit(key, version=2), commit(key, secret=b"o" * 32)]
    assert len({root.root for root in roots}) == len({root.split for root in roots}) == 3


def test_one_changed_answer_changes_the_root_and_not_the_split(tmp_path: Path) -> None:
    before, after = (
        commit(key_of(tmp_path / str(changed), 9, changed=changed)) for changed in (-1, 4)
    )
    assert before.root != after.root
    assert before.split == after.split


def promise(key: AnswerKey, *, version: int = 1) -> dict[str, object]:
    holdout = commit(key, version=version)
    return {
        "holdout_root": holdout.root, "holdout_rows": holdout.rows, "key_version": version,
    }  # fmt: skip


def test_corrected_answers_are_not_said_to_be_those_of_the_launch(tmp_path: Path) -> None:
    key = key_of(tmp_path / "key", 9)
    text = "\n".join(commitments.open_all(key, secret=SECRET, key_version=2)) + "\n"
    found = Findings()
    opening.check(found, text.encode(), promise(key, version=2))
    assert found.holds == ["all 9 answers are those promised at a correction after the launch"]


def test_all_rows_are_held_against_the_promise(tmp_path: Path) -> None:
    key = key_of(tmp_path / "key", 9)
    text = "\n".join(commitments.open_all(key, secret=SECRET, key_version=1)) + "\n"
    found = Findings()
    opening.check(found, text.encode(), promise(key))
    assert found.holds == ["all 9 answers are those promised at the launch"]
    for wrong, words in (
        (text.replace("4.5", "3.5"), "a row was changed"),
        (text.partition("\n")[2], "there are 8 rows; 9 were promised"),
        (text.replace('","', '", "', 1), "line 1 was changed"),
    ):
        with pytest.raises(FaultError, match=words):
            opening.check(found, wrong.encode(), promise(key))


def test_one_row_is_opened_without_the_others(tmp_path: Path) -> None:
    key = key_of(tmp_path / "key", 9)
    row = commitments.open_row(key, "r4", secret=SECRET, key_version=1)
    assert row is not None
    assert row.fields == ("r4", "4.5", "4", "drama", "private")
    document = {
        "index": row.index, "fields": list(row.fields), "salt": row.salt, "proof": list(row.proof),
    }  # fmt: skip
    found = Findings()
    opening.check(found, json.dumps(document).encode(), promise(key))
    assert found.holds == ["row r4 is as promised at the launch"]
    document["fields"] = ["r4", "5.0", "4", "drama", "private"]
    with pytest.raises(ProofError, match="not in the log"):
        opening.check(found, json.dumps(document).encode(), promise(key))
    assert commitments.open_row(key, "r9", secret=SECRET, key_version=1) is None
