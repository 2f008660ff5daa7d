"""The parts of a challenge folder that are for boxes: the host's metric, files for models."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from palio.challenges.contracts import ChallengePlan, ModelRules, OwnMetric
from palio.challenges.folder_reader import FolderReader
from palio.challenges.plan_programs import METRIC_FILE
from palio.core.errors import Finding
from palio.sandbox import bundle

METRIC = "metric"
MODELS = "models"
INPUT, SAMPLE, SAMPLE_ANSWERS = "input", "sample", "sample_submission.csv"
PARTS = (METRIC_FILE, METRIC, MODELS)
PUBLISHED_SAMPLE = "model-sample"
METRIC_BYTES_MOST = 100 * 2**20

_PROGRAM_LIMITS = bundle.BundleLimits(bytes=METRIC_BYTES_MOST)


def look_at(
    reader: FolderReader, plan: ChallengePlan
) -> tuple[ChallengePlan, Mapping[str, tuple[str, ...]]]:
    """Look at what a plan needs for boxes, and note what is wrong with it.

    Returns:
        The plan with what the folder says, and the files in which no answers may be, by folder.

    """
    if plan.own_metric is not None:
        _look_at_metric(reader, plan.own_metric)
    else:
        for name in (METRIC_FILE, METRIC):
            _warn_if_there(reader, name, "[metric]")
    if plan.models is None:
        _warn_if_there(reader, MODELS, "[models]")
        return plan, {}
    return _look_at_models(reader, plan, plan.models)


def check_metric(folder: Path, own: OwnMetric) -> tuple[Finding, ...]:
    """Return what is wrong with the own metric in a challenge folder."""
    reader = FolderReader(folder)
    _look_at_metric(reader, own)
    return tuple(reader.findings)


def pack_metric(folder: Path, path: Path) -> None:
    """Write the bundle of the metric in a sound challenge folder; see `PackageKind.METRIC`."""
    if (folder / METRIC).is_dir():
        bundle.pack(folder / METRIC, path)
    else:
        bundle.pack(folder, path, only=[METRIC_FILE])


def unpack_metric(path: Path, into: Path) -> None:
    """Unpack what `pack_metric` wrote into an empty folder, ready to be mounted.

    Raises:
        sandbox.spec.ImageRefusedError: It is no such bundle.

    """
    bundle.unpack(path, into, limits=_PROGRAM_LIMITS)


def pack_features(folder: Path, path: Path) -> None:
    """Write the bundle of the hidden features; see `PackageKind.FEATURES`."""
    bundle.pack(folder / MODELS / INPUT, path)


def pack_sample(folder: Path, path: Path, rules: ModelRules) -> None:
    """Write the bundle of the public sample; see `PackageKind.SAMPLE`."""
    only = [SAMPLE, SAMPLE_ANSWERS] if rules.has_sample_answers else [SAMPLE]
    bundle.pack(folder / MODELS, path, only=only)


def _warn_if_there(reader: FolderReader, name: str, table: str) -> None:
    if (reader.folder / name).exists():
        hint = f"Add {table} to challenge.toml, or take it away."
        reader.warn("file:unused", name, f"{name} is not used: there is no {table}.", hint=hint)


def _look_at_metric(reader: FolderReader, own: OwnMetric) -> None:
    has_folder = (reader.folder / METRIC).exists()
    if own.program or has_folder:
        hint = "Put the program there." if own.program else f"Put {METRIC_FILE} there."
        files = reader.files_in(METRIC, hint=hint, is_public=False)
        if not own.program and files and METRIC_FILE not in files:
            text = f"{METRIC}/{METRIC_FILE} is missing; it has the function score()."
            reader.fault("file:missing", METRIC, text)
        _check_size(reader, files)
    if own.program:
        if (reader.folder / METRIC_FILE).exists():
            text = f"{METRIC_FILE} is not used: [metric] names a program."
            reader.warn("file:unused", METRIC_FILE, text)
    elif not has_folder:
        reader.has_file(METRIC_FILE, is_required=True)
    elif (reader.folder / METRIC_FILE).exists():
        text = f"There are both {METRIC_FILE} and {METRIC}/; which one is the metric?"
        reader.fault("file:both", METRIC_FILE, text, hint="Remove one of the two.")


def _check_size(reader: FolderReader, files: tuple[str, ...]) -> None:
    folder = reader.folder / METRIC
    size = sum((folder / name).stat().st_size for name in files)
    if size > METRIC_BYTES_MOST or len(files) > _PROGRAM_LIMITS.files // 2:
        text = f"{METRIC}/ has {len(files):,} files of {size:,} bytes."
        hint = f"At most {_PROGRAM_LIMITS.files // 2:,} files of {METRIC_BYTES_MOST:,} bytes."
        reader.fault("file:large", METRIC, text, hint=hint)


def _look_at_models(
    reader: FolderReader, plan: ChallengePlan, rules: ModelRules
) -> tuple[ChallengePlan, Mapping[str, tuple[str, ...]]]:
    if (reader.folder / MODELS).is_symlink():
        reader.files_in(MODELS, hint="")
        return plan, {}
    hints = {
        INPUT: "Put the rows to predict there, which programs read; or take [models] out.",
        SAMPLE: "Put files of the same kind as in models/input/ there, for everybody to see.",
    }
    found = {
        f"{MODELS}/{part}": reader.files_in(f"{MODELS}/{part}", hint=hint, is_public=part == SAMPLE)
        for part, hint in hints.items()
    }
    if (reader.folder / "data" / PUBLISHED_SAMPLE).exists():
        text = f"data/{PUBLISHED_SAMPLE} is where the files of models/sample/ are published."
        reader.fault("file:both", f"data/{PUBLISHED_SAMPLE}", text, hint="Rename it.")
    has_sample_answers = reader.has_file(f"{MODELS}/{SAMPLE_ANSWERS}")
    _warn_of_strangers(reader)
    return replace(plan, models=replace(rules, has_sample_answers=has_sample_answers)), found


def _warn_of_strangers(reader: FolderReader) -> None:
    folder = reader.folder / MODELS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in (INPUT, SAMPLE, SAMPLE_ANSWERS):
            name = f"{MODELS}/{path.name}"
            hint = f"Known: {INPUT}/, {SAMPLE}/, {SAMPLE_ANSWERS}."
            reader.warn("file:unknown", name, f"{name} is no part of a challenge.", hint=hint)
