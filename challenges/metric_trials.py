"""Tries a host's own metric with predictions nobody would send in good faith, before others do."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from palio.challenges import program_files
from palio.challenges.contracts import ChallengePlan
from palio.challenges.metric_box import Ending, MetricBoxes, MetricResult, score_in_box
from palio.challenges.rules import is_lower_better
from palio.core.errors import Finding
from palio.sandbox.spec import RunName, RuntimeRoot, Sandbox
from palio.scoring.columns import Predictions
from palio.scoring.form import FileFormat, PredictionForm, TargetColumn, TargetKind
from palio.scoring.key import AnswerKey
from palio.scoring.metrics.base import Column
from palio.scoring.own import exchange
from palio.scoring.read import read_predictions
from palio.scoring.refusal import PredictionsRefusedError

ANSWERS, RANDOM, SHUFFLED = "the answers themselves", "random values", "the same, rows shuffled"
LOWEST, HIGHEST, IN_TURN = "lowest values", "highest values", "lowest and highest in turn"
SHORT, NAN = "one row short", "NaN in the first row"

METRIC = "metric"
SLOW_SHARE = 0.5
_SEED = 20_090_921
_LARGEST = float(np.finfo(np.float64).max)
LINE_MOST = 300
LOG_LINES = 12  # of a log that a finding quotes

Run = Callable[[exchange.Part, str], Ending]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one kind of predictions, on the public part.

    Attributes:
        what: The predictions, in words.
        said: The rounded ranking score, or what happened instead.
        seconds: 0.0 where the metric was not run.

    """

    what: str
    said: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Trials:
    """All that was tried and found."""

    lines: tuple[Trial, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where boxes can be made.

    Attributes:
        site: Eight hex digits, see `RunName`.

    """

    sandbox: Sandbox
    runtime: RuntimeRoot
    site: str


class OwnMetricTrial:
    """The metric of a challenge folder in the boxes of a server.

    Args:
        folder: The challenge folder; sound.
        plan: What it says.
        key: Its answers.
        bench: Makes the boxes.
        workdir: A folder closed to other people.

    """

    def __init__(
        self, folder: Path, plan: ChallengePlan, key: AnswerKey, bench: Bench, workdir: Path
    ) -> None:
        self._plan, self._key, self._bench = plan, key, bench
        self._workdir, self._runs = workdir, 0
        self._metric = workdir / "metric"
        packed = workdir / "metric.zip"
        program_files.pack_metric(folder, packed)
        self._metric.mkdir()
        program_files.unpack_metric(packed, self._metric)
        self._metric.chmod(0o755)

    def score(self, path: Path) -> MetricResult:
        """Read and score a file.

        Raises:
            PredictionsRefusedError: The file is wrong.
            MetricRefusalError, MetricFaultError, SandboxError: See `score_in_box`.

        """
        key, form = self._key, self._plan.form
        predictions = read_predictions(path, form=form, ids=key.ids, placement=key.placement)
        return score_in_box(
            self._bench.sandbox,
            plan=self._plan,
            key=key,
            predictions=predictions,
            metric_folder=self._metric,
            runtime=self._bench.runtime,
            name=self._name(),
            workdir=self._new_folder(),
        )

    def run_all(self) -> Trials:
        """Run all trials; raises `SandboxError`."""
        bench = self._bench
        boxes = MetricBoxes(bench.sandbox, self._plan, self._metric, bench.runtime)
        return run_all(boxes, key=self._key, name=self._name(), workdir=self._new_folder())

    def _name(self) -> RunName:
        job = f"check{os.getpid()}x{self._runs}"
        return RunName(site=self._bench.site, job=job, fence=0, box="metric")

    def _new_folder(self) -> Path:
        self._runs += 1
        folder = self._workdir / f"run{self._runs}"
        folder.mkdir(mode=0o700)
        return folder


def run_all(boxes: MetricBoxes, *, key: AnswerKey, name: RunName, workdir: Path) -> Trials:
    """Run the metric on the public part with degenerate and hostile predictions.

    Args:
        boxes: The metric in its boxes.
        key: The answers.
        name: Of the runs; `box` is replaced.
        workdir: An empty folder closed to other people.

    Raises:
        SandboxError: A box could not be made.

    """
    plan = boxes.plan
    rows = slice(0, key.public_rows)

    def run(part: exchange.Part, label: str) -> Ending:
        return boxes.run(part, name=replace(name, box=f"metric-{label}"), folder=workdir / label)

    given = dict(_predictions(plan, key, workdir))
    parts = {what: exchange.cut(key, columns, plan.form, rows) for what, columns in given.items()}
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="palio-trial") as threads:
        labels = [f"try{place}" for place in range(len(parts))]
        endings = dict(zip(parts, threads.map(run, parts.values(), labels), strict=True))
    told = tuple(_tells(parts, endings, run))
    return Trials(
        lines=(*_lines(endings), *_refused_before(plan, key, workdir)),
        findings=tuple(_unsteady(endings)),
        warnings=(*_fragile(endings), *told, *_flat(endings, plan), *_slow(endings, plan)),
    )


def _predictions(
    plan: ChallengePlan, key: AnswerKey, workdir: Path
) -> Iterator[tuple[str, Predictions]]:
    rows = key.ids.count
    targets = plan.form.targets
    lows = [_filled(target, rows, is_high=False) for target in targets]
    highs = [_filled(target, rows, is_high=True) for target in targets]
    turns = [_in_turn(*pair) for pair in zip(lows, highs, strict=True)]
    chance = np.random.default_rng(_SEED)
    guesses = [_guess(target, rows, chance) for target in targets]
    for what, columns in (
        (LOWEST, lows),
        (HIGHEST, highs),
        (IN_TURN, turns),
        (RANDOM, guesses),
    ):
        yield what, Predictions(columns=tuple(columns), rows=rows, in_slots=False)
    if FileFormat.CSV in plan.form.formats:
        yield SHUFFLED, _through_a_file(plan.form, key, guesses, workdir / "shuffled.csv")
    kinds = [(column.kind, column.labels) for column in plan.form.targets]
    if kinds == [(column.kind, column.labels) for column in key.columns]:
        yield ANSWERS, Predictions(columns=key.truth, rows=rows, in_slots=True)


def _filled(target: TargetColumn, rows: int, *, is_high: bool) -> Column:
    if target.kind is TargetKind.ITEMS:
        return [("item",) if is_high else ()] * rows
    if target.kind is TargetKind.LABEL:
        return np.full(rows, len(target.labels) - 1 if is_high else 0, dtype=np.int32)
    low = -_LARGEST if target.minimum is None else target.minimum
    high = _LARGEST if target.maximum is None else target.maximum
    if target.kind is TargetKind.INTEGER:
        low, high = float(np.ceil(low)), float(np.floor(high))
    return np.full(rows, high if is_high else low)


def _in_turn(low: Column, high: Column) -> Column:
    if isinstance(low, Sequence):
        return [(high if row % 2 else low)[row] for row in range(len(low))]
    turns = low.copy()
    turns[1::2] = high[1::2]
    return turns


def _guess(target: TargetColumn, rows: int, chance: np.random.Generator) -> Column:
    if target.kind is TargetKind.ITEMS:
        return [(f"item{number}",) for number in chance.integers(10, size=rows).tolist()]
    if target.kind is TargetKind.LABEL:
        return chance.integers(len(target.labels), size=rows, dtype=np.int32)
    low = 0.0 if target.minimum is None else target.minimum
    high = low + 1.0 if target.maximum is None else target.maximum
    if target.kind is TargetKind.INTEGER:
        return np.floor(chance.uniform(np.ceil(min(low, high)), np.floor(high) + 1, size=rows))
    return chance.uniform(min(low, high), high, size=rows)


def _through_a_file(
    form: PredictionForm, key: AnswerKey, columns: Sequence[Column], path: Path
) -> Predictions:
    order = np.random.default_rng(_SEED).permutation(key.ids.count).tolist()
    _write(path, form, _cells(form, key, columns), order)
    return read_predictions(path, form=replace(form, max_bytes=2**62), ids=key.ids)


def _cells(
    form: PredictionForm, key: AnswerKey, columns: Sequence[Column]
) -> list[tuple[str, ...]]:
    texts = [key.ids.texts(0, key.ids.count)]
    for target, column in zip(form.targets, columns, strict=True):
        if isinstance(column, Sequence):
            texts.append([" ".join(items) for items in column])
        elif target.kind is TargetKind.LABEL:
            texts.append([target.labels[code] for code in column.tolist()])
        else:
            texts.append([repr(value) for value in column.tolist()])
    return list(zip(*texts, strict=True))


def _write(
    path: Path, form: PredictionForm, cells: list[tuple[str, ...]], order: Iterable[int]
) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([form.id_column, *(target.name for target in form.targets)])
        writer.writerows(cells[row] for row in order)


def _lines(endings: dict[str, Ending]) -> Iterator[Trial]:
    for what, ending in endings.items():
        said = str(ending.scores[0].rounded) if ending.scores else ""
        if ending.refusal:
            said = f"refused: {ending.refusal}"
        if ending.fault:
            said = f"failed: it {ending.fault.splitlines()[0]}"
        yield Trial(what, said, ending.seconds)


def _refused_before(plan: ChallengePlan, key: AnswerKey, workdir: Path) -> Iterator[Trial]:
    """Show that what the metric never has to handle is refused before it is run."""
    if FileFormat.CSV not in plan.form.formats:
        return
    rows = range(key.ids.count)
    cells = _cells(plan.form, key, [_filled(t, len(rows), is_high=True) for t in plan.form.targets])
    spoilt = [(cells[0][0], *("NaN" for _ in cells[0][1:])), *cells[1:]]
    for what, path, rest, order in (
        (SHORT, workdir / "short.csv", cells, rows[:-1]),
        (NAN, workdir / "nan.csv", spoilt, rows),
    ):
        _write(path, plan.form, rest, order)
        try:
            read_predictions(path, form=plan.form, ids=key.ids)
        except PredictionsRefusedError:
            yield Trial(what, "refused before the metric is run", 0.0)


def _unsteady(endings: dict[str, Ending]) -> Iterator[Finding]:
    first, second = endings[RANDOM], endings.get(SHUFFLED)
    if second is not None and first.scores and first.scores != second.scores:
        yield about_metric(
            "metric:unsteady",
            "The metric gave two different scores to the same predictions, "
            f"{first.scores[0].exact!r} and {_shown(second)}.",
            hint="Does it use chance, the clock, or the order of a set?",
        )


def _shown(ending: Ending) -> str:
    return repr(ending.scores[0].exact) if ending.scores else "none"


def _fragile(endings: dict[str, Ending]) -> Iterator[Finding]:
    for what, ending in endings.items():
        if ending.fault:
            first, log = told_apart(ending.fault)
            yield about_metric("metric:fragile", f"With {what} the metric {first}", hint=log)


def _tells(
    parts: dict[str, exchange.Part], endings: dict[str, Ending], run: Run
) -> Iterator[Finding]:
    """Refuse again with other answers: words that change with them tell of them."""
    for place, (what, ending) in enumerate(endings.items()):
        if not ending.refusal:
            continue
        part = parts[what]
        moved = replace(part, truth=tuple(map(_rolled, part.truth)))
        again = run(moved, f"again{place}")
        if again.refusal != ending.refusal:
            text = f"What the metric tells participants depends on the answers: {ending.refusal}"
            hint = "Every participant who provokes it learns something of the hidden answers."
            yield about_metric("metric:tells", text, hint=hint)


def _rolled(column: Column) -> Column:
    if isinstance(column, Sequence):
        return [*column[1:], *column[:1]]
    return np.roll(column, 1)


def _flat(endings: dict[str, Ending], plan: ChallengePlan) -> Iterator[Finding]:
    scored = {what: ending.scores[0].exact for what, ending in endings.items() if ending.scores}
    best = scored.pop(ANSWERS, None)
    if best is None:
        if len(scored) > 1 and len(set(scored.values())) == 1:
            text = "All predictions tried have the same score."
            yield about_metric("metric:flat", text, hint="Does it look at the predictions?")
        return
    sign = 1 if is_lower_better(plan) else -1
    for what, value in scored.items():
        if sign * value < sign * best:
            text = f"The score of {what} is better than that of the answers themselves."
            hint = "Is `better` of the first score the right way round?"
            yield about_metric("metric:direction", text, hint=hint)
        elif value == best:
            text = f"The score of {what} is as good as that of the answers themselves."
            yield about_metric("metric:flat", text)


def _slow(endings: dict[str, Ending], plan: ChallengePlan) -> Iterator[Finding]:
    limit = plan.own_metric.seconds if plan.own_metric is not None else 0
    slowest = max(ending.seconds for ending in endings.values())
    if slowest > SLOW_SHARE * limit:
        text = f"The metric took {slowest:.1f} s of the {limit} s it may take."
        hint = "Other machines are slower; raise metric.seconds, or make it faster."
        yield about_metric("metric:slow", text, hint=hint)


def told_apart(fault: str) -> tuple[str, str]:
    """Return the first line of a fault, and the last lines of the log after it, none too long."""
    first, *log = fault.splitlines()
    return first, "\n".join(line[:LINE_MOST] for line in log[-LOG_LINES:])


def about_metric(code: str, text: str, *, hint: str = "") -> Finding:
    """Say something of the metric, whichever files it has."""
    return Finding(code=code, text=text, file=METRIC, hint=hint)
