"""Prints the reference of the built-in metrics: ``python -m palio.scoring.metrics``."""

import sys
from collections.abc import Iterator

from palio.scoring.direction import Direction
from palio.scoring.metrics.base import Columns, Metric, ParameterSpec
from palio.scoring.metrics.catalogue import FAMILIES

_HEAD = """\
# Metrics

Written by `python -m palio.scoring.metrics > docs/organise/metrics.md`; change the code, not the
page.

A challenge names its metrics in `challenge.toml`. In the formulas *t* is the answer, *p* the
prediction, *n* the number of rows. Labels are compared by their place in the declared list; where a
metric speaks of the positive label, that is the **second** one declared. *By rows* says whether
the score follows from the mean of one value for each row. "No value" means that the run ends with
an error and no rank: a score is always a finite number.

| metric | better | range | answers | predictions | by rows |
|---|---|---|---|---|---|"""
_COLUMNS = {
    Columns.ONE: "one {} column",
    Columns.MANY: "one or more {} columns",
    Columns.CLASSES: "a {} column for each label",
}


def document() -> str:
    """Give the page as Markdown, with a line feed at the end."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEAD
    for metric in sorted(_all(), key=lambda item: item.name):
        yield _row(metric)
    for family, metrics in FAMILIES.items():
        yield f"\n## {family}"
        for metric in metrics:
            yield from _section(metric)


def _all() -> Iterator[Metric]:
    for metrics in FAMILIES.values():
        yield from metrics


def _row(metric: Metric) -> str:
    better = "lower" if metric.direction is Direction.LOWER else "higher"
    answers = _COLUMNS[Columns.ONE if metric.columns is Columns.CLASSES else metric.columns]
    cells = (
        f"[`{metric.name}`](#{metric.name})",
        better,
        f"{_bound(metric.minimum)} to {_bound(metric.maximum)}",
        answers.format(metric.truth_kind.value) + (", two labels" if metric.is_binary else ""),
        _COLUMNS[metric.columns].format(metric.prediction_kind.value),
        "yes" if metric.decomposes else "no",
    )
    return f"| {' | '.join(cells)} |"


def _bound(value: float) -> str:
    return f"{value:g}".replace("inf", "∞")


def _section(metric: Metric) -> Iterator[str]:
    yield f"\n### {metric.name}\n"
    yield f"{metric.title}.\n"
    yield f"- Formula: {metric.formula}."
    yield f"- At the edges: {metric.degenerate}"
    if metric.domain:
        yield f"- Predictions must be declared {metric.domain}."
    for spec in metric.parameters:
        yield f"- Parameter `{spec.name}`: {spec.meaning} {_values(spec)}"
    yield f"- Source: {metric.source}."


def _values(spec: ParameterSpec) -> str:
    if spec.choices:
        return f"One of {', '.join(spec.choices)}; {spec.default} unless given."
    return f"From {spec.minimum!r} to {spec.maximum!r}; {spec.default!r} unless given."


if __name__ == "__main__":
    sys.stdout.write(document())
