"""Traces: sums over secret buckets, sketches and samples that compare any two submissions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.scoring.test_key import MIXED, compiled, form_of

from palio.core.derivation import derived_key
from palio.scoring import traces
from palio.scoring.card import MetricChoice, Trace
from palio.scoring.columns import Predictions
from palio.scoring.engine import score, score_file
from palio.scoring.form import TargetColumn, TargetKind
from palio.scoring.key import AnswerKey
from palio.scoring.metrics.base import Column

SECRET = bytes(range(32))
OTHER = bytes(32)
RMSE = (MetricChoice("rmse"),)
ROWS = 6_000


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> AnswerKey:
    answers = np.random.default_rng(1).normal(size=ROWS)
    lines = (f"{row},{value:.4f}" for row, value in enumerate(answers))
    solution = "id,y\n" + "\n".join(lines) + "\n"
    folder = tmp_path_factory.mktemp("key")
    return compiled(folder, solution, share=0.5, seed=7)[1]


def guess(key: AnswerKey, seed: int) -> NDArray[np.float64]:
    """Predictions in the order of the ids, with errors that grow along the file."""
    noise = np.random.default_rng(seed).normal(size=ROWS) * np.linspace(0.1, 2.0, ROWS)
    return np.asarray(key.truth[0])[key.placement] + noise


def sent(values: NDArray[np.float64]) -> Predictions:
    return Predictions((values,), len(values), in_slots=False)


def trace_of(key: AnswerKey, values: NDArray[np.float64], secret: bytes = SECRET) -> Trace:
    card = score(key=key, predictions=sent(values), metrics=RMSE, secret=secret)
    assert card.trace is not None
    return card.trace


def test_sums_add_up_to_the_score(key: AnswerKey) -> None:
    card = score(key=key, predictions=sent(guess(key, 2)), metrics=RMSE, secret=SECRET)
    assert card.trace is not None
    for sums, scores, rows in (
        (card.trace.public_sums, card.public, key.public_rows),
        (card.trace.private_sums, card.private, key.private_rows),
    ):
        assert sums is not None
        assert sums.shape == (traces.BUCKETS,)
        assert np.sqrt(sums.sum(dtype=float) / rows) == pytest.approx(scores[0].exact, rel=1e-6)


def test_buckets_follow_the_secret_and_differ_between_the_parts(key: AnswerKey) -> None:
    values = guess(key, 2)
    one, same, other = trace_of(key, values), trace_of(key, values), trace_of(key, values, OTHER)
    for name in ("public_sums", "private_sums", "sketch", "sample"):
        assert np.array_equal(getattr(one, name), getattr(same, name))
        assert not np.array_equal(getattr(one, name), getattr(other, name))
    assert one.canonical_sha256 == other.canonical_sha256
    keys = {derived_key(SECRET, purpose=f"buckets:{part}") for part in ("public", "private")}
    assert len(keys) == 2


@given(rows=st.integers(1, 10_000))
def test_rows_are_dealt_evenly(rows: int) -> None:
    ones = traces.bucket_sums(lambda block: np.ones(rows)[block], rows=rows, key=SECRET)
    assert np.array_equal(ones, traces.bucket_sizes(rows))
    assert ones.max() - ones.min() <= 1


def test_error_of_the_buckets_is_that_of_the_rows() -> None:
    """A14: within 3 % of the row-level standard error; exact where a bucket is a row."""
    rng = np.random.default_rng(14)
    rows = 200_000
    losses = rng.normal(size=rows) ** 2 * np.linspace(0.5, 3.0, rows)  # worse towards the end
    of_rows = float(np.std(losses, ddof=1)) / rows**0.5
    sums = traces.bucket_sums(lambda block: losses[block], rows=rows, key=SECRET)
    assert traces.standard_error(sums, rows=rows) == pytest.approx(of_rows, rel=0.03)
    few = losses[:1500]
    sums = traces.bucket_sums(lambda block: few[block], rows=1500, key=SECRET)
    of_few = float(np.std(few, ddof=1)) / 1500**0.5
    assert traces.standard_error(sums, rows=1500) == pytest.approx(of_few, rel=1e-12)


def test_sketch_is_linear(key: AnswerKey) -> None:
    one, other = guess(key, 2), guess(key, 3)
    blend = trace_of(key, 0.25 * one + 0.75 * other).sketch
    parts = 0.25 * trace_of(key, one).sketch + 0.75 * trace_of(key, other).sketch
    assert np.allclose(blend, parts, atol=1e-3)


def test_sketch_keeps_angles(key: AnswerKey) -> None:
    rng = np.random.default_rng(4)
    one = rng.normal(size=ROWS)
    near = one + 0.1 * rng.normal(size=ROWS)
    sketches = [trace_of(key, values).sketch for values in (one, near, rng.normal(size=ROWS))]
    first, second, third = (sketch / np.linalg.norm(sketch) for sketch in sketches)
    assert first @ second > 0.98
    assert abs(first @ third) < 0.2  # 4.5 / sqrt(512)


def test_sample_holds_the_same_rows_of_everybody(key: AnswerKey) -> None:
    one = guess(key, 2)
    other = one.copy()
    other[: ROWS // 2] += 1
    a, b = trace_of(key, one).sample, trace_of(key, other).sample
    assert a.shape == (traces.SAMPLE,)
    assert float(np.mean(a == b)) == pytest.approx(0.5, abs=0.06)
    assert len(np.unique(a)) == traces.SAMPLE  # no row twice


def test_trace_does_not_depend_on_the_split(tmp_path: Path) -> None:
    """A corrected key may deal the rows anew; sketches of before stay comparable."""
    text = "id,y\n" + "".join(f"{row},{row}\n" for row in range(50))
    values = np.random.default_rng(5).normal(size=50)
    found = []
    for seed in (1, 2):
        other = compiled(tmp_path, text, share=0.5, seed=seed)[1]
        given_values = sent(values)
        card = score(key=other, predictions=given_values, metrics=RMSE, secret=SECRET)
        assert card.trace is not None
        found.append(card.trace)
    assert np.allclose(found[0].sketch, found[1].sketch)
    assert np.array_equal(found[0].sample, found[1].sample)
    assert found[0].canonical_sha256 == found[1].canonical_sha256
    assert found[0].sample.shape == (50,)


def test_canonical_digest_sees_values_and_not_their_writing(tmp_path: Path) -> None:
    _, key = compiled(tmp_path, MIXED)
    digests = []
    for text in ("id,y\na,1\nb,2\nc,3\nd,4\ne,5\n", "id,y\ne,5.0\nd,4e0\nc,3\nb,+2\na,1.\n"):
        (tmp_path / "sent.csv").write_text(text)
        card = score_file(
            tmp_path / "sent.csv", form=form_of(), key=key, metrics=RMSE, secret=SECRET
        )
        assert card.trace is not None
        digests.append(card.trace.canonical_sha256)
    assert digests[0] == digests[1]


@pytest.mark.parametrize("kind", [TargetKind.LABEL, TargetKind.ITEMS])
def test_words_are_compared_row_by_row(tmp_path: Path, kind: TargetKind) -> None:
    labels = ("a", "b", "c") if kind is TargetKind.LABEL else ()
    target = TargetColumn("y", kind, labels=labels)
    rng = np.random.default_rng(6)
    rows = 3_000
    first = rng.integers(0, 3, rows)
    second = np.where(rng.random(rows) < 0.9, first, (first + 1) % 3)
    third = rng.integers(0, 3, rows)
    solution = "id,y\n" + "".join(f"{row},{'abc'[code]}\n" for row, code in enumerate(first))
    _, key = compiled(tmp_path, solution, truth=(target,), share=0.5, seed=1)
    sketches = []
    for codes in (first, second, third):
        values: Column = (
            codes.astype(np.int32)
            if kind is TargetKind.LABEL
            else [("abc"[code],) for code in codes.tolist()]
        )
        made = traces.trace(key=key, columns=(in_slots(values, key),), secret=SECRET, metric=None)
        assert made.public_sums is None
        sketches.append(made.sketch.astype(float) / np.linalg.norm(made.sketch))
    assert sketches[0] @ sketches[1] == pytest.approx(0.9, abs=0.1)
    assert sketches[0] @ sketches[2] == pytest.approx(1 / 3, abs=0.15)


def in_slots(values: Column, key: AnswerKey) -> Column:
    order = np.argsort(key.placement)
    if isinstance(values, np.ndarray):
        moved: Column = values[order]
        return moved
    return [values[row] for row in order.tolist()]


def test_sums_too_large_to_keep_are_left_out(tmp_path: Path) -> None:
    _, key = compiled(tmp_path, MIXED)
    values = np.array([1e30, 2.0, 3.0, 4.0, 5.0])
    card = score(key=key, predictions=sent(values), metrics=RMSE, secret=SECRET)
    assert card.trace is not None
    assert card.trace.private_sums is None
    assert card.trace.public_sums is not None


def test_metric_without_losses_gives_no_sums(key: AnswerKey) -> None:
    card = score(
        key=key,
        predictions=sent(guess(key, 2)),
        metrics=(MetricChoice("pearson"),),
        secret=SECRET,
    )
    assert card.trace is not None
    assert (card.trace.public_sums, card.trace.private_sums) == (None, None)


def test_card_without_a_secret_has_no_trace(key: AnswerKey) -> None:
    given_values = sent(guess(key, 2))
    card = score(key=key, predictions=given_values, metrics=RMSE)
    assert card.trace is None
    assert card == replace(
        score(key=key, predictions=given_values, metrics=RMSE, secret=SECRET), trace=None
    )


def test_secret_must_be_one() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        derived_key(b"short", purpose="buckets:public")
