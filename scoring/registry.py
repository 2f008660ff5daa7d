"""All built-in metrics by name, and the check that a challenge's choice of one makes sense."""

import math
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from palio.scoring.card import MetricChoice
from palio.scoring.form import TargetColumn, TargetKind
from palio.scoring.metrics.base import Column, Columns, Metric, Parameter, ParameterSpec
from palio.scoring.metrics.catalogue import FAMILIES

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in sorted(
        (metric for family in FAMILIES.values() for metric in family), key=lambda item: item.name
    )
}

_KINDS = {
    TargetKind.REAL: "numbers (real or integer)",
    TargetKind.LABEL: "labels from a declared list",
    TargetKind.ITEMS: "lists of items",
}
_MAX_DIGITS = 15  # a float64 holds no more decimal digits than this


class UnknownMetricError(Exception):
    """No built-in metric has this name.

    Attributes:
        name: The name asked for.

    """

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no metric {name!r}. {_suggestion(name, METRICS)}")
        self.name = name


class BadMetricParametersError(Exception):
    """A metric was called with parameters it does not take.

    Attributes:
        complaints: All that is wrong, in words.

    """

    def __init__(self, complaints: tuple[str, ...]) -> None:
        super().__init__(" ".join(complaints))
        self.complaints = complaints


def find(name: str) -> Metric:
    """Give the metric of this name.

    Raises:
        UnknownMetricError: There is none; the text suggests the nearest.

    """
    metric = METRICS.get(name)
    if metric is None:
        raise UnknownMetricError(name)
    return metric


def check_choice(
    choice: MetricChoice, *, truth: tuple[TargetColumn, ...], targets: tuple[TargetColumn, ...]
) -> tuple[str, ...]:
    """Say all that is wrong with a choice of metric for these answer and predicted columns.

    Returns:
        Complaints in words, none when the choice is sound.

    """
    try:
        metric = find(choice.name)
    except UnknownMetricError as error:
        return (str(error),)
    return (
        *_about_digits(choice.digits),
        *_about_parameters(metric, choice.parameters),
        *_about_columns(metric, truth, targets),
        *_about_labels(metric, dict(choice.parameters), truth, targets),
        *_about_domain(metric, targets),
    )


def compute(
    choice: MetricChoice, truth: tuple[Column, ...], prediction: tuple[Column, ...]
) -> float:
    """Score `prediction` against `truth`; see `Metric` for shapes and types of the columns.

    Raises:
        UnknownMetricError: No such metric.
        BadMetricParametersError: It does not take these parameters.
        UndefinedMetricError: No rows, or no finite value.

    """
    metric = find(choice.name)
    complaints = tuple(_about_parameters(metric, choice.parameters))
    if complaints:
        raise BadMetricParametersError(complaints)
    return metric.score(truth, prediction, **dict(choice.parameters))


def _suggestion(name: str, known: Iterable[str]) -> str:
    names = list(known)
    close = get_close_matches(name.lower(), names, n=1)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(names)}."


def _about_digits(digits: int) -> Iterator[str]:
    if not 0 <= digits <= _MAX_DIGITS:
        yield f"digits must be from 0 to {_MAX_DIGITS}, not {digits}."


def _about_parameters(
    metric: Metric, parameters: tuple[tuple[str, Parameter], ...]
) -> Iterator[str]:
    specs = {spec.name: spec for spec in metric.parameters}
    names = [name for name, _ in parameters]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"Parameter {name!r} of {metric.name} is given more than once."
    for name, value in parameters:
        if name in specs:
            yield from _about_value(metric, specs[name], value)
        elif specs:
            yield f"{metric.name} has no parameter {name!r}. {_suggestion(name, specs)}"
        else:
            yield f"{metric.name} takes no parameters; remove {name!r}."


def _about_value(metric: Metric, spec: ParameterSpec, value: Parameter) -> Iterator[str]:
    what = f"Parameter {spec.name!r} of {metric.name}"
    if spec.choices:
        if value not in spec.choices:
            yield f"{what} must be one of {', '.join(spec.choices)}; it is {value!r}."
    elif isinstance(value, (bool, str)) or not math.isfinite(value):
        yield f"{what} must be a number; it is {value!r}."
    elif isinstance(spec.default, int) and not isinstance(value, int):
        yield f"{what} must be a whole number; it is {value!r}."
    elif spec.minimum is not None and value < spec.minimum:
        yield f"{what} must be at least {spec.minimum:g}; it is {value!r}."
    elif spec.maximum is not None and value > spec.maximum:
        yield f"{what} must be at most {spec.maximum:g}; it is {value!r}."


def _about_columns(
    metric: Metric, truth: tuple[TargetColumn, ...], targets: tuple[TargetColumn, ...]
) -> Iterator[str]:
    if metric.columns is not Columns.MANY and len(truth) != 1:
        yield f"{metric.name} needs exactly one answer column; there are {len(truth)}."
    if metric.columns is Columns.ONE and len(targets) != 1:
        yield f"{metric.name} needs exactly one predicted column; there are {len(targets)}."
    if metric.columns is Columns.MANY and not 0 < len(truth) == len(targets):
        yield (
            f"{metric.name} needs a predicted column for each answer column; "
            f"there are {len(targets)} predicted and {len(truth)} answer columns."
        )
    yield from _about_kinds(metric, "answer", metric.truth_kind, truth)
    yield from _about_kinds(metric, "predicted", metric.prediction_kind, targets)


def _about_kinds(
    metric: Metric, role: str, wanted: TargetKind, columns: tuple[TargetColumn, ...]
) -> Iterator[str]:
    for column in columns:
        kind = TargetKind.REAL if column.kind is TargetKind.INTEGER else column.kind
        if kind is not wanted:
            yield (
                f"{metric.name} needs {_KINDS[wanted]} in the {role} column {column.name!r}, "
                f"which is declared as {column.kind.value}; declare it as {wanted.value}."
            )


def _about_labels(
    metric: Metric,
    parameters: Mapping[str, Parameter],
    truth: tuple[TargetColumn, ...],
    targets: tuple[TargetColumn, ...],
) -> Iterator[str]:
    if metric.truth_kind is not TargetKind.LABEL:
        return
    is_binary = metric.is_binary or parameters.get("average") == "binary"
    labelled = [column for column in truth if column.kind is TargetKind.LABEL]
    for column in labelled:
        if is_binary and len(column.labels) != 2:  # noqa: PLR2004 - binary means two
            yield (
                f"{metric.name} needs exactly two labels in column {column.name!r}, the positive "
                f"one second; there are {len(column.labels)}."
            )
    if metric.columns is Columns.CLASSES and labelled and len(labelled[0].labels) != len(targets):
        yield (
            f"{metric.name} needs a predicted column for each label of {labelled[0].name!r}, in "
            f"the same order; there are {len(labelled[0].labels)} labels and "
            f"{len(targets)} columns."
        )
    if metric.prediction_kind is TargetKind.LABEL:
        for answer, target in zip(truth, targets, strict=False):
            if answer.labels != target.labels:
                yield (
                    f"The labels of {target.name!r} must be those of the answers, in the same "
                    f"order."
                )


def _about_domain(metric: Metric, targets: tuple[TargetColumn, ...]) -> Iterator[str]:
    domain = metric.domain
    numbers = (TargetKind.REAL, TargetKind.INTEGER)
    for column in targets:
        if domain and column.kind in numbers and not domain.holds(column.minimum, column.maximum):
            yield (
                f"{metric.name} is defined for predictions {domain} only; "
                f"give the column {column.name!r} limits within that."
            )
