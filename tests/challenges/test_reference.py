"""The reference of challenge.toml names exactly the keys that are read, with their defaults."""

import re
from pathlib import Path

import pytest

from palio.challenges.plan_toml import read_plan

PAGE = Path(__file__).parents[2] / "docs" / "organise" / "challenge-folder.md"
ROW = re.compile(r"^\| `([a-z_.\[\]]+)` \| ([^|]+) \| ([^|]+) \|", re.MULTILINE)
MISSING = re.compile(r"`(\w+)` is missing")


def blocks() -> tuple[str, str]:
    text = PAGE.read_text(encoding="utf-8")
    full, metric = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    return str(full), str(metric)


def example() -> str:
    return blocks()[0]


def own_metric_example() -> str:
    full, metric = blocks()
    text = re.sub(r"(\[\[metrics\]\]\n(?:\w.*\n)+\n)+", lambda _: f"{metric}\n", full, count=1)
    return text.replace('"log_loss"', '"cost"').replace('"roc_auc"', '"hits"')


@pytest.mark.parametrize("text", [example(), own_metric_example()])
def test_example_with_every_key_is_sound(text: str) -> None:
    reading = read_plan(text)
    assert (reading.findings, reading.warnings) == ((), ())


def test_documented_keys_are_the_keys_that_are_read() -> None:
    known = read_plan(example()).known | read_plan(own_metric_example()).known
    leaves = {k for k in known if not any(o.startswith((f"{k}.", f"{k}[]")) for o in known)}
    rows = [key for key, _, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))]
    assert len(rows) == len(set(rows))
    assert set(rows) == leaves


def test_keys_without_a_default_are_those_that_must_be_there() -> None:
    bare = (
        "# top\n[[metrics]]\n[submission]\n[[submission.targets]]\n[answers]\n[[answers.targets]]\n"
    )
    bare += "[metric]\n[[metric.scores]]\n[models]\n"
    bare += "[[phases]]\n[phases.quota]\n[teams]\n[entries]\n[board]\n"
    bare += "[[board.columns]]\n[[board.lines]]\n[[prizes]]\n"
    lines = bare.splitlines()
    found = set()
    for finding in read_plan(bare).findings:
        match = MISSING.match(finding.text)
        if match:
            header = lines[(finding.line or 1) - 1].strip("[]")
            found.add(("" if header == "# top" else header, match[1]))
    documented = set()
    for key, _, default in ROW.findall(PAGE.read_text(encoding="utf-8")):
        if default == "*required*":
            table, _, name = key.rpartition(".")
            documented.add((table.replace("[]", ""), name))
    assert found == documented


@pytest.mark.parametrize("full", [example(), own_metric_example()])
def test_default_values_in_the_page_change_nothing(full: str) -> None:
    """Writing a default out gives the same plan as leaving the key away."""
    for key, _, default in ROW.findall(PAGE.read_text(encoding="utf-8")):
        name = key.rpartition(".")[2]
        if not default.startswith("`") or "[]" in key or "." in key.partition(".")[2]:
            continue
        table, _, _ = key.rpartition(".")
        without = re.sub(rf"^{name} = .*\n", "", full, flags=re.MULTILINE)
        header = f"[{table}]\n"
        if table and header not in full:
            continue
        line = f"{name} = {default.strip('`')}\n"
        given = line + without if not table else without.replace(header, header + line)
        assert read_plan(given).plan == read_plan(without).plan is not None, key
