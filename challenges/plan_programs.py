"""Reads what challenge.toml says of programs: the host's own metric, and participants' models."""

import keyword
import math
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from palio.challenges.contracts import Delivery, ModelRules, OwnMetric, OwnScore
from palio.challenges.fields import Section
from palio.scoring.card import MetricChoice

METRIC_FILE = "metric.py"
SCORES_MOST = 10

_MIB, _GIB = 2**20, 2**30
_LARGEST = 2**63 - 1
_DAY = 24 * 3600
_CPUS_DEFAULT, _CPUS_LEAST, _CPUS_MOST = 1.0, 0.1, 256.0
_ALL = (Delivery.PREDICTIONS, Delivery.CODE, Delivery.IMAGE)


class Better(StrEnum):
    """Which way is better, as a host writes it."""

    LOWER = "lower"
    HIGHER = "higher"


def read_own_metric(section: Section) -> tuple[OwnMetric, tuple[MetricChoice, ...]]:
    """Read the table ``[metric]``: the metric, and its scores as metrics of the plan."""
    program = _program(section)
    scores = [_score(one) for one in section.sections("scores", is_required=True)]
    if len(scores) > SCORES_MOST:
        text = f"There are {len(scores)} scores; at most {SCORES_MOST}."
        section.fault("value:range", "scores", text)
    own = OwnMetric(
        program=program,
        parameters=tuple(_own_parameters(section, is_function=not program)),
        scores=tuple(score for score, _ in scores),
        seconds=section.whole("seconds", default=60, least=1, most=3600),
        memory_bytes=section.size("memory", default=_GIB, least=64 * _MIB),
        public_columns=section.texts("public_columns"),
    )
    section.close()
    return own, tuple(choice for _, choice in scores)


def _program(section: Section) -> tuple[str, ...]:
    file = section.text("file", default=METRIC_FILE)
    value = section.raw("program")
    if value is None:
        if section.is_sound("file") and file != METRIC_FILE:
            text = f'`file` must be "{METRIC_FILE}".'
            hint = f"With more files: a folder metric/ that holds {METRIC_FILE} and all of them."
            section.fault("value:choice", "file", text, hint=hint)
        return ()
    if "file" in section.table:
        text = "A metric is a `file` with score() in it, or a `program`, not both."
        section.fault("key:both", "program", text, hint="Remove one of the two.")
    is_argv = isinstance(value, list) and value and all(map(_is_argument, value))
    if not is_argv:
        text = "`program` must be a list of texts: a command and its arguments."
        hint = 'For example program = ["python", "run.py"]; it runs in the folder metric/.'
        section.fault("value:type", "program", text, hint=hint)
        return ("",)
    return tuple(value)


def _is_argument(value: object) -> bool:
    return isinstance(value, str) and value.isprintable() and bool(value)


def _score(section: Section) -> tuple[OwnScore, MetricChoice]:
    name = section.text("name", most=40)
    better = section.choice("better", Better, default=Better.HIGHER, is_required=True)
    digits = section.whole("digits", default=4, least=0, most=15)
    section.close()
    return OwnScore(name, better is Better.LOWER), MetricChoice(name=name, digits=digits)


def _own_parameters(
    section: Section, *, is_function: bool
) -> Iterator[tuple[str, bool | int | float | str]]:
    table = section.section("parameters")
    if table is None:
        return
    for key, value in read_parameters(table, table.table, has_bools=True):
        if is_function and (not key.isidentifier() or keyword.iskeyword(key)):
            text = f"The parameter `{key}` cannot be the name of an argument of score()."
            table.fault("value:name", key, text, hint="Letters, digits and underscores.")
        yield key, value


def read_parameters(
    section: Section, table: Mapping[str, Any], *, has_bools: bool
) -> Iterator[tuple[str, bool | int | float | str]]:
    """Give the values of a table with free keys, sorted; note those that are none."""
    wanted = "a number, a text or a truth value" if has_bools else "a number or a text"
    for key, value in sorted(table.items()):
        is_bool = isinstance(value, bool)
        if (is_bool and not has_bools) or not isinstance(value, (int, float, str)):
            section.fault("value:type", key, f"The parameter `{key}` must be {wanted}.")
        elif isinstance(value, str):
            yield key, value
        elif isinstance(value, int) and abs(value) > _LARGEST:
            section.fault("value:range", key, f"The parameter `{key}` is too large.")
        elif not math.isfinite(value):
            section.fault("value:range", key, f"The parameter `{key}` must be finite.")
        else:
            yield key, value


def read_models(section: Section | None) -> tuple[tuple[Delivery, ...], ModelRules | None]:
    """Read the table ``[models]``: what may be handed in, and what programs may use."""
    if section is None:
        return (Delivery.PREDICTIONS,), None
    deliveries = section.choices("deliveries", Delivery, default=_ALL)
    if section.is_sound("deliveries") and set(deliveries) <= {Delivery.PREDICTIONS}:
        text = "`deliveries` names no programs, which is what [models] is about."
        hint = 'Remove [models], or add "code" or "image" to `deliveries`.'
        section.fault("value:choice", "deliveries", text, hint=hint)
    rules = ModelRules(
        seconds=section.whole("seconds", default=600, least=1, most=_DAY),
        memory_bytes=section.size("memory", default=2 * _GIB, least=16 * _MIB),
        cpus=_cpus(section),
        processes=section.whole("processes", default=64, least=1, most=4096),
        output_bytes=section.size("output", default=64 * _MIB, least=4096),
        scratch_bytes=section.size("scratch", default=256 * _MIB, least=4096),
        image_max_bytes=section.size("image_max", default=10 * _GIB),
        code_max_bytes=section.size("code_max", default=100 * _MIB),
        has_sample_answers=False,  # the folder says it, see `packs`
    )
    section.close()
    return deliveries, rules


def _cpus(section: Section) -> float:
    cpus = section.number("cpus")
    if cpus is None:
        return _CPUS_DEFAULT
    if not _CPUS_LEAST <= cpus <= _CPUS_MOST:
        text = f"`cpus` is {cpus:g}; it must be from {_CPUS_LEAST:g} to {_CPUS_MOST:g}."
        section.fault("value:range", "cpus", text)
        return _CPUS_DEFAULT
    return cpus
