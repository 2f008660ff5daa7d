"""Tries a challenge folder out, offline, with the code of the server: its faults, its board."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from palio.challenges import answer_checks, packs, prize_lines, program_files, sample
from palio.challenges.contracts import ChallengePlan
from palio.challenges.errors import MetricFaultError, MetricRefusalError
from palio.challenges.metric_trials import Bench, OwnMetricTrial, Trial, about_metric, told_apart
from palio.challenges.packs import Pack
from palio.challenges.plan_checks import USAGE_COLUMN
from palio.challenges.plan_release import STEP_CODE, about_step
from palio.challenges.rules import is_lower_better
from palio.core.derivation import KEY_BYTES
from palio.core.errors import Finding
from palio.sandbox.spec import SandboxError
from palio.scoring import registry
from palio.scoring.card import NonFiniteScoreError, Score, ScoreCard
from palio.scoring.direction import Direction
from palio.scoring.engine import score_file
from palio.scoring.form import FileFormat
from palio.scoring.key import AnswerKey, KeySummary, compile_key
from palio.scoring.refusal import PredictionsRefusedError, SolutionRefusedError
from palio.scoring.solution import read_solution
from palio.scoring.traces import standard_error

SAMPLE_LABEL = "sample submission"


class LineKind(StrEnum):
    """Whose line of the board it is."""

    SAMPLE = "sample"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One scored file of the folder, as the host sees it: both parts, ranking metric first."""

    label: str
    kind: LineKind
    public: tuple[Score, ...]
    private: tuple[Score, ...]


@dataclass(frozen=True, slots=True)
class PackReport:
    """All there is to say about a challenge folder.

    Attributes:
        folder: The folder looked at.
        pack: The pack, None when there are findings.
        findings: What must be mended before it can be published.
        warnings: What may stay and is likely not meant so.
        key: Sizes of the compiled answers, None when they cannot be compiled.
        board: Scores of the sample submission and the baselines, best public score first.
        trials: What an own metric did with predictions made to break it.

    """

    folder: Path
    pack: Pack | None
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    key: KeySummary | None
    board: tuple[BoardLine, ...]
    trials: tuple[Trial, ...] = ()

    @property
    def is_sound(self) -> bool:
        """True when the folder can be published."""
        return not self.findings


def check_pack(
    folder: Path, *, workdir: Path, bench: Callable[[], Bench] | None = None
) -> PackReport:
    """Judge a challenge folder; never raises for its content.

    Args:
        folder: The challenge folder.
        workdir: An empty folder for the compiled answers, private to the caller, who removes it.
        bench: Gives boxes for a metric of the host's own, asked for when there is one; raises
            `SandboxError` where none can be had. None: such a metric is not tried.

    """
    reading = packs.look_at(folder)
    trial = _Trial(folder, reading, workdir, bench)
    if reading.plan is not None:
        trial.check_model_sample(reading.plan)
    if reading.draft is not None and reading.has_solution:
        trial.run(reading.draft)
    findings = tuple(trial.findings)
    return PackReport(
        folder=folder,
        pack=None if findings else reading.pack,
        findings=findings,
        warnings=tuple(trial.warnings),
        key=trial.summary,
        board=tuple(trial.board),
        trials=trial.trials,
    )


def check_answers(folder: Path, plan: ChallengePlan, *, workdir: Path) -> PackReport:
    """Judge solution.csv of a folder by the plan of a challenge that stands; pack is None.

    Args:
        folder: Holds solution.csv and nothing else that counts.
        plan: Of the challenge whose answers are corrected.
        workdir: As for `check_pack`; when sound, the compiled key is left in its files ``ids`` and
            ``sealed``.

    """
    reading = packs.PackReading(None, plan, plan, has_solution=True, findings=(), warnings=())
    trial = _Trial(folder, reading, workdir, None)
    trial.run(plan)
    return PackReport(
        folder=folder,
        pack=None,
        findings=tuple(trial.findings),
        warnings=tuple(trial.warnings),
        key=trial.summary,
        board=tuple(trial.board),
    )


def require_sound(folder: Path, *, workdir: Path) -> Pack:
    """Return the pack in a folder that may be published.

    Args:
        folder: The challenge folder.
        workdir: As for `check_pack`.

    Raises:
        PackRefusedError: With everything that must be mended first.

    """
    report = check_pack(folder, workdir=workdir)
    if report.pack is None:
        raise packs.refusal(report.findings)
    return report.pack


class _Trial:
    def __init__(
        self,
        folder: Path,
        reading: packs.PackReading,
        workdir: Path,
        bench: Callable[[], Bench] | None,
    ) -> None:
        self.folder = folder
        self.reading = reading
        self.workdir = workdir
        self.findings = list(reading.findings)
        self.warnings = list(reading.warnings)
        self.summary: KeySummary | None = None
        self.board: list[BoardLine] = []
        self.trials: tuple[Trial, ...] = ()
        self.bench = bench
        self.boxed: OwnMetricTrial | None = None

    def check_model_sample(self, plan: ChallengePlan) -> None:
        """See that smoke runs can be held against models/sample_submission.csv."""
        if plan.models is None or not plan.models.has_sample_answers:
            return
        if FileFormat.CSV not in plan.form.formats:
            return
        name = f"{program_files.MODELS}/{program_files.SAMPLE_ANSWERS}"
        try:
            read_solution(
                self.folder / name,
                form=plan.form,
                truth=plan.form.targets,
                usage_column=USAGE_COLUMN,
            )
        except SolutionRefusedError as error:
            self.findings += _in_file(name, error.findings)

    def run(self, plan: ChallengePlan) -> None:
        ids, sealed = self.workdir / "ids", self.workdir / "sealed"
        try:
            self.summary = compile_key(
                solution=self.folder / packs.SOLUTION,
                form=plan.form,
                truth=plan.truth,
                public_share=plan.public_share,
                seed=plan.split_seed,
                ids_path=ids,
                sealed_path=sealed,
            )
        except SolutionRefusedError as error:
            self.findings += _in_file(packs.SOLUTION, map(_with_way_out, error.findings))
            return
        key = AnswerKey.open(ids, sealed)
        impossible = list(answer_checks.faults(key))
        self.findings += impossible
        if self.reading.plan is None:
            return  # a draft names metrics that may not exist: no warnings, no scores
        self.warnings += answer_checks.warnings(key, plan)
        if impossible:
            return
        if plan.own_metric is None:
            self._score_all(plan, key)
        elif self.reading.pack is not None:
            self._try_own_metric(plan, key)

    def _try_own_metric(self, plan: ChallengePlan, key: AnswerKey) -> None:
        if self.bench is None:
            self._warn_of_untried("here are no boxes for it.")
            return
        try:
            self.boxed = OwnMetricTrial(self.folder, plan, key, self.bench(), self.workdir)
            self._score_all(plan, key)
            if self._has_failed:
                return
            found = self.boxed.run_all()
        except SandboxError as error:
            self._warn_of_untried(str(error))
            return
        self.trials = found.lines
        self.findings += found.findings
        self.warnings += found.warnings

    def _warn_of_untried(self, why: str) -> None:
        text = f"The metric was not tried: {why}"
        hint = "Boxes need Linux with bubblewrap or Docker; `palio doctor` says what is missing."
        self.warnings.append(about_metric("metric:not_tried", text, hint=hint))

    def _score_all(self, plan: ChallengePlan, key: AnswerKey) -> None:
        path = self.folder / packs.SAMPLE
        is_given = path.is_file() and not path.is_symlink()
        if not is_given:
            path = self.workdir / packs.SAMPLE
            sample.write_sample(path, form=plan.form, ids=key.ids)
        card = self._score(plan, key, path, name=packs.SAMPLE, is_ours=not is_given)
        if card is not None:
            self._add_line(SAMPLE_LABEL, LineKind.SAMPLE, card)
            if plan.own_metric is None:
                self._warn_of_perfect_sample(plan, card)
        for baseline in packs.baselines_of(self.folder):
            name = f"{packs.BASELINES}/{baseline.path.name}"
            card = self._score(plan, key, baseline.path, name=name)
            if card is not None:
                self._add_line(baseline.label, LineKind.BASELINE, card)
                self._warn_of_step(plan, key, card)
        self.board = ranked(self.board, plan)
        self._look_for_prize_lines(plan)

    def _look_for_prize_lines(self, plan: ChallengePlan) -> None:
        """Refuse prizes nobody could win; corrected answers come without the baselines."""
        found = [
            (line.label, (line.public, line.private))
            for line in self.board
            if line.kind is LineKind.BASELINE
        ]
        is_launch = self.reading.pack is not None and not self._has_failed
        if is_launch and (found or not packs.baselines_of(self.folder)):
            self.findings += prize_lines.faults(plan, found)

    def _add_line(self, label: str, kind: LineKind, card: ScoreCard) -> None:
        self.board.append(BoardLine(label, kind, card.public, card.private))

    def _score(
        self, plan: ChallengePlan, key: AnswerKey, path: Path, *, name: str, is_ours: bool = False
    ) -> ScoreCard | None:
        try:
            if self.boxed is not None:
                return self._score_in_box(self.boxed, path, name=name, is_ours=is_ours)
            secret = bytes(KEY_BYTES)  # nothing made with it is kept
            card = score_file(path, form=plan.form, key=key, metrics=plan.metrics, secret=secret)
        except PredictionsRefusedError as error:
            self.findings += _in_file(name, error.findings)
            return None
        except NonFiniteScoreError as error:
            words = str(error)
        else:
            if card.private:
                return card
            words = "These predictions have no finite score on the private part."
        if not is_ours:  # one value throughout has no correlation with anything
            self.warnings.append(Finding("metric:undefined", words, file=name))
        return None

    @property
    def _has_failed(self) -> bool:
        """Whether the metric failed: the next file would tell the same, at the same length."""
        return any(finding.code == "metric:fault" for finding in self.findings)

    def _score_in_box(
        self, boxed: OwnMetricTrial, path: Path, *, name: str, is_ours: bool
    ) -> ScoreCard | None:
        if self._has_failed:
            return None
        try:
            result = boxed.score(path)
        except MetricRefusalError as error:
            text = f"The metric refuses it: {error.detail}"
            where = self.warnings if is_ours else self.findings  # ours is one value throughout
            hint = "" if is_ours else "Change the file, or what score() refuses."
            where.append(Finding("metric:refused", text, file=name, hint=hint))
            return None
        except MetricFaultError as error:
            self.findings.append(_in_a_file(name, "metric:fault", error.for_host))
            return None
        if result.for_host:
            self.warnings.append(_in_a_file(name, "metric:private", result.for_host))
            return None
        return result.card

    def _warn_of_step(self, plan: ChallengePlan, key: AnswerKey, card: ScoreCard) -> None:
        """Say once when the step of a Ladder does not suit the public rows."""
        metric = registry.METRICS.get(plan.metrics[0].name)
        sums = card.trace.public_sums if card.trace else None
        if metric is None or sums is None or any(w.code == STEP_CODE for w in self.warnings):
            return
        error = standard_error(sums, rows=key.public_rows)
        if metric.is_root:
            error /= 2 * card.public[0].exact or 1.0
        finding = about_step(plan, error=error, rows=key.public_rows)
        if finding is not None:
            self.warnings.append(finding)

    def _warn_of_perfect_sample(self, plan: ChallengePlan, card: ScoreCard) -> None:
        metric = registry.find(plan.metrics[0].name)
        best = metric.minimum if metric.direction is Direction.LOWER else metric.maximum
        if any(part[0].exact == best for part in (card.public, card.private)):
            text = "The sample submission has the best score there is; does it hold the answers?"
            self.warnings.append(Finding("sample:perfect", text, file=packs.SAMPLE))


def ranked(board: Iterable[BoardLine], plan: ChallengePlan) -> list[BoardLine]:
    """Sort lines by their rounded public score, best first, then by name."""
    sign = 1 if is_lower_better(plan) else -1
    return sorted(board, key=lambda line: (sign * line.public[0].rounded, line.label))


def _in_file(name: str, findings: Iterable[Finding]) -> list[Finding]:
    return [replace(finding, file=name) for finding in findings]


def _in_a_file(name: str, code: str, told: str) -> Finding:
    first, log = told_apart(told)
    return Finding(code, first, file=name, hint=log)


def _with_way_out(finding: Finding) -> Finding:
    if finding.code != "usage:missing":
        return finding
    hint = "Add a Usage column (Public, Private, Ignored), or public_share and seed to [answers]."
    return replace(finding, hint=hint)
