"""A compiled key holds what solution.csv says, the same bytes each time, or names every fault."""

from pathlib import Path

import numpy as np
import pytest

from palio.scoring.card import MetricChoice, NonFiniteScoreError
from palio.scoring.container import KeyFileError
from palio.scoring.engine import score, score_file
from palio.scoring.form import IdKind, PredictionForm, TargetColumn, TargetKind
from palio.scoring.key import AnswerKey, KeySummary, RowIds, SolutionRefusedError, compile_key
from palio.scoring.read import read_predictions

Y = TargetColumn("y")
RMSE = (MetricChoice("rmse"),)


def form_of(*targets: TargetColumn, kind: IdKind = IdKind.TEXT) -> PredictionForm:
    return PredictionForm("id", kind, targets or (Y,))


def compiled(
    folder: Path,
    solution: str,
    *,
    truth: tuple[TargetColumn, ...] = (Y,),
    kind: IdKind = IdKind.TEXT,
    share: float | None = None,
    seed: int | None = None,
) -> tuple[KeySummary, AnswerKey]:
    folder.mkdir(exist_ok=True)
    (folder / "solution.csv").write_text(solution)
    summary = compile_key(
        solution=folder / "solution.csv",
        form=form_of(kind=kind),
        truth=truth,
        public_share=share,
        seed=seed,
        ids_path=folder / "ids",
        sealed_path=folder / "sealed",
    )
    return summary, AnswerKey.open(folder / "ids", folder / "sealed")


MIXED = "id,y,Usage\na,1,Private\nb,2,Public\nc,3,Ignored\nd,4,Public\ne,5,Private\n"


def test_parts_lie_one_after_the_other_in_the_order_of_the_ids(tmp_path: Path) -> None:
    summary, key = compiled(tmp_path, MIXED)
    assert (summary.rows, summary.public_rows) == (5, 2)
    assert (summary.private_rows, summary.ignored_rows) == (2, 1)
    assert key.ids.texts(0, 5) == ["a", "b", "c", "d", "e"]
    assert np.array_equal(key.truth[0], [2, 4, 1, 5, 3])
    assert np.array_equal(key.placement, [2, 0, 4, 1, 3])


@pytest.mark.parametrize("kind", IdKind)
def test_same_input_gives_the_same_bytes(tmp_path: Path, kind: IdKind) -> None:
    solution = "id,y\n" + "".join(f"{row},{row}.5\n" for row in range(100))
    first, key = compiled(tmp_path / "1", solution, kind=kind, share=0.3, seed=7)
    again, _ = compiled(tmp_path / "2", solution, kind=kind, share=0.3, seed=7)
    other, _ = compiled(tmp_path / "3", solution, kind=kind, share=0.3, seed=8)
    assert first == again
    assert first.sha256_ids == other.sha256_ids
    assert first.sha256_sealed != other.sha256_sealed
    assert (first.public_rows, first.private_rows) == (30, 70)
    drawn = np.random.default_rng(7).permutation(100)[:30]
    assert sorted(np.flatnonzero(np.asarray(key.placement) < 30)) == sorted(drawn)


def test_labels_and_items_come_back(tmp_path: Path) -> None:
    truth = (
        TargetColumn("kind", TargetKind.LABEL, labels=("dog", "cat")),
        TargetColumn("liked", TargetKind.ITEMS),
    )
    solution = "id,kind,liked,Usage\n1,cat,a b,Private\n2,dog,,Public\n3,dog,c,Public\n"
    _, key = compiled(tmp_path, solution, truth=truth)
    assert np.array_equal(key.truth[0], [0, 0, 1])
    assert list(key.truth[1]) == [(), ("c",), ("a", "b")]
    assert key.columns == truth


def test_every_fault_of_a_solution_is_told_at_once(tmp_path: Path) -> None:
    rows = "1,1,Public\n1,2,Public\n02,3,Public\n3,nan,Public\n4,5,public\n\n5,1\n-6,1,Private\n"
    solution = "id,y,Usage\n" + rows
    with pytest.raises(SolutionRefusedError) as refusal:
        compiled(tmp_path, solution, kind=IdKind.INTEGER)
    assert [(finding.code, finding.line) for finding in refusal.value.findings] == [
        ("id:duplicate", 3),
        ("id:invalid", 4),
        ("value:not_finite", 5),
        ("usage:unknown", 6),
        ("blank_line", 7),
        ("row_width", 8),
        ("id:invalid", 9),
    ]


def test_fifty_faults_are_listed_and_the_rest_counted(tmp_path: Path) -> None:
    with pytest.raises(SolutionRefusedError) as refusal:
        compiled(tmp_path, "id,y\n" + "".join(f"{row},x\n" for row in range(80)))
    assert len(refusal.value.findings) == 50
    assert refusal.value.findings[-1].text == "... and 31 more."


@pytest.mark.parametrize(
    ("solution", "code"),
    [
        ("id,y\n", "empty"),
        ("", "header:blank"),
        ("id,y\n1,2\n", "usage:missing"),
        ("id,z,Usage\n1,2,Public\n", "header:missing_column"),
        ("PK\x03\x04", "wrong_format:zip_or_xlsx"),
    ],
)
def test_solution_that_cannot_be_used_gives_its_code(
    tmp_path: Path, solution: str, code: str
) -> None:
    with pytest.raises(SolutionRefusedError) as refusal:
        compiled(tmp_path, solution)
    assert refusal.value.findings[0].code == code


@pytest.mark.parametrize("quote", ["", '"'])
def test_whole_columns_and_single_lines_compile_to_the_same_key(tmp_path: Path, quote: str) -> None:
    rows = [
        f"{quote}é{row}{quote},{row / 7!r},{['Public', 'Private'][row % 2]}" for row in range(99)
    ]
    whole, _ = compiled(tmp_path / "1", "\n".join(["id,y,Usage", *rows]))
    # an escaped quote in one id is in doubt for the whole-column way
    odd = [rows[0].replace("é0", 'é""0') if quote else rows[0], *rows[1:]]
    lines, key = compiled(tmp_path / "2", "\n".join(["id,y,Usage", *odd]))
    assert whole.sha256_sealed != lines.sha256_sealed if quote else whole == lines
    assert key.ids.text(0) == ('é"0' if quote else "é0")
    assert np.array_equal(key.truth[0][:3], [0.0, 2 / 7, 4 / 7])


def test_damaged_or_foreign_files_are_no_key(tmp_path: Path) -> None:
    compiled(tmp_path / "1", MIXED)
    compiled(tmp_path / "2", MIXED.replace("e,5", "f,5"))
    with pytest.raises(KeyFileError):
        AnswerKey.open(tmp_path / "1" / "ids", tmp_path / "2" / "sealed")
    sealed = (tmp_path / "1" / "sealed").read_bytes()
    for damaged in (
        b"",
        sealed[:60],
        sealed[:-1],
        b"x" + sealed[1:],
        sealed[:70] + b"#" + sealed[71:],
    ):
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(KeyFileError):
            AnswerKey.open(tmp_path / "1" / "ids", tmp_path / "damaged")
    with pytest.raises(KeyFileError):
        RowIds.open(tmp_path / "1" / "sealed")


def test_both_parts_are_scored_and_ignored_rows_do_not_count(tmp_path: Path) -> None:
    _, key = compiled(tmp_path, MIXED)
    sent = tmp_path / "sent.csv"
    sent.write_text("id,y\ne,5\nd,6\nc,999\nb,2\na,4\n")
    card = score_file(sent, form=form_of(), key=key, metrics=RMSE)
    assert card.public[0].exact == np.sqrt(2.0)
    assert card.private[0].exact == np.sqrt(4.5)
    assert str(card.public[0].rounded) == "1.4142"
    unplaced = read_predictions(sent, form=form_of(), ids=key.ids)
    assert score(key=key, predictions=unplaced, metrics=RMSE) == card


def test_part_without_rows_has_no_scores(tmp_path: Path) -> None:
    _, key = compiled(tmp_path, "id,y\na,1\nb,2\n", share=0, seed=1)
    sent = tmp_path / "sent.csv"
    sent.write_text("id,y\na,1\nb,2\n")
    card = score_file(sent, form=form_of(), key=key, metrics=RMSE)
    assert card.public == ()
    assert card.private[0].exact == 0


def test_undefined_score_is_an_error_without_a_value(tmp_path: Path) -> None:
    _, key = compiled(tmp_path, MIXED)
    sent = tmp_path / "sent.csv"
    sent.write_text("id,y\n" + "".join(f"{name},1\n" for name in "abcde"))
    with pytest.raises(NonFiniteScoreError) as failure:
        score_file(sent, form=form_of(), key=key, metrics=(MetricChoice("pearson"),))
    assert str(failure.value) == "The metric pearson has no finite value for these predictions."


def test_item_predictions_are_scored_in_their_places(tmp_path: Path) -> None:
    liked = TargetColumn("liked", TargetKind.ITEMS)
    solution = "id,liked,Usage\n1,a,Private\n2,b,Public\n3,c,Public\n"
    _, key = compiled(tmp_path, solution, truth=(liked,))
    sent = tmp_path / "sent.csv"
    sent.write_text("id,liked\n3,c x\n2,y b\n1,z\n")
    form = form_of(liked)
    metrics = (MetricChoice("map_at_k", (("k", 2),)),)
    card = score_file(sent, form=form, key=key, metrics=metrics)
    assert (card.public[0].exact, card.private[0].exact) == (0.75, 0.0)
    unplaced = read_predictions(sent, form=form, ids=key.ids)
    assert score(key=key, predictions=unplaced, metrics=metrics) == card


def test_verdict_does_not_depend_on_the_answers(tmp_path: Path) -> None:
    _, one = compiled(tmp_path / "1", MIXED)
    swapped = MIXED.replace("Public", "X").replace("Private", "Public").replace("X", "Private")
    _, other = compiled(tmp_path / "2", swapped.replace(",4,", ",40,"))
    assert (tmp_path / "1" / "ids").read_bytes() == (tmp_path / "2" / "ids").read_bytes()
    assert one.ids.digest == other.ids.digest
